//! Stores taps in their order, and takes back what could not be stored (`browser/src/device/keeper.rs`).
//!
//! **Invariant:** a write is stored after all that it builds on, or not at all.

use super::{Signal, tab::Tab};
use domain::WriteId;
use futures::{StreamExt, channel::mpsc::UnboundedReceiver};
use std::{collections::HashSet, rc::Rc};
use sync::{OutboxRecord, Store, Touched};

/// A write that is shown and not yet stored.
pub struct Parcel {
    /// What is to be stored.
    pub record: OutboxRecord,
}

impl Tab {
    pub(super) async fn keep(self: Rc<Self>, mut inbox: UnboundedReceiver<Parcel>) {
        let mut lost: HashSet<WriteId> = HashSet::new();
        while let Some(first) = inbox.next().await {
            let mut parcels = vec![first];
            while let Ok(next) = inbox.try_recv() {
                parcels.push(next);
            }
            let (orphans, sound): (Vec<_>, Vec<_>) = parcels.into_iter().partition(|parcel| {
                let is_orphan = parcel.record.depends_on.iter().any(|id| lost.contains(id));
                if is_orphan {
                    lost.insert(parcel.record.write_id);
                }
                is_orphan
            });
            self.take_back(&orphans);
            if sound.is_empty() {
                continue;
            }
            let drafts = sound.iter().map(|parcel| parcel.record.clone()).collect();
            match self.hand().enqueue(drafts).await {
                Ok(stored) => {
                    self.show_stored(stored);
                    self.device.tell(self.process, &Signal::OutboxChanged);
                    self.beat();
                }
                Err(_) => {
                    lost.extend(sound.iter().map(|parcel| parcel.record.write_id));
                    self.take_back(&sound);
                }
            }
        }
    }

    /// Gives the shown writes the number that the store gave them, unless something newer is known by now.
    fn show_stored(&self, stored: Vec<OutboxRecord>) {
        let user = self.user_id();
        self.change(|view| {
            let mut touched = Touched::default();
            for record in stored.into_iter().filter(|record| Some(record.user_id) == user) {
                let is_newer_known = view
                    .unsettled_writes(record.table, record.row_id)
                    .any(|known| known.write_id == record.write_id && known.seq != 0);
                if !is_newer_known {
                    touched.extend(view.put_write(record));
                }
            }
            touched
        });
    }

    fn take_back(&self, parcels: &[Parcel]) {
        for parcel in parcels {
            self.device.world.promises.borrow_mut().taken_back(parcel.record.write_id);
            self.change(|view| view.remove_write(parcel.record.write_id));
        }
    }
}
