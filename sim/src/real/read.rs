//! What stands in the real server's database: rows, where its log ends, what it has applied.
//!
//! **Invariant:** it only reads, and what was applied is what the audit log says, not what was answered.

use super::{Real, must};
use crate::server::Applied;
use domain::{Row, RowFilter, RowId, Table, UserId, Viewer, WriteId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use server::db::{
    changes, counters,
    entity::{audit_log, receipt},
    rows,
};

/// More than there ever are in a day.
const EVERYTHING: usize = 100_000;

/// What was applied, as far as it was read.
#[derive(Default)]
pub struct AppliedLog {
    read_to: i64,
    applied: Vec<Applied>,
}

impl AppliedLog {
    pub fn after(&self, count: usize) -> Vec<Applied> {
        self.applied.get(count..).unwrap_or_default().to_vec()
    }
}

impl Real {
    pub(super) fn all_rows(&self, table: Table) -> Vec<Row> {
        let everything = RowFilter::everything();
        let page = rows::page(self.opened().db().readers(), table, &everything, None, EVERYTHING as u64);
        must(self.runtime.block_on(page), "rows")
    }

    pub(super) fn end_of_log(&self) -> i64 {
        let end = counters::current(self.opened().db().readers(), counters::CHANGE_POSITION);
        must(self.runtime.block_on(end), "a position")
    }

    /// The tables of which somebody would hear at the doorbell.
    pub(super) fn told_to(&self, viewer: &Viewer, since: i64) -> Vec<Table> {
        let until = self.end_of_log();
        let later = changes::everything_after(self.opened().db().readers(), since, until, EVERYTHING);
        let later = must(self.runtime.block_on(later), "the log");
        let is_seen = |row: &Row| viewer.sees(row.table()).admits(row);
        let seen = later.changes.iter().filter(|change| change.old.iter().chain(&change.new).any(is_seen));
        let mut tables: Vec<Table> = seen.map(|change| change.table).collect();
        tables.sort_unstable();
        tables.dedup();
        tables
    }

    /// Reads on in the audit log.
    pub(super) fn read_applied(&mut self) {
        let db = self.opened().db().readers().clone();
        let query = audit_log::Entity::find()
            .filter(audit_log::Column::Id.gt(self.applied.read_to))
            .filter(audit_log::Column::WriteId.is_not_null());
        let query = query.order_by_asc(audit_log::Column::Id).all(&db);
        let entries = must(self.runtime.block_on(query), "the audit log");
        let ids: Vec<WriteId> = entries.iter().filter_map(|entry| entry.write_id.as_ref()?.parse().ok()).collect();
        let receipts = must(self.runtime.block_on(receipt::all_in(&db, &ids)), "receipts");
        let mut last = None;
        for entry in entries {
            self.applied.read_to = entry.id;
            let is_of = |receipt: &&receipt::Model| entry.write_id.as_deref() == Some(receipt.write_id.0.to_string().as_str());
            let Some(applied) = receipts.iter().find(is_of).and_then(|receipt| applied(&entry, receipt)) else {
                continue;
            };
            // What a write brings about may be about its own row, too: another amount voids what was approved for the one before.
            let moment = Some((applied.write_id, entry.at));
            if last != moment {
                self.applied.applied.push(applied);
            }
            last = moment;
        }
    }
}

/// The entry about a write's own row; the others tell of what followed.
fn applied(entry: &audit_log::Model, receipt: &receipt::Model) -> Option<Applied> {
    if (&entry.table_name, entry.row_id) != (&receipt.table_name, receipt.row_id) {
        return None;
    }
    let table = Table::from_name(&entry.table_name)?;
    let row = |text: &Option<String>| {
        let columns = serde_json::from_str(text.as_ref()?).ok()?;
        Row::from_pg_json(table, &columns).ok()
    };
    Some(Applied {
        write_id: WriteId(receipt.write_id.0),
        author: UserId(receipt.user_id.0),
        table,
        row_id: RowId(entry.row_id.0),
        operation: serde_json::from_value(entry.operation.as_str().into()).ok()?,
        before: row(&entry.old_row),
        after: row(&entry.new_row),
        is_adopted: entry.on_behalf_of.is_some(),
    })
}
