//! What is stored and what travels keeps its form, or raises its version.
//!
//! Tablets hold records of every version for a year, and talk to servers older and newer than themselves. So each form is written
//! down in `forms/`, one file per version, and this test compares. It fails before a tablet does.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "forms/form.rs"]
mod form;
#[path = "envelopes/samples.rs"]
mod samples;

use domain::{Operation, Role, Table, approval::Level};
use form::Form;
use protocol::{
    BatchAnswer, BatchRequest, Control, DeviceWrite, DeviceWrites, LoginAnswer, LoginRequest, News, PasswordChange, ProblemCode, RowOperation, SealedWrites,
    SessionAnswer, ShapeMessage, Standing, User, WIRE_VERSION, WireWrite, WriteAnswer, WriteMetadata,
    handover::{DevicePhoto, HANDOVER_VERSION},
    problem::ProblemAnswer,
    shape::MessageHeaders,
};
use serde_json::{Map, Value as Json, json};
use std::{fs, path::PathBuf};
use sync::{
    Photo, PhotoState, Place, WriteState,
    outbox::{SCHEMA, drain::wire},
    photos::{About, PHOTO_SCHEMA},
    store::conformance::row_id,
};

fn file(name: &str, version: u16) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/forms/{name}-{version}.txt"))
}

/// Compares with what is written down; with `WRITE_FORMS` set it writes down what is not there yet.
fn check(name: &str, version: u16, form: &Form, what_to_do: &str) {
    let file = file(name, version);
    if !file.exists() && std::env::var_os("WRITE_FORMS").is_some() {
        fs::write(&file, form.to_string()).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default().replace('\r', "");
    let today = form.to_string();
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
    let (new, gone): (Vec<_>, Vec<_>) = (
        lines(&today).difference(&lines(&written)).cloned().collect(),
        lines(&written).difference(&lines(&today)).cloned().collect(),
    );
    assert!(
        written == today,
        "The form of the {name} has changed, and its version is still {version}.\n\nnew:\n  {}\ngone:\n  {}\n\n{what_to_do}\n",
        new.join("\n  "),
        gone.join("\n  "),
    );
}

#[test]
fn stored_records_keep_their_form() {
    let mut form = Form::default();
    for (_, record) in samples::records() {
        form.sample("record", &record);
    }
    form.sample(
        "place",
        &Place {
            handle: "1-2".into(),
            offset: "7_0".into(),
        },
    );
    form.spellings("state", &samples::STATES);
    form.spellings("operation", &Operation::ALL);
    form.spellings("table", &Table::ALL);
    check(
        "record",
        SCHEMA,
        &form,
        "Tablets hold records of the old form, and older apps may open newer ones. Raise `SCHEMA` in sync/src/outbox.rs, add the upgrader of the version \
         before to sync/src/outbox/upgrade.rs, give the new field a sample in sync/tests/envelopes/samples.rs, and write the new version down:\n  \
         cargo test -p sync --test envelopes -- --ignored && WRITE_FORMS=1 cargo test -p sync --test forms\nLeave the files of older versions as they are.",
    );
}

#[test]
fn photos_keep_their_form() {
    let mut form = Form::default();
    form.sample("photo", &photo());
    let fresh = Photo {
        upload: None,
        next_attempt_at_ms: None,
        last_error: None,
        ..photo()
    };
    form.sample("photo", &fresh);
    form.spellings("state", &[PhotoState::Waiting, PhotoState::Sent, PhotoState::Refused]);
    check(
        "photo",
        PHOTO_SCHEMA,
        &form,
        "Tablets hold photos of the old form. Raise `PHOTO_SCHEMA` in sync/src/photos.rs, let what is new be left out, and write the new form down:\n  \
         WRITE_FORMS=1 cargo test -p sync --test forms",
    );
}

fn photo() -> Photo {
    Photo {
        schema: PHOTO_SCHEMA,
        document_id: row_id(5),
        user_id: samples::full().user_id,
        write_id: samples::full().write_id,
        about: About {
            entity_type: String::new(),
            entity_id: row_id(6),
            kind: String::new(),
            file_name: String::new(),
            taken_at: String::new(),
        },
        content_hash: String::new(),
        content_type: String::new(),
        size_bytes: 1,
        kept_at_ms: 2,
        state: PhotoState::Waiting,
        upload: Some(String::new()),
        sent_bytes: 3,
        is_unanswered: true,
        attempts: 4,
        begun_again: 5,
        next_attempt_at_ms: Some(6),
        last_error: samples::full().last_error,
        revision: 7,
    }
}

#[test]
fn what_travels_keeps_its_form() {
    let mut form = Form::default();
    writes(&mut form);
    shapes(&mut form);
    sign_in(&mut form);
    form.spellings("problem", &problem_codes());
    form.spellings("operation", &Operation::ALL);
    form.spellings("table", &Table::ALL);
    form.spellings("role", &Role::ALL);
    form.spellings("level", &[Level::Dfo, Level::Ho]);
    check(
        "wire",
        WIRE_VERSION,
        &form,
        "Tablets with yesterday's app send the old form and read the new one. Add, and let what is added be left out; never rename or retype. Then raise \
         `WIRE_VERSION` in protocol/src/lib.rs and write the new form down:\n  WRITE_FORMS=1 cargo test -p sync --test forms",
    );
}

#[test]
fn handed_over_files_keep_their_form() {
    let mut form = Form::default();
    let sealed = SealedWrites {
        format: String::new(),
        version: HANDOVER_VERSION,
        iterations: 1,
        salt: String::new(),
        nonce: String::new(),
        content: String::new(),
    };
    form.sample("sealed", &sealed);
    let write = DeviceWrite {
        seq: 1,
        user_id: samples::full().user_id,
        made_at_ms: 2,
        standing: Standing::Applied,
        txid: Some("9".to_owned()),
        write: full_write(),
    };
    let device = DeviceWrites {
        version: HANDOVER_VERSION,
        device_id: samples::full().device_id,
        user: user(),
        exported_at_ms: 3,
        complete_since_ms: 4,
        writes: vec![write],
        photos: vec![DevicePhoto {
            document_id: row_id(5),
            content: String::new(),
        }],
    };
    form.sample("device", &device);
    form.spellings("standing", &standings());
    check(
        "handover",
        HANDOVER_VERSION,
        &form,
        "Files of the old form lie on disks. Raise `HANDOVER_VERSION` in protocol/src/handover, let the server read both, and write the new form down:\n  \
         WRITE_FORMS=1 cargo test -p sync --test forms",
    );
}

fn object(json: Json) -> Map<String, Json> {
    json.as_object().unwrap().clone()
}

fn full_write() -> WireWrite {
    WireWrite {
        table: Some("turns".to_owned()),
        operation: Operation::Reject,
        write_id: Some(samples::full().write_id),
        row_id: Some(row_id(5)),
        version: Some(3),
        data: object(json!({"scope_digest": "ab12"})),
        metadata: WriteMetadata {
            approval_level: Some(Level::Dfo),
            reject_reason: Some("two quotes, please".to_owned()),
        },
        after: vec![samples::full().write_id],
    }
}

fn writes(form: &mut Form) {
    for (_, record) in samples::records() {
        form.sample("write", &wire(&record));
    }
    form.sample("write", &full_write());
    let batch = BatchRequest {
        operations: vec![],
        atomic: false,
        user_id: Some(samples::full().user_id),
        waiting: Some(7),
    };
    form.sample("batch", &batch);
    let receipt = WriteAnswer {
        write_id: Some(samples::full().write_id),
        status: 200,
        success: true,
        version: Some(4),
        txid: Some("812".to_owned()),
        in_shape: Some(true),
        error: None,
        row: Map::new(),
    };
    let refused = WriteAnswer::refused(None, samples::conflict());
    form.sample(
        "answer",
        &BatchAnswer {
            success: true,
            results: vec![receipt, refused],
        },
    );
    form.sample("refusal", &ProblemAnswer::from(samples::conflict()));
}

fn shapes(form: &mut Form) {
    let message = ShapeMessage {
        key: Some(String::new()),
        value: Some(object(json!({"id": "1"}))),
        old_value: Some(object(json!({"id": "1"}))),
        headers: MessageHeaders {
            last: Some(true),
            relation: Some(["public".to_owned(), "turns".to_owned()]),
            operation: Some(RowOperation::Insert),
            control: Some(Control::UpToDate),
            lsn: Some(String::new()),
            op_position: Some(0),
            txids: Some(vec![8]),
            snapshot_mark: Some(1),
            global_last_seen_lsn: Some(String::new()),
        },
    };
    form.sample("message", &message);
    form.sample(
        "news",
        &News {
            tables: vec!["turns".to_owned()],
        },
    );
    form.spellings("row operation", &[RowOperation::Insert, RowOperation::Update, RowOperation::Delete]);
    form.spellings("control", &[Control::UpToDate, Control::SnapshotEnd, Control::MustRefetch]);
}

fn user() -> User {
    User {
        id: samples::full().user_id,
        email: String::new(),
        name: String::new(),
        role: Role::Vendor,
        vendor_id: Some(row_id(30)),
        must_change_password: true,
    }
}

fn sign_in(form: &mut Form) {
    let (email, password) = (String::new(), String::new());
    form.sample("login", &LoginRequest { email, password });
    let answer = LoginAnswer {
        user: user(),
        token: String::new(),
        shapes: vec!["turns".to_owned()],
        seal_key: Some(String::new()),
    };
    form.sample("signed in", &answer);
    form.sample(
        "session",
        &SessionAnswer {
            user: user(),
            shapes: vec!["turns".to_owned()],
        },
    );
    let (current, new) = (String::new(), String::new());
    form.sample("password", &PasswordChange { current, new });
}

/// Every code; one that is added does not compile here before it is in the list.
fn problem_codes() -> Vec<ProblemCode> {
    use ProblemCode::{
        Blocked, Conflict, Internal, NotFound, PayloadTooLarge, Permission, Quarantined, RateLimited, Unauthenticated, Unavailable, Unknown, Validation,
    };
    let all = [
        Unauthenticated,
        Permission,
        NotFound,
        Conflict,
        Blocked,
        Quarantined,
        PayloadTooLarge,
        Validation,
        RateLimited,
        Unavailable,
        Internal,
    ];
    let is_listed = |code: ProblemCode| match code {
        Unauthenticated | Permission | NotFound | Conflict | Blocked | Quarantined | PayloadTooLarge | Validation | RateLimited | Unavailable | Internal => {
            true
        }
        Unknown => false,
    };
    all.into_iter().filter(|code| is_listed(*code)).collect()
}

/// As [`problem_codes`].
fn standings() -> Vec<Standing> {
    let is_listed = |standing: Standing| match standing {
        Standing::Waiting | Standing::NeedsUser | Standing::Held | Standing::Applied | Standing::Discarded => true,
    };
    let all = [Standing::Waiting, Standing::NeedsUser, Standing::Held, Standing::Applied, Standing::Discarded];
    all.into_iter().filter(|standing| is_listed(*standing)).collect()
}

/// As [`problem_codes`].
#[test]
fn every_state_has_a_sample() {
    for state in samples::STATES {
        match state {
            WriteState::Pending | WriteState::Sending | WriteState::Acked | WriteState::Rejected => {}
            WriteState::Blocked | WriteState::Held | WriteState::Settled | WriteState::Discarded => {}
        }
    }
}
