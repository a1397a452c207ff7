//! How long what is over is kept on the device.
//!
//! A clock that is wrong by a year would make everything old, or nothing. So age is counted along the device's own order: from write to
//! write and on to now, each gap as the clock says, but none of them negative and none longer than a week. Being wrong for a while adds a week.
//!
//! **Invariant:** nothing goes that both the order and the clock do not call old, or by whose receipt a waiting write may still be its author's own work.

use super::{OutboxRecord, Stored};
use crate::store::Store;
use domain::{RowId, Table, WriteId};
use std::{cmp::Reverse, collections::HashSet};

/// How long what is over can be looked at.
pub const KEPT_MS: i64 = 30 * DAY_MS;
/// The note with the number up to which the history may have gaps, written before it gets them. Without it nothing is known of what lay
/// there before.
pub const GAPS_NOTE: &str = "history-gaps-until";

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// More than this a gap between two writes does not count.
const LONGEST_GAP_MS: i64 = 7 * DAY_MS;

/// Whether it is time to look again, a day after the last time; a clock that was set back says nothing.
pub fn is_to_be_trimmed(last_ms: Option<i64>, now_ms: i64) -> bool {
    last_ms.is_none_or(|last_ms| !(0..DAY_MS).contains(&now_ms.saturating_sub(last_ms)))
}

/// Forgets what has been over for long enough, and notes up to where.
pub async fn trim<S: Store>(store: &S, now_ms: i64) -> Result<(), S::Error> {
    let gaps_until = gaps_until(store).await?;
    let records = records(store).await?;
    let outlived = outlived(&records, now_ms);
    let newest = |mut seqs: Vec<u64>| seqs.drain(..).max().unwrap_or(0);
    let until = match gaps_until {
        Some(before) => before.max(newest(outlived.iter().map(|record| record.seq).collect())),
        None => newest(records.iter().map(|record| record.seq).collect()),
    };
    if gaps_until != Some(until) {
        // First: a gap that is noted and is none hides little; one that is not noted looks like a loss.
        store.set_note(GAPS_NOTE, Some(&until.to_string())).await?;
    }
    let ids: Vec<WriteId> = outlived.iter().map(|record| record.write_id).collect();
    if ids.is_empty() { Ok(()) } else { store.forget_history(&ids).await }
}

/// Every write of the device that can be read, in order.
pub async fn records<S: Store>(store: &S) -> Result<Vec<OutboxRecord>, S::Error> {
    // The outbox first: a write that becomes history meanwhile is found twice, and not never.
    let waiting = store.outbox().await?.into_iter().filter_map(Stored::record);
    let waiting: Vec<OutboxRecord> = waiting.collect();
    let mut records = store.history(usize::MAX).await?;
    let over: HashSet<WriteId> = records.iter().map(|record| record.write_id).collect();
    records.extend(waiting.into_iter().filter(|record| !over.contains(&record.write_id)));
    records.sort_by_key(|record| record.seq);
    Ok(records)
}

/// Before this moment, by the device's clock, some of a user's writes may be missing among `records`, which are all of theirs that are stored.
pub async fn complete_since_ms<S: Store>(store: &S, records: &[OutboxRecord]) -> Result<i64, S::Error> {
    let gaps_until = gaps_until(store).await?;
    let before_gaps = records.iter().filter(|record| gaps_until.is_none_or(|until| record.seq < until));
    Ok(before_gaps.map(|record| record.made_at_ms.saturating_add(1)).max().unwrap_or(0))
}

/// Those of the history that have outlived their time. `records` are the device's, whoever's and in whatever state.
pub fn outlived(records: &[OutboxRecord], now_ms: i64) -> Vec<&OutboxRecord> {
    let waited_for: HashSet<(Table, RowId)> = records
        .iter()
        .filter(|record| !record.state.is_over())
        .map(|record| (record.table, record.row_id))
        .collect();
    let mut latest_first: Vec<&OutboxRecord> = records.iter().collect();
    latest_first.sort_by_key(|record| Reverse(record.seq));
    let (mut age_ms, mut later_ms) = (0_i64, now_ms);
    latest_first.retain(|record| {
        age_ms += later_ms.saturating_sub(record.made_at_ms).clamp(0, LONGEST_GAP_MS);
        later_ms = record.made_at_ms;
        let is_old = age_ms > KEPT_MS && is_old_by_the_clock(record, now_ms);
        is_old && record.state.is_over() && !waited_for.contains(&(record.table, record.row_id))
    });
    latest_first
}

/// A write may have waited long before it was over. A clock by which it is over in the future says nothing.
fn is_old_by_the_clock(record: &OutboxRecord, now_ms: i64) -> bool {
    let received_at_ms = record.receipt.as_ref().map(|receipt| receipt.received_at_ms);
    let over_for_ms = now_ms.saturating_sub(received_at_ms.unwrap_or(record.made_at_ms).max(record.made_at_ms));
    !(0..=KEPT_MS).contains(&over_for_ms)
}

async fn gaps_until<S: Store>(store: &S) -> Result<Option<u64>, S::Error> {
    Ok(store.note(GAPS_NOTE).await?.and_then(|note| note.parse().ok()))
}
