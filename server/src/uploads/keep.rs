//! What taking a file means, whichever way it came: the rules, the bytes, the row.
//!
//! The same settling runs twice. First as a rehearsal that is taken back: a file that will be refused never reaches the
//! storage. Then, with the bytes in place, for good.
//!
//! **Invariant:** when the row of `document_files` is there, so are the bytes; and they stay while it does.

use super::{
    Uploads,
    content::{self, ContentKind, Unfit},
    details::{Details, in_senders_words},
    staged::Staged,
    storage::StorageError,
};
use crate::{
    clock,
    db::{Db, Unit, entity::document_file, rows},
    problem::{Failure, Result},
    write::{self, Author},
};
use domain::{Operation, Row, RowId, Table, Timestamp};
use protocol::{Problem, ProblemCode};
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel, prelude::TextUuid, sea_query::OnConflict};
use std::{collections::BTreeMap, io};

/// Takes a whole file as a document, or refuses it. Asked twice, it does it once.
pub async fn keep(db: &Db, uploads: &Uploads, author: &Author, details: &Details, staged: &Staged) -> Result<Row> {
    let content = recognise(staged).await?;
    let at = clock::now();
    let mut rehearsal = db.unit().await?;
    settle(&mut rehearsal, author, details, content, staged, at).await?;
    drop(rehearsal);
    uploads.storage.keep(&staged.hash, &staged.path, at).await?;
    let mut unit = db.unit().await?;
    let document = settle(&mut unit, author, details, content, staged, at).await?;
    finish(unit, uploads, author, &document, content, staged, at).await?;
    Ok(document)
}

/// Takes a whole file as that of a document which is there and names it. The document's write was judged; its bytes need no further right.
pub async fn keep_for(db: &Db, uploads: &Uploads, author: &Author, document: RowId, staged: &Staged) -> Result<()> {
    let content = recognise(staged).await?;
    let at = clock::now();
    require_named(&demand_document(db.readers(), document).await?, staged)?;
    uploads.storage.keep(&staged.hash, &staged.path, at).await?;
    let unit = db.unit().await?;
    let document = demand_document(&**unit, document).await?;
    finish(unit, uploads, author, &document, content, staged, at).await
}

async fn demand_document(db: &impl ConnectionTrait, document: RowId) -> Result<Row> {
    let found = rows::find(db, Table::Documents, document).await?;
    found.ok_or_else(|| Failure::refused(ProblemCode::NotFound, "the document of this file is not there"))
}

/// Remembers that the document's bytes are there.
async fn finish(unit: Unit, uploads: &Uploads, author: &Author, document: &Row, content: ContentKind, staged: &Staged, at: Timestamp) -> Result<()> {
    note_file(&unit, author, document, content, staged, at).await?;
    // The sweep may have removed an old object of this hash that nobody wanted until now. It decides in a write transaction too,
    // and there is one at a time: what is there now stays.
    if !uploads.storage.holds(&staged.hash).await? {
        return Err(Failure::refused(
            ProblemCode::Unavailable,
            "the file was removed while it was taken; send it again",
        ));
    }
    unit.commit().await
}

/// Refuses who may add no document to this entity, whatever the file.
pub async fn require_place(db: &impl ConnectionTrait, author: &Author, details: &Details) -> Result<()> {
    author.require(Operation::Create, Table::Documents)?;
    let Some(table) = details.entity_table() else { return Ok(()) };
    let entity = rows::find(db, table, details.entity_id).await?;
    if entity.is_some_and(|entity| author.sees(&entity)) {
        return Ok(());
    }
    // Whether it is not there or somebody else's is nothing that a stranger should learn.
    Err(Failure::refused(
        ProblemCode::NotFound,
        format!("there is no such {} among those that you see", table.row_name()),
    ))
}

async fn recognise(staged: &Staged) -> Result<ContentKind> {
    let path = staged.path.clone();
    let recognised = tokio::task::spawn_blocking(move || content::recognise(&path)).await;
    match recognised.map_err(|error| StorageError::from(io::Error::other(error)))? {
        Ok(kind) => Ok(kind),
        Err(Unfit::Io(error)) => Err(StorageError::from(error).into()),
        Err(unfit) => Err(wrong_file(&unfit.to_string())),
    }
}

/// Finds or makes the document's row.
async fn settle(unit: &mut Unit, author: &Author, details: &Details, content: ContentKind, staged: &Staged, at: Timestamp) -> Result<Row> {
    require_place(&***unit, author, details).await?;
    let document = match unit.find(Table::Documents, details.document).await? {
        Some(document) => document,
        None => {
            let intent = details.intent(content, staged);
            write::apply(unit, author, &intent, at).await.map_err(in_senders_words)?;
            let made = unit.find(Table::Documents, details.document).await?;
            made.ok_or_else(|| Failure::refused(ProblemCode::NotFound, "this document was made before and has been deleted since"))?
        }
    };
    require_same(author, details, &document, staged)?;
    Ok(document)
}

async fn note_file(unit: &Unit, author: &Author, document: &Row, content: ContentKind, staged: &Staged, at: Timestamp) -> Result<()> {
    let file = document_file::Model {
        document_id: TextUuid(document.id().0),
        content_hash: staged.hash.clone(),
        content_type: content.media_type().to_owned(),
        size_bytes: i64::try_from(staged.size_bytes).unwrap_or(i64::MAX),
        stored_by: TextUuid(author.user().0),
        stored_at: at.micros(),
    };
    let mut once = OnConflict::column(document_file::Column::DocumentId);
    once.do_nothing_on([document_file::Column::DocumentId]);
    document_file::Entity::insert(file.into_active_model())
        .on_conflict(once)
        .exec_without_returning(&***unit)
        .await?;
    Ok(())
}

/// A device makes the row first and sends the bytes later; they must be those that the row names.
fn require_same(author: &Author, details: &Details, document: &Row, staged: &Staged) -> Result<()> {
    author.require_sight(document)?;
    let entity = (document.text("entity_type"), document.row_id("entity_id"));
    if entity != (Some(&details.entity_type), Some(details.entity_id)) {
        return Err(wrong_field("documentId", "belongs to something else"));
    }
    require_named(document, staged)
}

fn require_named(document: &Row, staged: &Staged) -> Result<()> {
    if document.text("content_hash") != Some(&staged.hash) {
        return Err(wrong_file("is not the one that this document names"));
    }
    Ok(())
}

fn wrong_file(problem: &str) -> Failure {
    wrong_field("file", problem)
}

fn wrong_field(field: &str, problem: &str) -> Failure {
    let fields = BTreeMap::from([(field.to_owned(), problem.to_owned())]);
    Problem::validation(format!("{field} {problem}"), fields).into()
}
