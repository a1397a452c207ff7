//! The API's form, address by address, as outside programs and tablets with yesterday's app rely on it: what is asked, with which parameters
//! and bodies, and what comes back. It is written down in `forms/`, one file per version, and compared.
//!
//! What of it the device's own code sends and reads is written down a second time, value by value, in `sync/tests/forms/`.

use serde_json::{Map, Value as Json};
use server::openapi::{API_VERSION, text};
use std::{collections::BTreeSet, fs, path::PathBuf};

const WHAT_TO_DO: &str = "Programs and older apps ask for the old form. Add, and let what is added be left out; never rename, retype or take away. Then raise \
    `API_VERSION` in server/src/openapi/mod.rs and write the new form down:\n  WRITE_FORMS=1 cargo test -p server --test api openapi_form\n\
    Leave the files of older versions as they are.";

/// Compares with what is written down; with `WRITE_FORMS` set it writes down what is not there yet.
#[test]
fn the_api_keeps_its_form() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/forms/api-{API_VERSION}.txt"));
    let today = form(&serde_json::from_str(&text()).unwrap());
    if !file.exists() && std::env::var_os("WRITE_FORMS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, &today).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default().replace('\r', "");
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let (new, gone): (Vec<_>, Vec<_>) = (
        lines(&today).difference(&lines(&written)).cloned().collect(),
        lines(&written).difference(&lines(&today)).cloned().collect(),
    );
    assert!(
        written == today,
        "The form of the API has changed, and its version is still {API_VERSION}.\n\nnew:\n  {}\ngone:\n  {}\n\n{WHAT_TO_DO}\n",
        new.join("\n  "),
        gone.join("\n  "),
    );
}

/// What devices and outside programs cannot do without.
#[test]
fn the_form_says_what_others_rely_on() {
    let form = form(&serde_json::from_str(&text()).unwrap());
    for line in [
        "GET /api/quarantine 200 application/json: Docket",
        "POST /api/quarantine/{id}/refuse body application/json: RefusalOfWrite",
        "RefusalOfWrite.reason: string",
        "GET /api/sync/turns ?offset: string",
        "GET /api/sync/turns ?handle: string or absent",
        "GET /api/sync/turns ?live: boolean or absent",
        "POST /api/admin/users/{id}/reset-password 200",
    ] {
        assert!(form.lines().any(|written| written.starts_with(line)), "no line {line:?} in\n{form}");
    }
    for folder in ["/api/upload", "/api/admin/", "/api/write/", "/api/auth/", "/api/reports/"] {
        assert!(form.contains(folder), "nothing of {folder}");
    }
}

/// One line per parameter, body, answer and field, sorted.
fn form(document: &Json) -> String {
    let mut lines = BTreeSet::new();
    for (path, item) in entries(&document["paths"]) {
        for (method, operation) in entries(item) {
            of_operation(&format!("{} {path}", method.to_uppercase()), operation, &mut lines);
        }
    }
    for (name, schema) in entries(&document["components"]["schemas"]) {
        of_schema(name, schema, &mut lines);
    }
    lines.into_iter().flat_map(|line| [line, "\n".to_owned()]).collect()
}

fn of_operation(address: &str, operation: &Json, lines: &mut BTreeSet<String>) {
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let place = match parameter["in"].as_str() {
            Some("query") => "?",
            Some("header") => "header ",
            _ => "",
        };
        let name = parameter["name"].as_str().unwrap_or_default();
        let absent = if parameter["required"] == true { "" } else { " or absent" };
        lines.insert(format!("{address} {place}{name}: {}{absent}", kind(&parameter["schema"])));
    }
    if operation.get("requestBody").is_some() {
        of_content(&format!("{address} body"), &operation["requestBody"]["content"], lines);
    }
    let mut problems = Vec::new();
    for (status, answer) in entries(&operation["responses"]) {
        match answer["$ref"].as_str() {
            Some(problem) => problems.push(format!("{status} {}", last(problem))),
            None => of_content(&format!("{address} {status}"), &answer["content"], lines),
        }
        for (name, header) in entries(&answer["headers"]) {
            lines.insert(format!("{address} {status} header {name}: {}", kind(&header["schema"])));
        }
    }
    lines.insert(format!("{address} problems: {}", problems.join(", ")));
}

fn of_content(what: &str, content: &Json, lines: &mut BTreeSet<String>) {
    if entries(content).next().is_none() {
        lines.insert(what.to_owned());
    }
    for (media, content) in entries(content) {
        lines.insert(format!("{what} {media}: {}", kind(&content["schema"])));
    }
}

fn of_schema(name: &str, schema: &Json, lines: &mut BTreeSet<String>) {
    // Parts that are laid together say what each says.
    for part in schema["allOf"].as_array().into_iter().flatten() {
        of_schema(name, part, lines);
    }
    let fields: Vec<(&String, &Json)> = entries(&schema["properties"]).collect();
    if fields.is_empty() {
        lines.insert(format!("{name}: {}", kind(schema)));
    }
    for (field, value) in fields {
        let is_required = schema["required"].as_array().is_some_and(|required| required.iter().any(|name| name == field));
        let absent = if is_required { "" } else { " or absent" };
        lines.insert(format!("{name}.{field}: {}{absent}", kind(value)));
        if value.get("properties").is_some() {
            of_schema(&format!("{name}.{field}"), value, lines);
        }
    }
}

/// A schema in a few words.
fn kind(schema: &Json) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return last(reference).to_owned();
    }
    if let Some(spelled) = schema["enum"].as_array() {
        return spelled.iter().map(Json::to_string).collect::<Vec<_>>().join(" ");
    }
    if let Some(constant) = schema.get("const") {
        return constant.to_string();
    }
    for (choice, joined) in [("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")] {
        if let Some(parts) = schema[choice].as_array() {
            return parts.iter().map(kind).collect::<Vec<_>>().join(joined);
        }
    }
    let one = |name: &str| match name {
        "array" => format!("list of {}", kind(&schema["items"])),
        "object" if schema["additionalProperties"].is_object() => format!("map of {}", kind(&schema["additionalProperties"])),
        plain => schema["format"]
            .as_str()
            .map_or_else(|| plain.to_owned(), |format| format!("{plain} ({format})")),
    };
    match &schema["type"] {
        Json::String(name) => one(name),
        Json::Array(names) => names.iter().filter_map(Json::as_str).map(one).collect::<Vec<_>>().join(" or "),
        _ => "anything".to_owned(),
    }
}

fn entries(json: &Json) -> impl Iterator<Item = (&String, &Json)> {
    json.as_object().into_iter().flat_map(Map::iter)
}

fn last(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}
