//! Applies what a file holds and the server does not have yet, as its user's writes.
//!
//! **Invariant:** the order of the device is kept; what its user gave up is left alone; a decision (an approval or its refusal) comes by
//! no file, because nobody but its approver can vouch for it.

use crate::{
    db::{Db, entity::receipt},
    problem::{Failure, Result},
    uploads::handed_over::Shelf,
    web::instant::Instant,
    write::{Answer, Author, Batch, Intent, WriteQueue},
};
use domain::{DeviceId, Operation, RowId, Table, Timestamp, UserId, WriteId};
use protocol::{
    MAX_BATCH_WRITES, Problem, ProblemCode, WriteAnswer,
    handover::{DevicePhoto, DeviceWrite, DeviceWrites, Standing},
};
use sea_orm::DbErr;
use serde::Serialize;
use std::collections::HashSet;
use utoipa::ToSchema;

/// What came of a file.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Imported {
    /// Whose writes they are.
    pub user: ImportedUser,
    /// Where they were made.
    pub device_id: DeviceId,
    /// When the file was made, by the device's clock.
    pub exported_at: Instant,
    /// How many came to what.
    pub counts: Counts,
    /// Each write, in the order of the device.
    pub writes: Vec<ImportedWrite>,
    /// Each photo of the file, in the order of their making.
    pub photos: Vec<ImportedPhoto>,
}

/// One photo.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportedPhoto {
    /// Its document.
    pub document_id: RowId,
    /// Why its bytes were not taken; none where the server has them now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// Whose writes they are.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ImportedUser {
    /// The account.
    pub id: UserId,
    /// As it stands on the screen now.
    pub name: String,
}

/// How many writes came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Counts {
    /// Applied now.
    pub applied: usize,
    /// Applied before.
    pub already: usize,
    /// Kept for a supervisor.
    pub held: usize,
    /// Not applied; each says why.
    pub refused: usize,
    /// Given up by their user on the device.
    pub discarded: usize,
}

/// One write.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportedWrite {
    /// Its place in the device's order.
    pub seq: u64,
    /// Which; none where the file names none.
    pub write_id: Option<WriteId>,
    /// URL name of the table, as far as it is known.
    pub table: Option<String>,
    /// What was to be done.
    pub operation: Operation,
    /// What came of it.
    pub outcome: Outcome,
    /// Why it was not applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// What came of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Applied now.
    Applied,
    /// Applied before.
    Already,
    /// Kept for a supervisor.
    Held,
    /// Not applied.
    Refused,
    /// Given up by its user on the device.
    Discarded,
}

/// Applies them, as many in one request as a device would send; then keeps the photos, whose documents the writes make.
pub async fn apply(shelf: Shelf<'_>, line: &WriteQueue, author: &Author, device: DeviceWrites, at: Timestamp) -> Result<Imported> {
    let db = shelf.db;
    let mut writes = device.writes;
    writes.sort_by_key(|write| write.seq);
    let mut imported = Vec::with_capacity(writes.len());
    for some in writes.chunks(MAX_BATCH_WRITES) {
        imported.extend(apply_some(db, line, author, some, at).await?);
    }
    let photos = keep_photos(shelf, author, &device.photos).await?;
    Ok(Imported {
        user: ImportedUser {
            id: author.user(),
            name: author.name.clone(),
        },
        device_id: device.device_id,
        exported_at: Instant(Timestamp::from_millis(device.exported_at_ms)),
        counts: Counts::of(&imported),
        writes: imported,
        photos,
    })
}

async fn keep_photos(shelf: Shelf<'_>, author: &Author, photos: &[DevicePhoto]) -> Result<Vec<ImportedPhoto>> {
    let mut kept = Vec::with_capacity(photos.len());
    for photo in photos {
        let problem = match shelf.keep(author, photo).await {
            Ok(()) => None,
            Err(Failure::Refused(problem)) => Some(*problem),
            Err(failure) => return Err(failure),
        };
        kept.push(ImportedPhoto {
            document_id: photo.document_id,
            problem,
        });
    }
    Ok(kept)
}

async fn apply_some(db: &Db, line: &WriteQueue, author: &Author, writes: &[DeviceWrite], at: Timestamp) -> Result<Vec<ImportedWrite>> {
    let ids: Vec<WriteId> = writes.iter().filter_map(|write| write.write.write_id).collect();
    let applied_before: HashSet<_> = receipt::all_in(db.readers(), &ids)
        .await?
        .into_iter()
        .map(|receipt| receipt.write_id.0)
        .collect();
    let mut imported = Vec::with_capacity(writes.len());
    let (mut intents, mut places) = (vec![], vec![]);
    for write in writes {
        let (outcome, problem) = match intent(author, write) {
            Ok(Some(intent)) => {
                places.push(imported.len());
                intents.push(Ok(intent));
                (Outcome::Refused, None)
            }
            Ok(None) => (Outcome::Discarded, None),
            Err(problem) => (Outcome::Refused, Some(problem)),
        };
        imported.push(ImportedWrite::of(write, outcome, problem));
    }
    let batch = Batch {
        author: author.clone(),
        intents,
        is_atomic: false,
        at,
    };
    for (place, answer) in places.into_iter().zip(line.submit(batch).await?) {
        let write = &mut imported[place];
        let is_old = write.write_id.is_some_and(|id| applied_before.contains(&id.0));
        (write.outcome, write.problem) = read(&answer, is_old)?;
    }
    Ok(imported)
}

/// What is to be done; nothing where its user gave it up.
fn intent(author: &Author, write: &DeviceWrite) -> std::result::Result<Option<Intent>, Problem> {
    let refused = |code, message: &str| Err(Problem::new(code, message));
    if write.standing == Standing::Discarded {
        return Ok(None);
    }
    if write.user_id != author.user() {
        return refused(ProblemCode::Validation, "this is another one’s write than the file’s");
    }
    let Some(id) = write.write.write_id else {
        return refused(ProblemCode::Validation, "this write has no id: it could be applied twice");
    };
    if matches!(write.write.operation, Operation::Approve | Operation::Reject) {
        return refused(
            ProblemCode::Permission,
            "approvals are given and refused by whoever is signed in, not by a file",
        );
    }
    let wire = serde_json::to_value(&write.write).map_err(|_| Problem::new(ProblemCode::Validation, "this is not a write"))?;
    Intent::read(wire, None, id).map(Some).map_err(|unreadable| unreadable.problem)
}

fn read(answer: &Answer, is_old: bool) -> Result<(Outcome, Option<Problem>)> {
    let answer: WriteAnswer = serde_json::from_str(answer.get()).map_err(|error| DbErr::Json(error.to_string()))?;
    Ok(match answer.error {
        None if is_old => (Outcome::Already, None),
        None => (Outcome::Applied, None),
        Some(problem) if problem.code == ProblemCode::Quarantined => (Outcome::Held, Some(problem)),
        Some(problem) => (Outcome::Refused, Some(problem)),
    })
}

impl ImportedWrite {
    fn of(write: &DeviceWrite, outcome: Outcome, problem: Option<Problem>) -> Self {
        let table = write.write.table.as_deref().and_then(Table::from_name);
        Self {
            seq: write.seq,
            write_id: write.write.write_id,
            table: table.map(|table| table.url_name().to_owned()),
            operation: write.write.operation,
            outcome,
            problem,
        }
    }
}

impl Imported {
    /// How many photos of the file the server has now.
    pub fn photos_kept(&self) -> usize {
        self.photos.iter().filter(|photo| photo.problem.is_none()).count()
    }
}

impl Counts {
    fn of(writes: &[ImportedWrite]) -> Self {
        let of = |outcome| writes.iter().filter(|write| write.outcome == outcome).count();
        Self {
            applied: of(Outcome::Applied),
            already: of(Outcome::Already),
            held: of(Outcome::Held),
            refused: of(Outcome::Refused),
            discarded: of(Outcome::Discarded),
        }
    }
}
