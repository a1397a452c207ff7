//! The browser clears the database under an open app, and a page stores again what it holds (`browser/src/store/recovery.rs`).
//!
//! **Invariant:** what an open page shows as waiting is in the store again before that page reads from the new one.

use crate::{
    coverage::Fault,
    device::{Device, Signal, tab::Tab},
    disk::{Disk, Hand, at_once},
    world::World,
};
use domain::{Row, RowId, Table, WriteId};
use std::{collections::BTreeSet, rc::Rc};
use sync::{LocalView, OutboxRecord, Store};

/// What a page holds of a store.
struct Holdings {
    session: Option<crate::device::session::Session>,
    writes: Vec<OutboxRecord>,
    rows: Vec<Row>,
}

impl World {
    /// Storage is short, or somebody has cleared “site data”: all is gone but what open pages hold.
    pub fn clear_database(&self, device: &Device) {
        self.met(Fault::StorageCleared, device);
        let tabs = device.tabs.borrow();
        // What is over may leave a page at any moment; nobody stores it again.
        let open: BTreeSet<WriteId> = device.disk.records().iter().map(|record| record.write_id).collect();
        let held = held_by(&tabs).intersection(&open).copied().collect();
        self.ledger.borrow_mut().cleared(device.number, &held);
        // Values come back as the page shows them, which may be older than what was decided in another.
        self.promises.borrow_mut().forgive_device(device.number);
        device.disk.outlived.take();
        device.disk.clear();
        for tab in tabs.iter() {
            // The connection is closed, and each looks at once.
            let looking = tab.clone();
            tab.spawn(async move { looking.reload_session().await });
        }
    }
}

impl Disk {
    fn clear(&self) {
        self.memory.clear();
        self.session.replace(None);
        self.seals.borrow_mut().clear();
        self.keys.borrow_mut().clear();
        self.newest_seq.set(0);
        self.birth.set(self.birth.get() + 1);
        self.is_named.set(false);
        self.look_again();
    }

    /// Gives the writes that were missing.
    fn restore(&self, held: Holdings) -> Vec<OutboxRecord> {
        if !self.is_named.replace(true) {
            self.session.replace(held.session);
            self.memory.take_over(vec![], held.rows);
        }
        let (open, over) = (self.records(), at_once(self.memory.history(usize::MAX)));
        let mut last_seq = self.newest_seq.get();
        let mut taken: BTreeSet<u64> = open.iter().chain(&over).map(|record| record.seq).collect();
        let mut missing = vec![];
        for mut record in held.writes {
            let is_same = |known: &&OutboxRecord| known.write_id == record.write_id;
            match open.iter().find(is_same) {
                Some(known) if known.revision >= record.revision => continue,
                Some(known) => record.seq = known.seq,
                None if over.iter().any(|known| known.write_id == record.write_id) => continue,
                None => {
                    record = record.stored_again();
                    if taken.contains(&record.seq) {
                        record.seq = last_seq + 1;
                    }
                }
            }
            taken.insert(record.seq);
            last_seq = last_seq.max(record.seq);
            missing.push(record);
        }
        self.memory.take_over(missing.clone(), vec![]);
        self.newest_seq.set(last_seq);
        missing
    }
}

impl Hand {
    /// Whether this is the database that it was; where it is not, it gets what the page holds.
    pub(crate) fn recognise(&self) {
        let birth = self.disk.birth.get();
        let known = self.disk.known.borrow_mut().insert(self.process, birth);
        if known == Some(birth) {
            return;
        }
        let devices = self.world.devices.borrow();
        let Some(device) = devices.get(self.disk.device) else { return };
        let is_ours = |tab: &&Rc<Tab>| known.is_some() && tab.process == self.process;
        let tab = device.tabs.borrow().iter().find(is_ours).cloned();
        // A worker holds nothing, nor does a page that has just begun.
        let Some(tab) = tab else { return self.disk.is_named.set(true) };
        let restored = self.disk.restore(tab.holdings());
        self.disk.look_again();
        self.world
            .tell(|| format!("device {}: tab {} stores {} changes again", device.number, self.process.0, restored.len()));
        let (mut ledger, mut promises) = (self.world.ledger.borrow_mut(), self.world.promises.borrow_mut());
        ledger.restored(&restored);
        restored.iter().for_each(|record| promises.stored(record));
        tab.spawn(tab.clone().go_on_with_new_storage());
    }
}

/// What the pages of a device know to be stored.
pub fn held_by(tabs: &[Rc<Tab>]) -> BTreeSet<WriteId> {
    let held = |tab: &Rc<Tab>| tab.holdings().writes.into_iter().map(|record| record.write_id).collect::<Vec<_>>();
    tabs.iter().flat_map(held).collect()
}

impl Tab {
    fn holdings(&self) -> Holdings {
        let view = self.view.borrow();
        let mut writes: Vec<_> = view.writes().filter(|record| record.seq != 0).cloned().collect();
        writes.sort_by_key(|record| record.seq);
        Holdings {
            session: self.session.borrow().clone(),
            writes,
            rows: synced_rows(&view),
        }
    }

    async fn go_on_with_new_storage(self: Rc<Self>) {
        self.stop_streams();
        self.start_streams();
        self.reload_session().await;
        self.reload_outbox().await;
        self.beat();
        self.device.tell(self.process, &Signal::OutboxChanged);
    }
}

/// The rows under the overlay: those that are shown, and those that a write hides.
fn synced_rows(view: &LocalView) -> Vec<Row> {
    let shown = Table::ALL.into_iter().flat_map(|table| view.rows(table).map(move |row| (table, row.id())));
    let written = view.writes().map(|record| (record.table, record.row_id));
    let named: BTreeSet<(Table, RowId)> = shown.chain(written).collect();
    named.into_iter().filter_map(|(table, id)| view.synced_row(table, id).cloned()).collect()
}
