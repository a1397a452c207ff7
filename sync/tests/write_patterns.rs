//! `docs/WRITE_PATTERNS.md` against the rules: every row that somebody may write goes through the outbox, and the tests that the page
//! names are there. Its addresses are held against the API's description by the server's tests.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::{DeviceId, Operation, Role, Table, UserId, WriteId};
use std::{fs, path::PathBuf};
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
