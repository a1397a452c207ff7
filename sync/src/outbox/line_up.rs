//! What two tabs of one tablet did to a row at the same moment is done one after the other.
//!
//! A tab hears of another's tap some milliseconds late. What was tapped in between names the same base as the other's write, and
//! the server would take it for a conflict: of a person with themselves. So the later one is made to build on the earlier, as if its tab
//! had heard in time. It is the same person's tablet, and their last word counts.
//!
//! **Invariant:** nothing is lined up behind a write that holds changes of others which the later one's author did not see.

use super::{OutboxRecord, WriteState};
use domain::{RowId, Table};
use std::collections::HashMap;

/// The records that must build on an earlier one of the same row and do not yet. `records` are one user's, in order of `seq`.
pub fn line_up(records: &[OutboxRecord]) -> Vec<OutboxRecord> {
    let mut latest: HashMap<(Table, RowId), OutboxRecord> = HashMap::new();
    // The latest changes of others that the row's line holds.
    let mut merged_with: HashMap<(Table, RowId), Option<i64>> = HashMap::new();
    let mut lined_up = Vec::new();
    for record in records.iter().filter(|record| record.state.is_waiting() || record.state == WriteState::Acked) {
        let row = (record.table, record.row_id);
        let behind = latest
            .get(&row)
            .filter(|earlier| has_missed(record, earlier, merged_with.get(&row).copied().flatten()));
        let standing = behind.map_or_else(|| record.clone(), |earlier| behind_it(record, earlier));
        if behind.is_some() {
            lined_up.push(standing.clone());
        }
        let merged = merged_with.entry(row).or_default();
        *merged = (*merged).max(standing.rebased_on);
        latest.insert(row, standing);
    }
    lined_up
}

/// Whether the later one was made in a tab that had not heard of the earlier one.
fn has_missed(later: &OutboxRecord, earlier: &OutboxRecord, merged_with: Option<i64>) -> bool {
    // What may be applied is: where it stands in the line is not for this device to say any more.
    let is_unsent = later.state == WriteState::Pending && !later.is_unanswered;
    let knows = later.depends_on.contains(&earlier.write_id);
    let has_seen_result = earlier.receipt.as_ref().is_some_and(|receipt| later.base_version >= receipt.version);
    // Made on the synced version on purpose: see [`super::draft`].
    let holds_unseen = merged_with > later.base_version;
    is_unsent && !knows && !has_seen_result && !holds_unseen
}

fn behind_it(later: &OutboxRecord, earlier: &OutboxRecord) -> OutboxRecord {
    let mut later = later.clone();
    later.depends_on.push(earlier.write_id);
    for (column, change) in &mut later.changes {
        if let Some(before) = earlier.changes.get(column).filter(|before| !before.predicted) {
            change.from = before.to.clone();
        }
    }
    later
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
            }),
            ..record
        }
        .in_state(WriteState::Acked)
    }

    #[test]
    fn taps_of_two_tabs_become_a_chain() {
        let records = [write(1, "a", "b"), write(2, "a", "c"), write(3, "a", "d")];
        let lined_up = line_up(&records);
        let told: Vec<_> = lined_up
            .iter()
            .map(|record| (record.seq, &record.depends_on[..], &record.changes["notes"].from))
            .collect();
        assert_eq!(told, [(2, &[id(1)][..], &json!("b")), (3, &[id(2)][..], &json!("c"))]);
        assert_eq!(line_up(&[records[0].clone(), lined_up[0].clone(), lined_up[1].clone()]), []);
    }

    #[test]
    fn a_write_that_was_applied_unheard_is_built_on_too() {
        let records = [applied(6, write(1, "a", "b")), write(2, "a", "c")];
        assert_eq!(line_up(&records)[0].depends_on, [id(1)]);
        let seen = OutboxRecord {
            base_version: Some(6),
            ..write(2, "b", "c")
        };
        assert_eq!(line_up(&[records[0].clone(), seen]), []);
    }

    #[test]
    fn nothing_is_put_behind_what_its_author_has_not_seen() {
        let rebased = OutboxRecord {
            base_version: Some(8),
            rebased_on: Some(8),
            ..write(1, "a", "b")
        };
        assert_eq!(line_up(&[rebased, write(2, "a", "c")]), []);
    }

    #[test]
    fn what_is_refused_or_on_its_way_is_left_alone() {
        assert_eq!(line_up(&[write(1, "a", "b").in_state(WriteState::Rejected), write(2, "a", "c")]), []);
        assert_eq!(line_up(&[write(1, "a", "b"), write(2, "a", "c").in_state(WriteState::Sending)]), []);
        let unanswered = OutboxRecord {
            is_unanswered: true,
            ..write(2, "a", "c")
        };
        assert_eq!(line_up(&[write(1, "a", "b"), unanswered]), []);
    }
}
