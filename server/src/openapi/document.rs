//! The finished document, from what the handlers say.
//!
//! **Invariant:** what middleware or an extractor can answer is added here by rule, for every operation alike.

use super::{addresses, problems, writes};
use crate::auth::SESSION_COOKIE;
use protocol::{MAX_BATCH_WRITES, ProblemCode, problem::ProblemAnswer};
use serde_json::{Map, Value as Json, json};
use utoipa::OpenApi;

/// Headings of the document, in reading order.
const TAGS: [(&str, &str); 10] = [
    (
        "auth",
        "Signing in and out. A session lasts seven days; it is a cookie for browsers and a token for programs.",
    ),
    (
        "account",
        "One's own password and sessions, and the names of the others. With a one-time password only the change of it is open: \
         everything else answers 403.",
    ),
    (
        "sync",
        "Reading: each table is a *shape*, the rows that the signed-in person sees, as a log to follow. Compatible with Electric's shape protocol.",
    ),
    (
        "write",
        "Writing: creates, updates, deletes and decisions, each with an idempotency key and a version, alone or in batches.",
    ),
    (
        "admin",
        "For administrators: accounts and their sessions, and from which amount somebody must approve. Stages and property types are rows: \
         they are written through `POST /api/write/turn-stages` and `/api/write/property-types`.",
    ),
    (
        "files",
        "Photos and papers of documents: sent whole or, over a bad line, in pieces (tus 1.0.0); read by those who see the document.",
    ),
    ("audit", "Who did what, when and from where."),
    (
        "reports",
        "What the office reads: the dashboard's figures, and whole tables as CSV, Excel or PDF. Past turns are in them.",
    ),
    ("health", "For whoever operates the server."),
    ("description", "This document."),
];

/// What travels and no handler's annotation names.
#[derive(OpenApi)]
#[openapi(components(schemas(ProblemAnswer)))]
struct Shared;

/// Completes what the handlers' annotations give.
pub fn complete(mut described: utoipa::openapi::OpenApi) -> Json {
    described.merge(Shared::openapi());
    // Strings, numbers and maps with text keys: there is nothing in it that could fail to be JSON.
    let mut document = serde_json::to_value(described).unwrap_or_default();
    document["openapi"] = "3.1.0".into();
    document["info"] = json!({
        "title": "Turns",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "Rental homes made ready between tenants. Envelopes are camelCase, rows snake_case. \
                        Every answer that is not a success is a problem: `{\"success\": false, \"error\": {\"type\": …, \"message\": …}}`.",
    });
    document["servers"] = json!([{"url": "/", "description": "The server that answered this document."}]);
    document["tags"] = TAGS.iter().map(|(name, text)| json!({"name": name, "description": text})).collect();
    document["security"] = json!([{"session": []}, {"token": []}]);
    document["components"]["securitySchemes"] = json!({
        "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE, "description": "Set by signing in; for browsers."},
        "token": {"type": "http", "scheme": "bearer", "description": "`token` of the answer to signing in; for programs."},
    });
    document["components"]["responses"] = Json::Object(problems::responses());
    document["components"]["schemas"]["ProblemCode"]["enum"] = problem_codes();
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        // Each table has its own.
        schemas.remove("WireWrite");
        schemas.remove("WriteAnswer");
        schemas.extend(writes::schemas());
        schemas["BatchRequest"]["properties"]["operations"] = batched();
        schemas["BatchAnswer"]["properties"]["results"]["items"] = writes::answered();
    }
    if let Some(paths) = document["paths"].as_object_mut() {
        *paths = addresses::name_tables(std::mem::take(paths));
    }
    for operation in operations(&mut document) {
        add_what_any_handler_answers(operation);
    }
    name_without_links(&mut document);
    document
}

/// Every operation of the document.
pub fn operations(document: &mut Json) -> impl Iterator<Item = &mut Map<String, Json>> {
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    let items = paths.filter_map(|(_, item)| item.as_object_mut());
    // Beside its methods a path may have a summary and parameters of its own.
    items.flatten().filter_map(|(_, operation)| operation.as_object_mut())
}

/// Descriptions come from comments, whose links to other types lead nowhere here: [`a::B`] becomes `B`.
fn name_without_links(json: &mut Json) {
    match json {
        Json::Object(map) => {
            if let Some(Json::String(text)) = map.get_mut("description") {
                while let Some((before, rest)) = text.split_once("[`")
                    && let Some((link, after)) = rest.split_once("`]")
                {
                    let name = link.rsplit("::").next().unwrap_or(link);
                    *text = format!("{before}`{name}`{after}");
                }
            }
            map.values_mut().for_each(name_without_links);
        }
        Json::Array(values) => values.iter_mut().for_each(name_without_links),
        _ => {}
    }
}

fn add_what_any_handler_answers(operation: &mut Map<String, Json>) {
    let has_body = operation.contains_key("requestBody");
    let needs_session = !operation.contains_key("security");
    let is_limited = operation
        .get("tags")
        .is_none_or(|tags| *tags != json!(["health"]) && *tags != json!(["description"]));
    let has_path_parameter = operation
        .get("parameters")
        .and_then(Json::as_array)
        .is_some_and(|parameters| parameters.iter().any(|parameter| parameter["in"] == "path"));
    let Some(responses) = operation.get_mut("responses").and_then(Json::as_object_mut) else {
        return;
    };
    let mut add = |status: u16, name: &str| {
        let shared = json!({"$ref": format!("#/components/responses/{name}")});
        responses.entry(status.to_string()).or_insert(shared);
    };
    for (name, code) in problems::ALL {
        let always = match code {
            ProblemCode::Internal | ProblemCode::Unavailable => true,
            ProblemCode::RateLimited => is_limited,
            ProblemCode::Unauthenticated => needs_session,
            // Whoever has a one-time password is let in nowhere.
            ProblemCode::Permission => needs_session || has_body,
            ProblemCode::PayloadTooLarge | ProblemCode::Validation => has_body,
            _ => false,
        };
        if always {
            add(code.status(), name);
        }
    }
    if has_path_parameter {
        add(400, "Validation");
    }
}

fn batched() -> Json {
    json!({
        "type": "array",
        "maxItems": MAX_BATCH_WRITES,
        "items": writes::batched(),
        "description": "The writes, in order. A malformed one is refused by itself where the batch is not atomic.",
    })
}

/// Without the one that stands for codes of newer servers: it is never sent.
fn problem_codes() -> Json {
    problems::ALL.iter().map(|(_, code)| json!(code)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::router;
    use axum::Router;
    use std::collections::BTreeSet;

    /// Every `$ref` in the document, wherever it stands.
    fn references(json: &Json, found: &mut Vec<String>) {
        match json {
            Json::Object(map) => {
                found.extend(map.get("$ref").and_then(Json::as_str).map(str::to_owned));
                map.values().for_each(|value| references(value, found));
            }
            Json::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = complete(router::described());
        let mut found = vec![];
        references(&document, &mut found);
        assert!(found.len() > 50, "{}", found.len());
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }

    #[test]
    fn every_route_is_described() {
        // What axum shows of a router names its paths.
        let shown = format!("{:?}", Router::from(router::api()));
        let routes: BTreeSet<&str> = shown.split('"').filter(|text| text.starts_with("/api/")).collect();
        let document = router::described();
        let described: BTreeSet<&str> = document.paths.paths.keys().map(String::as_str).collect();
        let missing: Vec<_> = routes.difference(&described).filter(|path| !path.starts_with("/api/docs")).collect();
        assert!(routes.contains("/api/write/{table}") && missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn the_document_is_always_the_same_and_names_no_type_of_ours() {
        let text = complete(router::described()).to_string();
        assert_eq!(text, complete(router::described()).to_string());
        assert!(!text.contains("::"), "a link of a comment");
    }

    #[test]
    fn every_operation_can_be_found_and_told_apart() {
        let mut document = complete(router::described());
        let headings = TAGS.map(|(name, _)| name);
        let mut names = BTreeSet::new();
        for operation in operations(&mut document) {
            let name = operation["operationId"].as_str().unwrap().to_owned();
            assert!(operation["summary"].as_str().is_some_and(|summary| !summary.ends_with('.')), "{name}");
            assert!(
                operation["tags"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .all(|tag| headings.contains(&tag.as_str().unwrap())),
                "{name}"
            );
            assert!(names.insert(name.clone()), "{name} is there twice");
        }
    }
}
