//! `docs/WRITE_PATTERNS.md` against the rules: every row that somebody may write goes through the outbox, and the tests that the page
//! names are there. The app asks no address that the page does not have, and sends writes from one place. The page's addresses are held against
//! the API's description by the server's tests.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::{DeviceId, Operation, Role, Table, UserId, WriteId};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};
use sync::{
    OutboxRecord,
    outbox::{Author, drain::wire},
    store::conformance::row_id,
};

fn at_the_root(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn page() -> String {
    fs::read_to_string(at_the_root("docs/WRITE_PATTERNS.md")).unwrap().replace('\r', "")
}

#[test]
fn every_write_of_a_row_is_an_outbox_record() {
    let page = page();
    for table in Table::ALL {
        let somebody_may = |operation: &Operation| Role::ALL.iter().any(|role| role.may(*operation, table));
        let operations: Vec<Operation> = Operation::ALL.into_iter().filter(somebody_may).collect();
        let mut names: Vec<&str> = operations.iter().map(|operation| operation.name()).collect();
        names.sort_by_key(|name| Operation::ALL.iter().position(|operation| operation.name() == *name));
        let line = format!("| {} | {} | 3 |", table.url_name(), names.join(", "));
        assert!(page.contains(&line), "the page must say: {line}");
        for operation in operations {
            let author = Author {
                user_id: UserId(row_id(1).0),
                device_id: DeviceId(row_id(2).0),
                write_id: WriteId(row_id(3).0),
                now_ms: 0,
            };
            let travels = wire(&OutboxRecord::new(author, table, row_id(4), operation));
            assert_eq!((travels.table.as_deref(), travels.operation), (Some(table.url_name()), operation));
        }
    }
}

#[test]
fn the_tests_that_the_page_names_are_there() {
    let page = page();
    let tests = page.split("## Tests").nth(1).unwrap();
    let mut named = 0;
    for cell in tests
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains('`'))
        .flat_map(|line| line.split(", "))
    {
        let file = cell.split('`').nth(1).unwrap();
        let text = fs::read_to_string(at_the_root(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let test = cell.split('`').nth(2).unwrap().trim().trim_end_matches(" |");
        assert!(test == "|" || text.contains(test), "{file} has no test {test}");
        named += 1;
    }
    assert!(named >= 8, "{named}");
}

/// What the app asks for and changes nothing by.
const READS: [&str; 4] = [
    "GET /api/auth/session",
    "GET /api/quarantine",
    "GET /api/sync/live",
    "GET /api/documents/{document}/thumbnail",
];
/// An address begins so: nothing else in the sources does.
const API: &str = "\"/api/";

#[test]
fn the_app_asks_only_what_the_page_names_and_sends_writes_from_one_place() {
    let page = page();
    let mut asked = BTreeSet::new();
    for file in sources() {
        let text = fs::read_to_string(&file).unwrap();
        let name = name_of(&file);
        for (line, address) in addresses(&text) {
            let request = format!("{} {address}", method(line));
            let is_named = page
                .lines()
                .any(|line| line.starts_with(&format!("| {request} | 1")) || line.starts_with(&format!("| {request} | 3")));
            assert!(
                is_named || READS.contains(&request.as_str()),
                "{name} asks {request}, which the page does not have"
            );
            asked.insert(request);
            if address == "/api/write/batch" {
                assert_eq!(name, "browser/src/http/writes.rs", "writes are sent from one place");
            }
        }
    }
    assert!(asked.contains("POST /api/write/batch") && asked.contains("POST /api/auth/login"), "{asked:?}");
    assert_eq!(READS.iter().filter(|read| !asked.contains(**read)).count(), 0, "{asked:?}");
}

#[test]
fn nothing_but_the_way_to_the_server_makes_requests() {
    let makers = ["gloo_net", "fetch_with", "XmlHttpRequest", "EventSource", "send_beacon", "WebSocket"];
    let allowed = |name: &str| name.starts_with("browser/src/http/") || ["browser/src/doorbell.rs", "sw/src/shell.rs"].contains(&name);
    for file in sources() {
        let (name, text) = (name_of(&file), fs::read_to_string(&file).unwrap());
        let made = makers.iter().find(|maker| code(&text).any(|line| line.contains(**maker)));
        assert!(made.is_none() || allowed(&name), "{name} makes requests of its own, by {made:?}");
    }
}

/// Everything that runs in the browser.
fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = ["browser/src", "client/src", "sw/src"].map(at_the_root).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(found.len() > 50, "{} files", found.len());
    found
}

/// From the root, with slashes.
fn name_of(file: &Path) -> String {
    let name = file.strip_prefix(at_the_root("")).unwrap_or(file).to_string_lossy().replace('\\', "/");
    name.trim_start_matches('/').to_owned()
}

/// The lines that are no comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// Each address with its line, ids as the page has them. The bare folder is what the worker leaves alone.
fn addresses(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let of_line = |line| str::split(line, API).skip(1).filter_map(move |rest| Some((line, rest.split('"').next()?)));
    // What an answer names is looked at, and nothing is asked there.
    let asks = code(text).filter(|line| !line.contains("starts_with("));
    let named = asks.flat_map(of_line).filter(|(_, rest)| !rest.is_empty());
    named.map(|(line, _)| (line, path(line.split('"').find(|part| part.starts_with("/api/")))))
}

/// Without what is asked about it.
fn path(address: Option<&str>) -> &str {
    address.and_then(|address| address.split('?').next()).unwrap_or_default()
}

/// How a line asks: what it makes, or hands to the one function that posts.
fn method(line: &str) -> &'static str {
    let methods = [
        ("post(", "POST"),
        ("decide(", "POST"),
        ("put(", "PUT"),
        ("patch(", "PATCH"),
        ("delete(", "DELETE"),
    ];
    methods.into_iter().find(|(call, _)| line.contains(call)).map_or("GET", |(_, method)| method)
}
