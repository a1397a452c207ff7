//! What was promised to users, and what became of it at the server.
//!
//! **Invariant:** the ledger only watches; nothing that is simulated reads it.

use crate::server::Applied;
use domain::{RowId, Table, UserId, WriteId};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use sync::OutboxRecord;

/// One write that was stored on a device: from then on it must not be lost.
#[derive(Clone, Debug)]
pub struct Promised {
    /// Whose.
    pub owner: UserId,
    /// Where.
    pub device: usize,
    /// In which order.
    pub seq: u64,
    /// Which table.
    pub table: Table,
    /// Which row.
    pub row_id: RowId,
    /// What its author saw when it was made, by column.
    pub saw: BTreeMap<String, Json>,
    /// How often the server applied it.
    pub times_applied: u32,
    /// Its user gave it up.
    pub is_discarded: bool,
    /// Its user sent it again after it was refused: it comes after later ones.
    pub is_resent: bool,
    /// An answer with its receipt reached the device.
    pub is_heard: bool,
    /// The server has refused it at least once.
    pub was_refused: bool,
    /// It was handed over in a file: it may come from there, too, or first.
    pub is_handed_over: bool,
    /// Its user gave it up at sign-out, or the browser has cleared it while no page held it.
    pub may_be_gone: bool,
    /// A page has stored it again as it knew it.
    pub is_restored: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Ledger {
    promised: BTreeMap<WriteId, Promised>,
    /// Envelopes of other versions of the app, by device.
    foreign: Vec<(usize, Json)>,
    applied_count: usize,
    /// What pages hold of a database that was cleared, by device.
    owed: BTreeSet<(usize, WriteId)>,
    /// The latest number of a user's on a device that was applied to a row.
    latest: BTreeMap<(usize, UserId, Table, RowId), u64>,
}

impl Ledger {
    /// A write is on the disk; again, perhaps, where the database was cleared before its page had heard of it. It may have gone out meanwhile.
    pub fn stored(&mut self, device: usize, record: &OutboxRecord) {
        if let Some(promised) = self.promised.get_mut(&record.write_id) {
            promised.seq = record.seq;
            return self.restored(std::slice::from_ref(record));
        }
        let promised = Promised {
            owner: record.user_id,
            device,
            seq: record.seq,
            table: record.table,
            row_id: record.row_id,
            saw: record.changes.iter().map(|(column, change)| (column.clone(), change.from.clone())).collect(),
            times_applied: 0,
            is_discarded: false,
            is_resent: false,
            is_heard: false,
            was_refused: false,
            is_handed_over: false,
            may_be_gone: false,
            is_restored: false,
        };
        self.promised.insert(record.write_id, promised);
    }

    /// An envelope of another version lies on a device.
    pub fn foreign(&mut self, device: usize, raw: Json) {
        self.foreign.push((device, raw));
    }

    /// How many applications have been looked at.
    pub const fn applied_count(&self) -> usize {
        self.applied_count
    }

    /// The server has applied a write; the law that this breaks, if it does.
    pub fn applied(&mut self, applied: &Applied) -> Option<String> {
        self.applied_count += 1;
        let id = applied.write_id;
        let promised = self.promised.get_mut(&id)?;
        promised.times_applied += 1;
        if promised.times_applied > 1 {
            return Some(format!("{} was applied {} times", crate::disk::short(id), promised.times_applied));
        }
        if promised.owner != applied.author {
            return Some(format!("{} was applied under somebody else’s session", crate::disk::short(id)));
        }
        let (key, seq) = ((promised.device, promised.owner, promised.table, promised.row_id), promised.seq);
        // A supervisor’s decision comes when it comes.
        if promised.is_resent || applied.is_adopted {
            return None;
        }
        let latest = self.latest.insert(key, seq);
        (latest > Some(seq)).then(|| format!("{} overtook an earlier write to its row", crate::disk::short(id)))
    }

    /// An answer with this write's receipt reached its device.
    pub fn heard(&mut self, id: WriteId) {
        if let Some(promised) = self.promised.get_mut(&id) {
            promised.is_heard = true;
        }
    }

    /// Its user decided.
    pub fn decided(&mut self, id: WriteId, is_discarded: bool) {
        if let Some(promised) = self.promised.get_mut(&id) {
            promised.is_discarded |= is_discarded;
            promised.is_resent |= !is_discarded;
        }
    }

    /// Its user gives up whatever it is, or was.
    pub fn gone(&mut self, id: WriteId) {
        if let Some(promised) = self.promised.get_mut(&id) {
            (promised.is_discarded, promised.may_be_gone) = (true, true);
        }
    }

    /// Their envelopes of other versions go, too.
    pub fn gone_foreign(&mut self, device: usize, raw: &Json) {
        self.foreign.retain(|(of, known)| (*of, known) != (device, raw));
    }

    /// The server has refused it.
    pub fn refused(&mut self, id: WriteId) {
        if let Some(promised) = self.promised.get_mut(&id) {
            promised.was_refused = true;
        }
    }

    /// It is in a file that will be imported.
    pub fn handed_over(&mut self, id: WriteId) {
        if let Some(promised) = self.promised.get_mut(&id) {
            promised.is_handed_over = true;
        }
    }

    /// The browser has cleared a device's database. Numbers begin again. What an open page holds must come again.
    pub fn cleared(&mut self, device: usize, held: &BTreeSet<WriteId>) {
        self.foreign.retain(|(of, _)| *of != device);
        self.latest.retain(|(of, ..), _| *of != device);
        for (id, promised) in self.promised.iter_mut().filter(|(_, promised)| promised.device == device) {
            promised.may_be_gone |= !held.contains(id);
        }
        self.owed.extend(held.iter().map(|id| (device, *id)));
    }

    /// A page has ended, or holds somebody else's; what no other page of the device holds, and was not stored again before, is gone.
    pub fn page_ended(&mut self, device: usize, held_by_others: &BTreeSet<WriteId>) {
        let is_lost = |(of, id): &(usize, WriteId)| *of == device && !held_by_others.contains(id);
        for (_, id) in self.owed.extract_if(.., is_lost) {
            self.promised.entry(id).and_modify(|promised| promised.may_be_gone = true);
        }
    }

    /// Whether pages of a device still have something to store again.
    pub fn is_owed_by(&self, device: usize) -> bool {
        self.owed.iter().any(|(of, _)| *of == device)
    }

    /// A page has stored these again: they are there.
    pub fn restored(&mut self, records: &[OutboxRecord]) {
        for record in records {
            self.owed.retain(|(_, id)| *id != record.write_id);
            if let Some(promised) = self.promised.get_mut(&record.write_id) {
                (promised.may_be_gone, promised.is_restored) = (false, true);
            }
        }
    }

    /// The server holds it for a supervisor: what its user writes later may be applied before.
    pub fn held(&mut self, id: WriteId) {
        if let Some(promised) = self.promised.get_mut(&id) {
            promised.is_resent = true;
        }
    }

    /// Everything that was promised on a device.
    pub fn on_device(&self, device: usize) -> impl Iterator<Item = (&WriteId, &Promised)> {
        self.promised.iter().filter(move |(_, promised)| promised.device == device)
    }

    /// One promise.
    pub fn promised(&self, id: WriteId) -> Option<&Promised> {
        self.promised.get(&id)
    }

    /// The foreign envelopes of a device.
    pub fn foreign_on(&self, device: usize) -> impl Iterator<Item = &Json> {
        self.foreign.iter().filter(move |(of, _)| *of == device).map(|(_, raw)| raw)
    }

    /// How many writes were promised.
    pub fn count(&self) -> usize {
        self.promised.len()
    }
}
