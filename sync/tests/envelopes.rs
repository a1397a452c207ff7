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
    let read = |(name, text): (String, String)| (name, serde_json::from_str(&text).unwrap());
    texts(schema).into_iter().map(read).collect()
}

fn texts(schema: u16) -> Vec<(String, String)> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder(schema)).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let name = |path: &PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    let text = |path: &PathBuf| fs::read_to_string(path).unwrap().replace('\r', "");
    files.iter().map(|path| (name(path), text(path))).collect()
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

/// Version, number of records and digest of what earlier versions left. A line is added with each new version, and none is changed.
const KEPT: [(u16, usize, u64); 2] = [(1, 18, 1822554212008146486), (2, 20, 6399610245377429441)];

#[test]
fn what_earlier_versions_left_is_as_they_left_it() {
    let newest = KEPT.last().map(|(schema, ..)| *schema);
    assert_eq!(newest, Some(SCHEMA - 1), "pin the fixtures of the version before, as they are");
    for (schema, count, digest) in KEPT {
        let texts = texts(schema).into_iter().map(|(name, text)| name + &text);
        // FNV-1a, which is the same everywhere and for ever.
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let found = texts.flat_map(String::into_bytes).fold(0xcbf2_9ce4_8422_2325, step);
        assert_eq!(
            (fixtures(schema).len(), found),
            (count, digest),
            "the fixtures of version {schema} have been changed"
        );
    }
}

/// Version 2 learned whether a write may be applied unheard.
#[test]
fn what_version_1_had_tried_may_be_applied() {
    for (name, is_unanswered) in [("state-pending", true), ("update", false), ("state-rejected", false)] {
        let raw = fixtures(1).into_iter().find(|(of, _)| of == name).map(|(_, raw)| raw).unwrap();
        assert_eq!(Stored::read(raw).record().map(|record| record.is_unanswered), Some(is_unanswered), "{name}");
    }
}

/// What an app does not know yet it leaves alone: not a later version's record, and not its own version's with a state of a later one.
#[test]
fn what_is_newer_is_kept_unread() {
    let mut raw = fixtures(SCHEMA).remove(0).1;
    raw["state"] = "of-next-year".into();
    assert!(matches!(Stored::read(raw.clone()), Stored::Unreadable { raw: kept, .. } if kept == raw));
    raw["schema"] = (SCHEMA + 1).into();
    assert!(matches!(Stored::read(raw.clone()), Stored::Unreadable { raw: kept, .. } if kept == raw));
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
