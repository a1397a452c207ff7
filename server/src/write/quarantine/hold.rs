//! A refusal that becomes a wait.
//!
//! **Invariant:** the same write again gets the same answer, however often it is asked about; it is held once, its supervisors are
//! told once, and nothing of it is applied.

use super::{past, tell};
use crate::{
    audit::{self, Note},
    auth::accounts,
    db::{
        Unit,
        entity::quarantine::{self, Model, REFUSED, WAITING},
    },
    problem::{Failure, Result},
    write::{Author, Intent},
};
use domain::{Operation, Row, Timestamp, UserId};
use protocol::{Problem, ProblemCode};
use sea_orm::{DbErr, EntityTrait, IntoActiveModel, prelude::TextUuid};
use serde_json::json;

/// So many of one person's writes wait at most; further ones are asked about again later.
const MOST_OF_ONE_PERSON: u64 = 1_000;

/// What a write's author is told instead of this refusal, which has left nothing in the unit: that it is held, where access was
/// withdrawn since they saw the row; otherwise the refusal as it is.
pub async fn instead_of(unit: &mut Unit, author: &Author, intent: &Intent, refusal: Problem, at: Timestamp) -> Result<Problem> {
    if !may_be_withdrawal(intent, &refusal) {
        return Ok(refusal);
    }
    if let Some(known) = quarantine::find(&***unit, intent.write_id).await? {
        return as_it_stands(unit, author, intent, known, refusal).await;
    }
    if !past::was_withdrawn(unit, author, intent).await? {
        return Ok(refusal);
    }
    let told = quarantine::seniors_told(&***unit, author.user(), MOST_OF_ONE_PERSON).await?;
    if told.len() as u64 >= MOST_OF_ONE_PERSON {
        return Ok(Problem::new(
            ProblemCode::RateLimited,
            "too many of your changes wait for a supervisor already; this one is asked about again later",
        ));
    }
    hold(unit, author, intent, &refusal, &told, at).await?;
    Ok(held())
}

/// Not allowed; or made under a row that its author does not see, which is told as a wrong value.
fn may_be_withdrawal(intent: &Intent, refusal: &Problem) -> bool {
    let is_under_unseen = || {
        let parent = intent.table.parent_column().filter(|_| intent.operation == Operation::Create);
        parent.is_some_and(|column| refusal.fields.contains_key(column))
    };
    match refusal.code {
        ProblemCode::Permission => true,
        ProblemCode::Validation => is_under_unseen(),
        _ => false,
    }
}

async fn as_it_stands(unit: &mut Unit, author: &Author, intent: &Intent, known: Model, refusal: Problem) -> Result<Problem> {
    if known.user_id.0 != author.user().0 {
        return Ok(refusal);
    }
    match known.state.as_str() {
        WAITING if known.content_digest == intent.digest() => Ok(held()),
        WAITING => Ok(Problem::new(
            ProblemCode::Validation,
            "this write waits for a supervisor as it was sent first; nothing was changed",
        )),
        REFUSED => refused(unit, &known).await,
        _ => Ok(refusal),
    }
}

fn held() -> Problem {
    Problem::new(
        ProblemCode::Quarantined,
        "this is not yours to change any more; a supervisor will look at what you did",
    )
}

async fn refused(unit: &Unit, known: &Model) -> Result<Problem> {
    let supervisor = known.decided_by.as_ref().and_then(|id| id.parse().ok()).map(UserId);
    let account = match supervisor {
        Some(id) => accounts::by_id(&***unit, id).await?,
        None => None,
    };
    let name = account.map_or_else(|| "a supervisor".to_owned(), |account| account.name);
    let reason = known.decision.as_deref().unwrap_or_default();
    Ok(Problem::new(ProblemCode::Permission, format!("{name} refused this: {reason}")))
}

async fn hold(unit: &mut Unit, author: &Author, intent: &Intent, refusal: &Problem, told: &[Option<String>], at: Timestamp) -> Result<()> {
    let subject = match past::subject(intent) {
        Some((table, id)) => unit.find(table, id).await?,
        None => None,
    };
    let senior = subject.as_ref().and_then(|row: &Row| row.user_id("sr_property_manager_id"));
    let wire = serde_json::to_string(&intent.to_wire()).map_err(|error| Failure::from(DbErr::Json(error.to_string())))?;
    let model = Model {
        write_id: TextUuid(intent.write_id.0),
        user_id: TextUuid(author.user().0),
        content_digest: intent.digest(),
        table_name: intent.table.sql_name().to_owned(),
        row_id: TextUuid(intent.row_id.0),
        wire,
        reason: refusal.message.clone(),
        senior_id: senior.map(|id| id.to_string()),
        at: at.micros(),
        state: WAITING.to_owned(),
        decided_by: None,
        decided_at: None,
        decision: None,
    };
    let is_news_to_senior = !told.contains(&model.senior_id);
    quarantine::Entity::insert(model.into_active_model()).exec_without_returning(&***unit).await?;
    let entry = Note {
        by: Some(author.viewer),
        client: &author.client,
        table: "quarantine",
        row_id: intent.write_id.0,
        on_behalf_of: None,
        operation: "hold",
        old: None,
        new: Some(json!({"table": intent.table.sql_name(), "row_id": intent.row_id, "operation": intent.operation})),
    };
    audit::note(&***unit, entry, at).await?;
    let supervisors = tell::Supervisors {
        administrators: told.is_empty(),
        senior: senior.filter(|_| is_news_to_senior),
    };
    tell::supervisors(unit, author, intent, subject.as_ref(), supervisors, at).await
}
