//! `GET /api/turns/{id}/history`: what happened to a turn, newest first, for whoever sees it.
//!
//! Two logs in one: the stages it went through, and every change of it and of its scope items.
//!
//! **Invariant:** a column that the viewer does not see in the row is not in its history either.

use super::{
    cursor::{Cursor, Log},
    event::{self, Event},
    people::People,
};
use crate::{
    app::App,
    auth::Session,
    db::{
        entity::{audit_log, turn_stage_history},
        rows,
    },
    openapi::problems,
    problem::{Failure, Result},
};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use domain::{RowFilter, RowId, Table, Viewer};
use protocol::{Problem, ProblemCode};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use utoipa::ToSchema;

const EVENTS: u64 = 50;
const MOST_EVENTS: u64 = 200;

/// A page of a turn's history.
#[derive(Serialize, ToSchema)]
struct HistoryAnswer {
    /// Newest first.
    events: Vec<Event>,
    /// Give it as `before` to go on; null where there is no more.
    next: Option<String>,
}

/// An entry of either log.
enum Entry {
    Stage(turn_stage_history::Model),
    Change(audit_log::Model),
}

/// What is asked for.
struct Asked {
    before: Option<Cursor>,
    limit: u64,
}

/// Read a turn's history
///
/// The stages that it went through, and every change of it and of its scope items; newest first. For whoever sees the turn, and
/// for administrators when it is finished too. A page may hold fewer events than asked for; `next` says whether there is more.
#[utoipa::path(
    get,
    path = "/api/turns/{id}/history",
    tag = "audit",
    params(
        ("id" = Uuid, Path, description = "The turn."),
        ("before" = Option<String>, Query, description = "`next` of the last answer."),
        ("limit" = Option<u64>, Query, description = "How many; 50 where nothing is said.", minimum = 1, maximum = 200),
    ),
    responses(
        (status = 200, description = "A page of the history.", body = HistoryAnswer),
        problems::NotFound,
        problems::Validation,
    )
)]
pub async fn of_turn(State(app): State<App>, session: Session, Path(id): Path<RowId>, Query(parameters): Query<HashMap<String, String>>) -> Result<Response> {
    let (asked, viewer, db) = (Asked::read(&parameters)?, session.viewer(), app.db.readers());
    require_sight(db, &viewer, id).await?;
    let mut entries = stages(db, id, &asked).await?;
    entries.extend(changes(db, id, &asked).await?);
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.cursor()));
    let has_more = entries.len() as u64 > asked.limit;
    entries.truncate(asked.limit as usize);
    let next = entries.last().filter(|_| has_more).map(|last| last.cursor().to_string());
    let events = tell(db, &viewer, entries).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(HistoryAnswer { events, next })).into_response())
}

impl Asked {
    fn read(given: &HashMap<String, String>) -> Result<Self> {
        let mut wrong = BTreeMap::new();
        let text = |name: &str| given.get(name).map(String::as_str).filter(|text| !text.is_empty());
        let before = text("before").map(str::parse).transpose();
        let limit = text("limit").map_or(Some(EVENTS), |limit| limit.parse().ok().filter(|limit| (1..=MOST_EVENTS).contains(limit)));
        if before.is_err() {
            wrong.insert("before".to_owned(), "must be the “next” of an answer".to_owned());
        }
        if limit.is_none() {
            wrong.insert("limit".to_owned(), "must be a number from 1 to 200".to_owned());
        }
        match (before, limit) {
            (Ok(before), Some(limit)) => Ok(Self { before, limit }),
            _ => Err(Problem::validation("this page cannot be asked for", wrong).into()),
        }
    }

    fn condition(&self, log: Log, at: impl ColumnTrait, id: impl ColumnTrait) -> Condition {
        self.before.map_or_else(Condition::all, |cursor| cursor.then(log, at, id))
    }
}

impl Entry {
    fn cursor(&self) -> Cursor {
        let (at, log, id) = match self {
            Self::Stage(model) => (model.changed_at, Log::Stages, model.id),
            Self::Change(model) => (model.at, Log::Changes, model.id),
        };
        Cursor { at, log, id }
    }
}

/// Administrators look into finished turns too, which have left everybody's devices.
async fn require_sight(db: &impl ConnectionTrait, viewer: &Viewer, id: RowId) -> Result<()> {
    let seen = if viewer.role.is_admin() {
        RowFilter::everything()
    } else {
        viewer.sees(Table::Turns)
    };
    match rows::find(db, Table::Turns, id).await? {
        Some(turn) if seen.admits(&turn) => Ok(()),
        _ => Err(Failure::refused(ProblemCode::NotFound, "you see no such turn")),
    }
}

async fn stages(db: &impl ConnectionTrait, turn: RowId, asked: &Asked) -> Result<Vec<Entry>> {
    use turn_stage_history::Column;
    let models = turn_stage_history::Entity::find()
        .filter(Column::TurnId.eq(turn.to_string()))
        .filter(asked.condition(Log::Stages, Column::ChangedAt, Column::Id))
        .order_by_desc(Column::ChangedAt)
        .order_by_desc(Column::Id)
        .limit(asked.limit + 1)
        .all(db)
        .await?;
    Ok(models.into_iter().map(Entry::Stage).collect())
}

async fn changes(db: &impl ConnectionTrait, turn: RowId, asked: &Asked) -> Result<Vec<Entry>> {
    use audit_log::Column;
    let id = turn.to_string();
    let of_turn = Condition::all()
        .add(Column::TableName.eq(Table::Turns.sql_name()))
        .add(Column::RowId.eq(id.clone()));
    let of_items = Condition::all()
        .add(Column::TableName.eq(Table::ScopeItems.sql_name()))
        .add(Expr::cust(turn_of_entry(db.get_database_backend())).eq(id));
    let models = audit_log::Entity::find()
        .filter(Condition::any().add(of_turn).add(of_items))
        .filter(asked.condition(Log::Changes, Column::At, Column::Id))
        .order_by_desc(Column::At)
        .order_by_desc(Column::Id)
        .limit(asked.limit + 1)
        .all(db)
        .await?;
    Ok(models.into_iter().map(Entry::Change).collect())
}

/// Which turn a scope item's entry is about, deleted items included; the words of the index in `m0004_audit`.
const fn turn_of_entry(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => "(coalesce(new_row, old_row)::jsonb ->> 'turn_id')",
        _ => "json_extract(coalesce(new_row, old_row), '$.turn_id')",
    }
}

async fn tell(db: &impl ConnectionTrait, viewer: &Viewer, entries: Vec<Entry>) -> Result<Vec<Event>> {
    let ids = entries.iter().map(|entry| match entry {
        Entry::Stage(model) => model.changed_by.0,
        Entry::Change(model) => model.user_id.0,
    });
    let people = People::named(db, ids).await?;
    let stages = rows::page(db, Table::TurnStages, &RowFilter::everything(), None, u64::from(u16::MAX)).await?;
    let events = entries.into_iter().filter_map(|entry| match entry {
        Entry::Stage(model) => Some(event::of_stage(model, &stages, &people)),
        Entry::Change(model) => event::of_change(model, viewer, &people),
    });
    Ok(events.collect())
}
