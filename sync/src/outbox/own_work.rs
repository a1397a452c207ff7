//! What its user has made of a row on this device: versions that are nobody else's.
//!
//! Two tabs hear of one another late. What one of them made, the author of the other's tap has not seen on that screen, but has done: it is
//! nothing to have a conflict with.
//!
//! **Invariant:** a version counts as own only where a receipt on this device says so.

use super::{
    OutboxRecord,
    merge::{Merged, merge, rebased},
};
use domain::{Row, RowId, Table, Value};
use serde_json::Value as Json;
use std::collections::{BTreeMap, HashMap};

/// What became of a write that met other versions of its row than the one it was made on.
pub struct Met {
    /// Rebased, or a clash.
    pub merged: Merged,
    /// Whether all these versions were its author's own.
    pub is_own: bool,
}

/// One user's applied writes of this device, by the versions that they made.
pub struct OwnWork<'a> {
    by_row: HashMap<(Table, RowId), BTreeMap<i64, &'a OutboxRecord>>,
}

impl<'a> OwnWork<'a> {
    /// Of one user's records, those that are over too.
    pub fn of(records: impl IntoIterator<Item = &'a OutboxRecord>) -> Self {
        let mut by_row: HashMap<_, BTreeMap<_, _>> = HashMap::new();
        for record in records {
            if let Some(version) = record.receipt.as_ref().and_then(|receipt| receipt.version) {
                by_row.entry((record.table, record.row_id)).or_default().insert(version, record);
            }
        }
        Self { by_row }
    }

    /// What becomes of a write whose row stands at `server`, with own waiting writes over it as in `standing`. Where nobody else has made any of
    /// the versions since its base, its author's last word counts: there is nobody to have a conflict with.
    pub fn meet(&self, record: &OutboxRecord, server: &Row, standing: &Row) -> Met {
        let version = server.version();
        let is_own = record
            .base_version
            .is_some_and(|base| base < version && self.last_since(record, base) >= version);
        let merged = if is_own {
            // It holds no more of others than it did.
            let rebased_on = record.rebased_on;
            Merged::Rebased(Box::new(OutboxRecord {
                rebased_on,
                ..rebased(record.clone(), standing)
            }))
        } else {
            let mut knowing = record.clone();
            for made in self.made_between(record, record.base_version.unwrap_or(0), version) {
                hear_what_stands(&mut knowing, made, standing);
            }
            merge(&knowing, standing)
        };
        Met { merged, is_own }
    }

    /// The write as if its author had seen what they have made of the row in another tab since its base.
    pub fn caught_up(&self, record: &OutboxRecord) -> OutboxRecord {
        let mut caught_up = record.clone();
        if let Some(base) = record.base_version {
            let last = self.last_since(record, base);
            for made in self.made_between(record, base, last) {
                hear(&mut caught_up, made, |_, _| true);
            }
            caught_up.base_version = Some(last);
        }
        caught_up
    }

    /// The last of the versions after `base` that follow one another and were made here.
    fn last_since(&self, record: &OutboxRecord, base: i64) -> i64 {
        let made = self.by_row.get(&(record.table, record.row_id));
        let after = made.into_iter().flat_map(|made| made.range(base + 1..));
        after.zip(base + 1..).take_while(|((version, _), expected)| *version == expected).count() as i64 + base
    }

    fn made_between(&self, record: &OutboxRecord, base: i64, last: i64) -> impl Iterator<Item = &'a OutboxRecord> {
        let made = self.by_row.get(&(record.table, record.row_id)).filter(|_| base < last);
        made.into_iter().flat_map(move |made| made.range(base + 1..=last)).map(|(_, made)| *made)
    }
}

/// Lets a write's author have seen what an earlier own write gave to the columns that it says something about.
pub fn hear(later: &mut OutboxRecord, earlier: &OutboxRecord, is_to_be_heard: impl Fn(&str, &Json) -> bool) {
    for (column, made) in earlier
        .changes
        .iter()
        .filter(|(column, made)| !made.predicted && is_to_be_heard(column, &made.to))
    {
        if let Some(change) = later.changes.get_mut(column) {
            change.from = made.to.clone();
        }
        if let Some(seen) = later.seen.get_mut(column) {
            *seen = made.to.clone();
        }
    }
}

/// The same, as far as what was given still stands.
pub fn hear_what_stands(later: &mut OutboxRecord, earlier: &OutboxRecord, standing: &Row) {
    hear(later, earlier, |column, to| {
        let kind = standing.table().column(column).map(|column| column.kind);
        kind.is_some_and(|kind| Value::from_json(kind, to).is_ok_and(|value| *standing.get(column) == value))
    });
}
