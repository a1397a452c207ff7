//! Holds what a device knows of its writes against what the server knows: whether each is applied once, resolved by its user, or waiting.
//!
//! Pure: the server looks up what it knows and hands it in.
//!
//! **Invariant:** every write of the file is counted in one place: applied where the server has its receipt, resolved where its user gave it
//! up, waiting where either side still has it; one that is in none of these is lost, and named.

use super::{DeviceWrite, DeviceWrites, Standing};
use domain::{Mutation, Operation, Row, RowId, Table, UserId, Value, WriteId};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What the server knows of a write.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The stored answer to it, where it was applied.
    pub receipt: Option<KnownReceipt>,
    /// Where it was held for a supervisor, whether they have still to decide.
    pub held: Option<HeldState>,
    /// What the audit log says that it did to its own row, oldest first.
    pub changes: Vec<KnownChange>,
}

/// A receipt, as far as it can be compared.
#[derive(Clone, Debug)]
pub struct KnownReceipt {
    /// Whose write it was.
    pub user_id: UserId,
    /// Which table.
    pub table: Table,
    /// Which row.
    pub row_id: RowId,
    /// The transaction, as the answer named it.
    pub txid: Option<String>,
    /// Whether it was for just what the device says that it wrote.
    pub is_same_content: bool,
}

/// How a held write stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldState {
    /// A supervisor has still to decide.
    Waiting,
    /// A supervisor has decided.
    Decided,
}

/// One entry of the audit log.
#[derive(Clone, Debug)]
pub struct KnownChange {
    /// Microseconds since 1970: all that one request did has one time.
    pub at_micros: i64,
    /// The row after it; none after a delete.
    pub after: Option<Row>,
}

/// What came of the comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reckoning {
    /// Writes in the file.
    pub enqueued: usize,
    /// Those that the server has a receipt of.
    pub applied: usize,
    /// Of these, those that the device has not heard of yet.
    pub applied_unheard: usize,
    /// Those that their user gave up.
    pub resolved: usize,
    /// Those that go by themselves, wait for their user or for a supervisor.
    pub waiting: usize,
    /// Everything that does not agree.
    pub discrepancies: Vec<Discrepancy>,
}

/// Something that does not agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Discrepancy {
    /// The write's place in the device's order; for numbers that are missing, the first of them.
    pub seq: u64,
    /// Which write, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_id: Option<WriteId>,
    /// What is wrong.
    #[serde(flatten)]
    pub wrong: Wrong,
}

/// What can be wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "wrong", rename_all = "kebab-case")]
pub enum Wrong {
    /// Lost: the device believes that it was delivered.
    #[error("the device has a receipt, and the server has none")]
    ReceiptMissing,
    /// Lost: the device believes that a supervisor has it.
    #[error("the device believes that a supervisor has it, and the server knows nothing of it")]
    HeldMissing,
    /// The row changed more than once by it.
    #[error("it was applied {times} times")]
    AppliedTwice {
        /// How often.
        times: usize,
    },
    /// Its id stands for something else on the server.
    #[error("the server’s receipt is for other content")]
    OtherContent,
    /// Somebody else's receipt.
    #[error("the server’s receipt is another person’s")]
    OtherUser,
    /// The row says something else than was written.
    #[error("the row was given another value in {columns}")]
    OtherValues {
        /// Which columns.
        columns: String,
    },
    /// Two answers to one write.
    #[error("the device’s receipt names transaction {device}, the server’s {server}")]
    OtherTransaction {
        /// What the device has.
        device: String,
        /// What the server has.
        server: String,
    },
    /// The row changed, and nobody was told.
    #[error("a row was changed by it without a receipt")]
    ChangedWithoutReceipt,
    /// Its user does not know.
    #[error("its user gave it up, and the server has applied it")]
    GivenUpButApplied,
    /// In somebody else's name.
    #[error("it is another person’s than the file")]
    NotTheFiles,
    /// Without protection from being applied twice.
    #[error("it has no id, or one that another write of the file has")]
    NoIdOfItsOwn,
    /// Two writes in one place.
    #[error("another write of the file has this number")]
    NumberTwice,
    /// Numbers that nothing stands for.
    #[error("numbers up to {until} are missing")]
    NumbersMissing {
        /// The last of them.
        until: u64,
    },
}

impl Reckoning {
    /// Whether enqueued = applied + resolved + waiting, and nothing disagrees.
    pub fn is_right(&self) -> bool {
        self.enqueued == self.applied + self.resolved + self.waiting && self.discrepancies.is_empty()
    }

    /// Writes that are nowhere.
    pub const fn lost(&self) -> usize {
        self.enqueued - self.applied - self.resolved - self.waiting
    }

    fn note(&mut self, write: &DeviceWrite, wrong: Wrong) {
        self.discrepancies.push(Discrepancy {
            seq: write.seq,
            write_id: write.write.write_id,
            wrong,
        });
    }
}

/// Compares a device's writes with what the server knows of them. On a device that several people use, numbers are missing that are the
/// others' (`is_shared`).
pub fn reckon(device: &DeviceWrites, known: &HashMap<WriteId, Known>, is_shared: bool) -> Reckoning {
    let mut reckoning = Reckoning {
        enqueued: device.writes.len(),
        ..Reckoning::default()
    };
    let mut ids = BTreeSet::new();
    for write in &device.writes {
        let id = write.write.write_id.filter(|id| ids.insert(*id));
        if id.is_none() {
            reckoning.note(write, Wrong::NoIdOfItsOwn);
        }
        if write.user_id != device.user.id {
            reckoning.note(write, Wrong::NotTheFiles);
        }
        let nothing = Known::default();
        let known = id.and_then(|id| known.get(&id)).unwrap_or(&nothing);
        count(&mut reckoning, write, known);
        compare(&mut reckoning, write, known);
    }
    number(&mut reckoning, device, is_shared);
    reckoning.discrepancies.sort_by_key(|discrepancy| discrepancy.seq);
    reckoning
}

/// Puts the write where it belongs.
fn count(reckoning: &mut Reckoning, write: &DeviceWrite, known: &Known) {
    let is_applied = known.receipt.is_some();
    match (write.standing, is_applied) {
        (Standing::Discarded, true) => {
            reckoning.applied += 1;
            reckoning.note(write, Wrong::GivenUpButApplied);
        }
        (Standing::Applied, true) => reckoning.applied += 1,
        (Standing::Waiting | Standing::NeedsUser | Standing::Held, true) => {
            reckoning.applied += 1;
            reckoning.applied_unheard += 1;
        }
        (Standing::Discarded, false) => reckoning.resolved += 1,
        (Standing::Applied, false) => reckoning.note(write, Wrong::ReceiptMissing),
        (Standing::Held, false) if known.held.is_none() => reckoning.note(write, Wrong::HeldMissing),
        (Standing::Waiting | Standing::NeedsUser | Standing::Held, false) => reckoning.waiting += 1,
    }
}

/// Holds what was done against what was written.
fn compare(reckoning: &mut Reckoning, write: &DeviceWrite, known: &Known) {
    let times: BTreeSet<i64> = known.changes.iter().map(|change| change.at_micros).collect();
    if times.len() > 1 {
        reckoning.note(write, Wrong::AppliedTwice { times: times.len() });
    }
    let Some(receipt) = &known.receipt else {
        if !times.is_empty() {
            reckoning.note(write, Wrong::ChangedWithoutReceipt);
        }
        return;
    };
    if receipt.user_id != write.user_id {
        reckoning.note(write, Wrong::OtherUser);
    }
    if !receipt.is_same_content {
        reckoning.note(write, Wrong::OtherContent);
    } else if let Some(columns) = other_values(write, receipt, known) {
        reckoning.note(write, Wrong::OtherValues { columns });
    }
    if let (Some(device), Some(server)) = (&write.txid, &receipt.txid)
        && device != server
    {
        let (device, server) = (device.clone(), server.clone());
        reckoning.note(write, Wrong::OtherTransaction { device, server });
    }
}

/// The columns that were written and stand otherwise in the row that the write left.
fn other_values(write: &DeviceWrite, receipt: &KnownReceipt, known: &Known) -> Option<String> {
    let wire = &write.write;
    let after = known.changes.first()?.after.as_ref()?;
    if matches!(wire.operation, Operation::Approve | Operation::Reject) {
        return None;
    }
    let mutation = Mutation::read(receipt.table, receipt.row_id, wire.operation, &wire.data).ok()?;
    // What was left empty the server may have filled in.
    let written = mutation.data.iter().filter(|(_, value)| *value != Value::Null);
    let other = written.filter(|(index, value)| after.at(*index) != value);
    let names: Vec<&str> = other.map(|(index, _)| receipt.table.columns()[*index].name).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// Numbers that stand for two writes, or for none: those before the last that may have been trimmed.
fn number(reckoning: &mut Reckoning, device: &DeviceWrites, is_shared: bool) {
    let mut by_seq: BTreeMap<u64, &DeviceWrite> = BTreeMap::new();
    for write in &device.writes {
        if by_seq.insert(write.seq, write).is_some() {
            reckoning.note(write, Wrong::NumberTwice);
        }
    }
    let missing = by_seq.iter().zip(by_seq.keys().skip(1)).filter(|((seq, before), next)| {
        let may_be_trimmed = before.made_at_ms < device.complete_since_ms;
        **next > **seq + 1 && !may_be_trimmed && !is_shared
    });
    let missing: Vec<Discrepancy> = missing
        .map(|((seq, _), next)| Discrepancy {
            seq: seq + 1,
            write_id: None,
            wrong: Wrong::NumbersMissing { until: next - 1 },
        })
        .collect();
    reckoning.discrepancies.extend(missing);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{User, WireWrite};
    use domain::{DeviceId, Role};
    use serde_json::{Map, json};
    use uuid::Uuid;

    const MARIA: UserId = UserId(Uuid::from_u128(1));
    const ROW: RowId = RowId(Uuid::from_u128(9));

    fn write(seq: u64, standing: Standing) -> DeviceWrite {
        DeviceWrite {
            seq,
            user_id: MARIA,
            made_at_ms: 1_000 + seq as i64,
            standing,
            txid: (standing == Standing::Applied).then(|| seq.to_string()),
            write: WireWrite {
                table: Some("turns".to_owned()),
                operation: Operation::Update,
                write_id: Some(id(seq)),
                row_id: Some(ROW),
                version: Some(1),
                data: Map::from_iter([("notes".to_owned(), json!(seq.to_string()))]),
                metadata: crate::WriteMetadata::default(),
                after: vec![],
            },
        }
    }

    fn id(seq: u64) -> WriteId {
        WriteId(Uuid::from_u128(100 + u128::from(seq)))
    }

    fn file(writes: Vec<DeviceWrite>) -> DeviceWrites {
        DeviceWrites {
            version: 1,
            device_id: DeviceId(Uuid::from_u128(2)),
            user: User {
                id: MARIA,
                email: "maria@example.com".to_owned(),
                name: "Maria".to_owned(),
                role: Role::PropertyManager,
                vendor_id: None,
                must_change_password: false,
            },
            exported_at_ms: 9_000,
            complete_since_ms: 0,
            writes,
        }
    }

    fn applied(seq: u64) -> Known {
        let mut after = Row::blank(Table::Turns);
        after.set("notes", Value::text(seq.to_string()));
        Known {
            receipt: Some(KnownReceipt {
                user_id: MARIA,
                table: Table::Turns,
                row_id: ROW,
                txid: Some(seq.to_string()),
                is_same_content: true,
            }),
            held: None,
            changes: vec![KnownChange {
                at_micros: 7,
                after: Some(after),
            }],
        }
    }

    fn held() -> Known {
        Known {
            held: Some(HeldState::Waiting),
            ..Known::default()
        }
    }

    fn wrongs(device: &DeviceWrites, known: HashMap<WriteId, Known>) -> Vec<(u64, Wrong)> {
        let reckoning = reckon(device, &known, false);
        assert!(!reckoning.is_right());
        reckoning.discrepancies.into_iter().map(|found| (found.seq, found.wrong)).collect()
    }

    #[test]
    fn every_write_is_somewhere() {
        let all = [
            Standing::Applied,
            Standing::Waiting,
            Standing::NeedsUser,
            Standing::Held,
            Standing::Discarded,
            Standing::Waiting,
        ];
        let device = file((1..).zip(all).map(|(seq, standing)| write(seq, standing)).collect());
        let known = HashMap::from([(id(1), applied(1)), (id(4), held()), (id(6), applied(6))]);
        let reckoning = reckon(&device, &known, false);
        assert_eq!(reckoning.discrepancies, []);
        assert_eq!(
            (
                reckoning.enqueued,
                reckoning.applied,
                reckoning.applied_unheard,
                reckoning.resolved,
                reckoning.waiting
            ),
            (6, 2, 1, 1, 3)
        );
        assert!(reckoning.is_right());
    }

    #[test]
    fn what_the_device_believes_and_the_server_has_not_is_lost() {
        let device = file(vec![write(1, Standing::Applied), write(2, Standing::Held)]);
        assert_eq!(wrongs(&device, HashMap::new()), [(1, Wrong::ReceiptMissing), (2, Wrong::HeldMissing)]);
        assert_eq!(reckon(&device, &HashMap::new(), false).lost(), 2);
    }

    #[test]
    fn what_was_done_is_held_against_what_was_written() {
        let device = file((1..=6).map(|seq| write(seq, Standing::Applied)).collect());
        let mut known: HashMap<_, _> = (1..=6).map(|seq| (id(seq), applied(seq))).collect();
        let twice = known.get_mut(&id(1)).unwrap();
        twice.changes.push(KnownChange {
            at_micros: 8,
            ..twice.changes[0].clone()
        });
        known.get_mut(&id(2)).unwrap().receipt.as_mut().unwrap().is_same_content = false;
        known.insert(id(3), applied(33));
        known.get_mut(&id(3)).unwrap().receipt.as_mut().unwrap().txid = Some("3".to_owned());
        known.get_mut(&id(4)).unwrap().receipt.as_mut().unwrap().txid = Some("44".to_owned());
        known.get_mut(&id(5)).unwrap().receipt.as_mut().unwrap().user_id = UserId(Uuid::nil());
        known.get_mut(&id(6)).unwrap().receipt = None;
        let (device_tx, server_tx) = ("4".to_owned(), "44".to_owned());
        assert_eq!(
            wrongs(&device, known),
            [
                (1, Wrong::AppliedTwice { times: 2 }),
                (2, Wrong::OtherContent),
                (3, Wrong::OtherValues { columns: "notes".to_owned() }),
                (
                    4,
                    Wrong::OtherTransaction {
                        device: device_tx,
                        server: server_tx
                    }
                ),
                (5, Wrong::OtherUser),
                (6, Wrong::ReceiptMissing),
                (6, Wrong::ChangedWithoutReceipt),
            ]
        );
    }

    #[test]
    fn what_was_given_up_and_applied_is_told() {
        let device = file(vec![write(1, Standing::Discarded)]);
        assert_eq!(wrongs(&device, HashMap::from([(id(1), applied(1))])), [(1, Wrong::GivenUpButApplied)]);
    }

    #[test]
    fn numbers_are_whole_since_nothing_is_trimmed() {
        let mut device = file([1, 2, 5, 5].map(|seq| write(seq, Standing::Discarded)).to_vec());
        device.writes[3].write.write_id = Some(id(6));
        assert_eq!(
            wrongs(&device, HashMap::new()),
            [(3, Wrong::NumbersMissing { until: 4 }), (5, Wrong::NumberTwice)]
        );
        device.writes.pop();
        assert!(reckon(&device, &HashMap::new(), true).is_right(), "on a shared tablet they are somebody else’s");
        device.complete_since_ms = 1_003;
        assert!(reckon(&device, &HashMap::new(), false).is_right(), "they may have been trimmed");
        device.writes[1].write.write_id = Some(id(1));
        device.writes[2].user_id = UserId(Uuid::nil());
        assert_eq!(wrongs(&device, HashMap::new()), [(2, Wrong::NoIdOfItsOwn), (5, Wrong::NotTheFiles)]);
    }
}
