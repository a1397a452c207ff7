//! How the database is laid out. People find these names in the browser's developer tools.
//!
//! **Invariant:** an object store is never changed in place: a new form gets a new [`VERSION`] and a step in [`upgrade`].

use domain::{RowId, Table};
use indexed_db_futures::{
    Build, KeyPath, KeyRange,
    database::{Database, VersionChangeEvent},
};
use js_sys::Array;
use wasm_bindgen::JsValue;

/// The database of the app.
pub const DATABASE: &str = "turns";
/// Version of the layout.
///
/// 2 added [`SEALS`] and [`KEYS`], 3 [`PHOTOS`] and [`PHOTO_BYTES`]; since 3 the records of [`SNAPSHOTS`] are bytes. Those that are text are read
/// for ever, and go when their table is folded or comes anew.
pub const VERSION: u8 = 3;

/// Unsettled writes, as objects, by `writeId`.
pub const OUTBOX: &str = "outbox";
/// Writes that are over, as objects, by `writeId`.
pub const HISTORY: &str = "history";
/// Tables as they were when they were last written whole: hundreds of rows a record ([`sync::store::block`]), by `[table, id of the first]`.
pub const SNAPSHOTS: &str = "snapshots";
/// Rows that have changed or gone since, as JSON text, by `[table, id]`.
pub const ROWS: &str = "rows";
/// Where each table's stream goes on, as JSON text, by table.
pub const PLACES: &str = "places";
/// Small texts by name.
pub const NOTES: &str = "notes";

/// What users have left behind sealed, as objects, by user id.
pub const SEALS: &str = "seals";
/// The keys that seal it, which the browser does not show to anybody, by user id; there only while their user is signed in.
pub const KEYS: &str = "keys";

/// Photos, sent and unsent, as objects, by `documentId`.
pub const PHOTOS: &str = "photos";
/// Their bytes, by the same, so that a list of photos is read without them.
pub const PHOTO_BYTES: &str = "photo-bytes";

/// The note with the last `seq` that was given.
pub const SEQ_NOTE: &str = "seq";

/// Brings an older layout to this one.
pub fn upgrade(event: VersionChangeEvent, database: Database) -> Result<(), indexed_db_futures::error::Error> {
    if event.old_version() < 1.0 {
        for by_write_id in [OUTBOX, HISTORY] {
            database.create_object_store(by_write_id).with_key_path(KeyPath::One("writeId")).build()?;
        }
        for by_given_key in [SNAPSHOTS, ROWS, PLACES, NOTES] {
            database.create_object_store(by_given_key).build()?;
        }
    }
    if event.old_version() < 2.0 {
        for by_user_id in [SEALS, KEYS] {
            database.create_object_store(by_user_id).build()?;
        }
    }
    if event.old_version() < 3.0 {
        database.create_object_store(PHOTOS).with_key_path(KeyPath::One("documentId")).build()?;
        database.create_object_store(PHOTO_BYTES).build()?;
    }
    Ok(())
}

/// One row's key.
pub fn row_key(table: Table, id: RowId) -> JsValue {
    Array::of2(&table.sql_name().into(), &id.to_string().into()).into()
}

/// The keys of all rows of a table: in IndexedDB's order an array comes after every text.
pub fn rows_of(table: Table) -> KeyRange<JsValue> {
    let name = JsValue::from_str(table.sql_name());
    KeyRange::Bound(Array::of1(&name).into(), false, Array::of2(&name, &Array::new()).into(), true)
}
