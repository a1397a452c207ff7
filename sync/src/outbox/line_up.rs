//! What two tabs of one tablet did to a row at the same moment is done one after the other.
//!
//! A tab hears of another's tap some milliseconds late. What was tapped in between names the same base as the other's write, and
//! the server would take it for a conflict: of a person with themselves. So the later one is made to build on the earlier, as if its tab
//! had heard in time. It is the same person's tablet, and their last word counts.
//!
//! **Invariant:** nothing is lined up behind a write that holds changes of others which the later one's author did not see.

use super::{
    OutboxRecord, WriteState,
    own_work::{OwnWork, hear},
};
use domain::{RowId, Table};
use std::collections::HashMap;

/// The records that must build on an earlier one of the same row and do not yet, or that have seen less than what they build on though nobody
/// else has changed the row. `records` are one user's, in order of `seq`; `past` is what is known of those that are over.
pub fn line_up(records: &[OutboxRecord], past: &[OutboxRecord]) -> Vec<OutboxRecord> {
    walk(records, past).0
}

/// Whether some record has seen less than what it builds on, and `records` alone do not tell whose that is.
pub fn asks_for_past(records: &[OutboxRecord]) -> bool {
    walk(records, &[]).1
}

fn walk(records: &[OutboxRecord], past: &[OutboxRecord]) -> (Vec<OutboxRecord>, bool) {
    let own = OwnWork::of(records.iter().chain(past));
    let mut lines: HashMap<(Table, RowId), Line> = HashMap::new();
    let (mut lined_up, mut falls_short) = (Vec::new(), false);
    for record in records.iter().filter(|record| record.state.is_waiting() || record.state == WriteState::Acked) {
        let line = lines.entry((record.table, record.row_id)).or_default();
        let moved = line.moved(record, &own);
        let standing = moved.clone().unwrap_or_else(|| record.clone());
        falls_short |= is_unsent(&standing) && standing.base_version < line.base;
        line.take(standing);
        lined_up.extend(moved);
    }
    (lined_up, falls_short)
}

/// Own writes to one row, one after the other.
#[derive(Default)]
struct Line {
    records: Vec<OutboxRecord>,
    /// The greatest version that one of them was made on.
    base: Option<i64>,
    /// The latest changes of others that one of them was merged with.
    merged_with: Option<i64>,
}

impl Line {
    /// The record as it must stand behind the others, where that is another way than it does.
    fn moved(&self, record: &OutboxRecord, own: &OwnWork) -> Option<OutboxRecord> {
        let last = self.records.last().filter(|_| is_unsent(record))?;
        let has_missed = has_missed(record, last);
        if !has_missed && record.base_version >= self.base {
            return None;
        }
        let caught_up = own.caught_up(record);
        // Made on the synced version on purpose: see [`super::draft`].
        let holds_unseen = self.merged_with > caught_up.base_version;
        match has_missed {
            true if !holds_unseen => {
                let mut behind = self.heard_by(caught_up);
                behind.depends_on.push(last.write_id);
                Some(behind)
            }
            false if caught_up.base_version > record.base_version => Some(self.heard_by(caught_up)),
            _ => None,
        }
    }

    fn heard_by(&self, mut later: OutboxRecord) -> OutboxRecord {
        let is_news = |earlier: &&OutboxRecord| {
            let made = earlier.receipt.as_ref().and_then(|receipt| receipt.version);
            made.is_none() || made > later.base_version
        };
        let news: Vec<&OutboxRecord> = self.records.iter().filter(is_news).collect();
        news.into_iter().for_each(|earlier| hear(&mut later, earlier, |_, _| true));
        later
    }

    fn take(&mut self, record: OutboxRecord) {
        self.base = self.base.max(record.base_version);
        self.merged_with = self.merged_with.max(record.rebased_on);
        self.records.push(record);
    }
}

/// What may be applied is: where it stands in the line is not for this device to say any more.
fn is_unsent(record: &OutboxRecord) -> bool {
    record.state == WriteState::Pending && !record.is_unanswered
}

/// Whether the later one was made in a tab that had not heard of the earlier one.
fn has_missed(later: &OutboxRecord, earlier: &OutboxRecord) -> bool {
    let knows = later.depends_on.contains(&earlier.write_id);
    let has_seen_result = earlier.receipt.as_ref().is_some_and(|receipt| later.base_version >= receipt.version);
    // One that was told to build on the later one stays so.
    let is_before = earlier.depends_on.contains(&later.write_id);
    !knows && !has_seen_result && !is_before
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::{Author, Change, Receipt};
    use domain::{DeviceId, Operation, UserId, WriteId};
    use serde_json::json;

    fn id(n: u64) -> WriteId {
        format!("00000000-0000-7000-8000-{n:012}").parse().expect("an id")
    }

    /// The write `n` to row 1: notes from one text to another, made on version 5.
    fn write(n: u64, from: &str, to: &str) -> OutboxRecord {
        let author = Author {
            user_id: UserId(id(90).0),
            device_id: DeviceId(id(91).0),
            write_id: id(n),
            now_ms: 0,
        };
        let change = Change {
            from: json!(from),
            to: json!(to),
            predicted: false,
        };
        OutboxRecord {
            seq: n,
            base_version: Some(5),
            changes: [("notes".to_owned(), change)].into(),
            ..OutboxRecord::new(author, Table::Turns, RowId(id(1).0), Operation::Update)
        }
    }

    fn applied(version: i64, record: OutboxRecord) -> OutboxRecord {
        OutboxRecord {
            receipt: Some(Receipt {
                version: Some(version),
                txid: "1".into(),
                in_shape: true,
                received_at_ms: 0,
                quiet_looks: 0,
                comes_before_row: false,
            }),
            ..record
        }
        .in_state(WriteState::Acked)
    }

    #[test]
    fn taps_of_two_tabs_become_a_chain() {
        let records = [write(1, "a", "b"), write(2, "a", "c"), write(3, "a", "d")];
        let lined_up = line_up(&records, &[]);
        let told: Vec<_> = lined_up
            .iter()
            .map(|record| (record.seq, &record.depends_on[..], &record.changes["notes"].from))
            .collect();
        assert_eq!(told, [(2, &[id(1)][..], &json!("b")), (3, &[id(2)][..], &json!("c"))]);
        assert_eq!(line_up(&[records[0].clone(), lined_up[0].clone(), lined_up[1].clone()], &[]), []);
    }

    #[test]
    fn a_write_that_was_applied_unheard_is_built_on_too() {
        let records = [applied(6, write(1, "a", "b")), write(2, "a", "c")];
        assert_eq!(line_up(&records, &[])[0].depends_on, [id(1)]);
        let seen = OutboxRecord {
            base_version: Some(6),
            ..write(2, "b", "c")
        };
        assert_eq!(line_up(&[records[0].clone(), seen], &[]), []);
    }

    /// One tab made a write on version 7, which is its user's own; the other tab builds on it and has heard of neither.
    #[test]
    fn what_its_author_has_made_elsewhere_counts_as_seen() {
        let on = |version, record| OutboxRecord {
            base_version: Some(version),
            ..record
        };
        let before = [applied(6, write(1, "a", "b")), applied(7, on(6, write(2, "b", "c")))].map(|record| record.in_state(WriteState::Settled));
        let ahead = on(7, write(3, "c", "d"));
        let behind = OutboxRecord {
            depends_on: vec![id(3)],
            ..write(4, "d", "e")
        };
        for (behind, is_known) in [(behind, true), (write(4, "a", "e"), false)] {
            let records = [ahead.clone(), behind];
            assert!(asks_for_past(&records));
            let lined_up = line_up(&records, &before).remove(0);
            let expected = (Some(7), &[id(3)][..], &json!("d"));
            assert_eq!(
                (lined_up.base_version, &lined_up.depends_on[..], &lined_up.changes["notes"].from),
                expected,
                "{is_known}"
            );
            assert!(!asks_for_past(&[ahead.clone(), lined_up.clone()]));
            assert_eq!(line_up(&[ahead.clone(), lined_up], &[]), []);
        }
        // Somebody else's, for all that is known: the server will ask.
        let unseen = line_up(&[ahead, write(4, "a", "e")], &before[..1]).remove(0);
        assert_eq!(unseen.base_version, Some(6));
    }

    #[test]
    fn nothing_is_put_behind_what_its_author_has_not_seen() {
        let rebased = OutboxRecord {
            base_version: Some(8),
            rebased_on: Some(8),
            ..write(1, "a", "b")
        };
        assert_eq!(line_up(&[rebased, write(2, "a", "c")], &[]), []);
    }

    #[test]
    fn what_is_refused_or_on_its_way_is_left_alone() {
        assert_eq!(line_up(&[write(1, "a", "b").in_state(WriteState::Rejected), write(2, "a", "c")], &[]), []);
        assert_eq!(line_up(&[write(1, "a", "b"), write(2, "a", "c").in_state(WriteState::Sending)], &[]), []);
        let unanswered = OutboxRecord {
            is_unanswered: true,
            ..write(2, "a", "c")
        };
        assert_eq!(line_up(&[write(1, "a", "b"), unanswered], &[]), []);
    }
}
