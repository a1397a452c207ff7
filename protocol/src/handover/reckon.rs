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
mod tests;
