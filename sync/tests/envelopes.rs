//! What earlier versions of the app left in a tablet's outbox is read for ever.
//!
//! `envelopes/v1/` and its like are the records of every version, as that version wrote them. They are never changed: a tablet
//! in a drawer does not change either.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "envelopes/samples.rs"]
mod samples;

use serde_json::Value as Json;
use std::{fs, path::PathBuf};
use sync::{Stored, outbox::SCHEMA};

fn folder(schema: u16) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/envelopes/v{schema}"))
}

/// The fixtures of one version: name and record.
fn fixtures(schema: u16) -> Vec<(String, Json)> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder(schema)).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        (name, serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap())
    };
    files.into_iter().map(read).collect()
}

#[test]
fn records_of_every_version_are_understood() {
    for schema in 1..=SCHEMA {
        let fixtures = fixtures(schema);
        assert!(fixtures.len() >= 18, "the fixtures of version {schema} are not all there");
        for (name, raw) in fixtures {
            assert_eq!(raw["schema"], schema, "{name}");
            let Stored::Record(record) = Stored::read(raw.clone()) else {
                panic!("v{schema}/{name}.json is not understood: {:?}", Stored::read(raw));
            };
            assert_eq!(record.schema, SCHEMA, "v{schema}/{name}.json");
        }
    }
}

/// What this version writes is what its fixtures say, so they are what tablets have.
#[test]
fn todays_fixtures_are_what_today_is_written() {
    let written: Vec<(String, Json)> = samples::records()
        .into_iter()
        .map(|(name, record)| (name, serde_json::to_value(record).unwrap()))
        .collect();
    for (name, raw) in &fixtures(SCHEMA) {
        let today = written.iter().find(|(of, _)| of == name).map(|(_, json)| json);
        assert_eq!(today, Some(raw), "v{SCHEMA}/{name}.json: see the message of the test of the forms");
    }
    assert_eq!(fixtures(SCHEMA).len(), written.len());
}

/// Writes the fixtures of a new version, once: `cargo test -p sync --test envelopes -- --ignored`.
#[test]
#[ignore = "writes files"]
fn write_the_fixtures_of_a_new_version() {
    let folder = folder(SCHEMA);
    fs::create_dir(&folder).expect("the fixtures of a version are written once");
    for (name, record) in samples::records() {
        let text = serde_json::to_string_pretty(&record).unwrap();
        fs::write(folder.join(format!("{name}.json")), text + "\n").unwrap();
    }
}
