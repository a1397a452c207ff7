//! Small texts kept by name.

use super::{
    connection::{Access, Connection},
    error::StoreError,
    layout::NOTES,
};
use indexed_db_futures::{BuildPrimitive, object_store::ObjectStore, query_source::QuerySource, transaction::Transaction};

/// See [`sync::Store::note`].
pub async fn note(connection: &Connection, name: &str) -> Result<Option<String>, StoreError> {
    connection
        .transact(&[NOTES], Access::Read, async |transaction: &Transaction<'_>| {
            read(&transaction.object_store(NOTES)?, name).await
        })
        .await
}

/// See [`sync::Store::set_note`].
pub async fn set_note(connection: &Connection, name: &str, text: Option<&str>) -> Result<(), StoreError> {
    connection
        .transact(&[NOTES], Access::Write, async |transaction: &Transaction<'_>| {
            write(&transaction.object_store(NOTES)?, name, text)
        })
        .await
}

/// The note that is there, or this one from now on: of two tabs that ask at once, one is answered by the other.
pub async fn note_or(connection: &Connection, name: &str, fresh: String) -> Result<String, StoreError> {
    let work = async |transaction: &Transaction<'_>| {
        let notes = transaction.object_store(NOTES)?;
        if let Some(known) = read(&notes, name).await? {
            return Ok(known);
        }
        write(&notes, name, Some(&fresh))?;
        Ok(fresh)
    };
    connection.transact(&[NOTES], Access::Write, work).await
}

/// Reads a note inside a transaction.
pub async fn read(notes: &ObjectStore<'_>, name: &str) -> Result<Option<String>, StoreError> {
    Ok(notes.get::<String, _, _>(name).primitive()?.await?)
}

/// Keeps or removes a note inside a transaction.
pub fn write(notes: &ObjectStore<'_>, name: &str, text: Option<&str>) -> Result<(), StoreError> {
    match text {
        Some(text) => drop(notes.put(text).with_key(name).without_key_type().primitive()?),
        None => drop(notes.delete(name).primitive()?),
    }
    Ok(())
}
