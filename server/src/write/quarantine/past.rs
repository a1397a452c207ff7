//! What stood in a row, and what somebody was, at the same time: from the audit log.
//!
//! **Invariant:** sight and rights are judged together, as of one moment: a row that somebody saw under one role is not theirs to
//! change because they had another role in another year.

use crate::{
    db::{Unit, entity::audit_log},
    problem::Result,
    write::{Author, Intent},
};
use domain::{Operation, Role, Row, RowId, Table, UserId, Viewer};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Map, Value as Json};

/// How far back the log is read for one row or one person.
const MOST_ENTRIES: u64 = 500;

/// How something stood for a while, by the server's clock.
pub struct Stood<T> {
    from: i64,
    until: i64,
    what: T,
}

/// Whether this person may do this to a row that stands so; for a create, under a parent that stands so.
pub fn may(viewer: &Viewer, intent: &Intent, row: &Row) -> bool {
    let is_child = intent.operation == Operation::Create;
    may_alone(viewer, intent) && viewer.sees(row.table()).admits(row) && (is_child || viewer.may_touch(intent.operation, row))
}

/// Whether this person's role may do this, whatever the row.
pub fn may_alone(viewer: &Viewer, intent: &Intent) -> bool {
    let is_theirs = |column: &String| column == "id" || intent.table.column(column).is_none() || viewer.may_set(intent.table, column);
    viewer.role.may(intent.operation, intent.table) && intent.data.keys().all(is_theirs)
}

/// What decides who sees a write: its row; for a create the row that it will belong to. None where that one stands alone.
pub fn subject(intent: &Intent) -> Option<(Table, RowId)> {
    if intent.operation != Operation::Create {
        return Some((intent.table, intent.row_id));
    }
    let named = |column: &str| {
        let column = intent.table.column(column)?;
        domain::Value::from_json(column.kind, intent.data.get(column.name)?).ok()
    };
    let (entity, values) = (named("entity_type"), intent.table.parent_column().and_then(named));
    intent
        .table
        .parent(|column| if column == "entity_type" { entity.as_ref() } else { values.as_ref() })
}

/// Whether the author could do this once, with the row as they saw it, and cannot now.
pub async fn was_withdrawn(unit: &mut Unit, author: &Author, intent: &Intent) -> Result<bool> {
    // A decision is its approver's own: nobody takes it over.
    if matches!(intent.operation, Operation::Approve | Operation::Reject) {
        return Ok(false);
    }
    let lives = lives(&***unit, author).await?;
    if !lives.iter().any(|life| may_alone(&life.what, intent)) {
        return Ok(false);
    }
    let Some((table, id)) = subject(intent) else {
        // A row that stands alone; else it names a parent that cannot be.
        let stands_alone = intent.table.parent_column().is_none();
        return Ok(stands_alone && (author.is_closed || !may_alone(&author.viewer, intent)));
    };
    let Some(now) = unit.find(table, id).await? else { return Ok(false) };
    if !author.is_closed && may(&author.viewer, intent, &now) {
        return Ok(false);
    }
    if wrote(unit, author, intent, (table, id)).await? {
        return Ok(true);
    }
    let staged = unit.staged_changes(table, id);
    let staged: Vec<_> = staged.map(|(change, at)| (at.micros(), change.old.clone())).collect();
    let rows = rows(&***unit, &now, staged).await?;
    let was_seen_since = |row: &&Stood<Row>| intent.operation == Operation::Create || intent.version.is_some_and(|base| row.what.version() >= base);
    let could = |row: &Stood<Row>| lives.iter().any(|life| life.meets(row) && may(&life.what, intent, &row.what));
    Ok(rows.iter().filter(was_seen_since).any(could))
}

/// The row's values as of a version: who saw it may have changed within it, what it said not.
pub async fn at_version(db: &impl ConnectionTrait, now: &Row, version: i64) -> Result<Option<Row>> {
    let rows = rows(db, now, vec![]).await?;
    Ok(rows.into_iter().map(|stood| stood.what).find(|row| row.version() == version))
}

/// The row as it stood, oldest first; its present form last. `staged` is what was before each change that is not in the log yet.
async fn rows(db: &impl ConnectionTrait, now: &Row, staged: Vec<(i64, Option<Row>)>) -> Result<Vec<Stood<Row>>> {
    let table = now.table();
    let read = |text: &str| Row::from_pg_json(table, &object(text)?).ok();
    let entries = of_log(db, table.sql_name(), now.id()).await?.into_iter();
    let logged = entries.map(|entry| (entry.at, entry.old_row.as_deref().and_then(read)));
    Ok(timeline(logged.chain(staged).collect(), Some(now.clone())))
}

/// What the author was, oldest first; what they are last, unless their account is closed.
async fn lives(db: &impl ConnectionTrait, author: &Author) -> Result<Vec<Stood<Viewer>>> {
    let entries = of_log(db, "users", RowId(author.user().0)).await?.into_iter();
    // The log also tells of what somebody did with the account (a new password, a file imported): then they were the same before.
    let changes = entries.filter(|entry| entry.old_row.is_some());
    let before = changes.map(|entry| (entry.at, entry.old_row.as_deref().and_then(|old| viewer(author.user(), &object(old)?))));
    let now = (!author.is_closed).then_some(author.viewer);
    Ok(timeline(before.collect(), now))
}

/// Whether the row is there by an own write that this one builds on, which a supervisor may have adopted.
async fn wrote(unit: &mut Unit, author: &Author, intent: &Intent, subject: (Table, RowId)) -> Result<bool> {
    for ancestor in &intent.after {
        let receipt = unit.receipt(*ancestor).await?;
        let is_it = |receipt: &crate::db::entity::receipt::Model| {
            receipt.user_id.0 == author.user().0 && (receipt.table_name.as_str(), receipt.row_id.0) == (subject.0.sql_name(), subject.1.0)
        };
        if receipt.is_some_and(is_it) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The newest entries about one thing, oldest first.
async fn of_log(db: &impl ConnectionTrait, table: &str, id: RowId) -> Result<Vec<audit_log::Model>, DbErr> {
    use audit_log::Column;
    let query = audit_log::Entity::find()
        .filter(Column::TableName.eq(table))
        .filter(Column::RowId.eq(id.to_string()));
    let mut entries = query.order_by_desc(Column::Id).limit(MOST_ENTRIES).all(db).await?;
    entries.reverse();
    Ok(entries)
}

/// From what stood there before each change, and what stands there now.
fn timeline<T>(changes: Vec<(i64, Option<T>)>, now: Option<T>) -> Vec<Stood<T>> {
    let mut stood = Vec::with_capacity(changes.len() + 1);
    let mut from = i64::MIN;
    for (until, before) in changes {
        stood.extend(before.map(|what| Stood { from, until, what }));
        from = until;
    }
    stood.extend(now.map(|what| Stood { from, until: i64::MAX, what }));
    stood
}

fn object(text: &str) -> Option<Map<String, Json>> {
    serde_json::from_str(text).ok()
}

/// The person that an audited account was; none while it was closed.
fn viewer(user: UserId, account: &Map<String, Json>) -> Option<Viewer> {
    let text = |name: &str| account.get(name).and_then(Json::as_str);
    let is_active = account.get("is_active").and_then(Json::as_bool).unwrap_or(true);
    let role = Role::from_name(text("role")?).filter(|_| is_active)?;
    let vendor = text("vendor_id").and_then(|id| id.parse().ok());
    Some(Viewer { user, role, vendor })
}

impl<T> Stood<T> {
    fn meets<U>(&self, other: &Stood<U>) -> bool {
        self.from <= other.until && other.from <= self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_lasts_until_the_change_that_ended_it() {
        let stood = timeline(vec![(10, Some("a")), (20, None), (30, Some("c"))], Some("d"));
        let all: Vec<_> = stood.iter().map(|stood| (stood.from, stood.until, stood.what)).collect();
        assert_eq!(all, [(i64::MIN, 10, "a"), (20, 30, "c"), (30, i64::MAX, "d")]);
        assert!(
            timeline(vec![(10, Some(()))], None).iter().all(|stood| stood.until == 10),
            "a closed account is nobody"
        );
    }

    #[test]
    fn only_what_stood_at_one_time_meets() {
        let years = |from, until| Stood { from, until, what: () };
        assert!(years(1, 5).meets(&years(5, 9)) && years(1, 9).meets(&years(3, 4)));
        assert!(!years(1, 4).meets(&years(5, 9)) && !years(5, 9).meets(&years(1, 4)));
    }
}
