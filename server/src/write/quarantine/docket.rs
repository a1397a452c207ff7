//! What waits for a decision, and whose decision it is.
//!
//! **Invariant:** whoever decides could have made the write themselves: senior managers see and decide what concerns rows that they
//! see, administrators everything. Nobody else learns that anything waits.

use super::past;
use crate::{
    db::{
        Unit,
        entity::quarantine::{self, Model},
        rows,
    },
    problem::{Failure, Result},
    write::{Author, Intent},
};
use domain::{Role, Row, RowId, Table, UserId, Value, Viewer, WriteId};
use protocol::ProblemCode;
use sea_orm::{ConnectionTrait, DbErr};
use std::collections::{BTreeMap, HashMap};

/// How many that wait are looked through for one answer.
const LOOKED_AT: u64 = 2_000;
/// How many are in one answer.
const SHOWN: usize = 100;

/// A write that is or was held.
pub struct Held {
    /// As stored.
    pub model: Model,
    /// What is to be done.
    pub intent: Intent,
    /// Who did it.
    pub author: UserId,
}

/// One that waits, with the row that it is about, or that it would belong to.
pub struct Waiting {
    /// The write.
    pub held: Held,
    /// As it stands now; none where it is gone or there is none.
    pub subject: Option<Row>,
}

impl Held {
    /// Reads what is stored.
    pub fn read(model: Model) -> Result<Self> {
        let unreadable = |error: String| Failure::from(DbErr::Json(error));
        let wire = serde_json::from_str(&model.wire).map_err(|error| unreadable(error.to_string()))?;
        let intent = Intent::read(wire, None, WriteId(model.write_id.0)).map_err(|wrong| unreadable(wrong.problem.message))?;
        let author = UserId(model.user_id.0);
        Ok(Self { model, intent, author })
    }
}

/// A held write that this supervisor may decide, and the row that it is about; to everybody else it is not there.
pub async fn find(unit: &mut Unit, supervisor: &Author, id: WriteId) -> Result<Waiting> {
    let unknown = || Failure::refused(ProblemCode::NotFound, "no such change waits for you");
    let held = Held::read(quarantine::find(&***unit, id).await?.ok_or_else(unknown)?)?;
    let subject = match past::subject(&held.intent) {
        Some((table, id)) => unit.find(table, id).await?,
        None => None,
    };
    if is_for(&supervisor.viewer, &held.intent, subject.as_ref()) {
        return Ok(Waiting { held, subject });
    }
    Err(unknown())
}

/// The oldest that wait for this supervisor, and whether there are more.
pub async fn waiting(db: &impl ConnectionTrait, supervisor: &Viewer) -> Result<(Vec<Waiting>, bool)> {
    let all = quarantine::waiting(db, LOOKED_AT)
        .await?
        .into_iter()
        .map(Held::read)
        .collect::<Result<Vec<_>>>()?;
    let subjects = subjects(db, &all).await?;
    let theirs = all.into_iter().filter_map(|held| {
        let subject = past::subject(&held.intent).and_then(|key| subjects.get(&key)).cloned();
        is_for(supervisor, &held.intent, subject.as_ref()).then_some(Waiting { held, subject })
    });
    let mut theirs: Vec<Waiting> = theirs.take(SHOWN + 1).collect();
    let has_more = theirs.len() > SHOWN;
    theirs.truncate(SHOWN);
    Ok((theirs, has_more))
}

fn is_for(viewer: &Viewer, intent: &Intent, subject: Option<&Row>) -> bool {
    match viewer.role {
        Role::SuperAdmin | Role::Admin => true,
        Role::SrPropertyManager => subject.is_some_and(|row| past::may(viewer, intent, row)),
        Role::PropertyManager | Role::Inspector | Role::Vendor | Role::DfoApprover | Role::HoApprover => false,
    }
}

async fn subjects(db: &impl ConnectionTrait, all: &[Held]) -> Result<HashMap<(Table, RowId), Row>> {
    let mut wanted: BTreeMap<Table, Vec<Value>> = BTreeMap::new();
    for (table, id) in all.iter().filter_map(|held| past::subject(&held.intent)) {
        wanted.entry(table).or_default().push(Value::Uuid(id.0));
    }
    let mut found = HashMap::new();
    for (table, ids) in wanted {
        let rows = rows::all_in(db, table, "id", &ids).await?;
        found.extend(rows.into_iter().map(|row| ((table, row.id()), row)));
    }
    Ok(found)
}
