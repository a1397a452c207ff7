//! Stores taps in their order, those of one moment together, and takes back what could not be stored.
//!
//! **Invariant:** a write is stored after all that it builds on, or not at all.

use super::{Inner, News};
use crate::{
    channel::Signal,
    runs::WokenBy,
    store::StoreError,
    timing::{Moment, TAP_TO_DURABLE},
};
use domain::WriteId;
use futures::{
    StreamExt,
    channel::{mpsc::UnboundedReceiver, oneshot},
};
use std::{
    collections::HashSet,
    rc::{Rc, Weak},
};
use sync::{OutboxRecord, Store};

/// A write that is shown and not yet stored.
pub(super) struct Parcel {
    pub record: OutboxRecord,
    /// When it was tapped.
    pub begun: Option<Moment>,
    /// Told when it is stored, or why it is not.
    pub durable: Option<oneshot::Sender<Result<(), StoreError>>>,
}

/// Runs as long as the device.
pub(super) async fn keep(device: Weak<Inner>, mut inbox: UnboundedReceiver<Parcel>) {
    let mut lost = HashSet::new();
    while let Some(first) = inbox.next().await {
        let mut parcels = vec![first];
        while let Ok(next) = inbox.try_recv() {
            parcels.push(next);
        }
        let Some(device) = device.upgrade() else { return };
        let (orphans, sound) = sort(parcels, &mut lost);
        device.take_back(orphans, &StoreError::Browser("a change that this one builds on could not be kept".to_owned()));
        if !sound.is_empty()
            && let Err((parcels, error)) = store(&device, sound).await
        {
            lost.extend(parcels.iter().map(|parcel| parcel.record.write_id));
            device.take_back(parcels, &error);
        }
    }
}

/// Parts those that build on something lost from the others.
fn sort(parcels: Vec<Parcel>, lost: &mut HashSet<WriteId>) -> (Vec<Parcel>, Vec<Parcel>) {
    parcels.into_iter().partition(|parcel| {
        let is_orphan = parcel.record.depends_on.iter().any(|id| lost.contains(id));
        if is_orphan {
            lost.insert(parcel.record.write_id);
        }
        is_orphan
    })
}

async fn store(device: &Rc<Inner>, parcels: Vec<Parcel>) -> Result<(), (Vec<Parcel>, StoreError)> {
    let drafts = parcels.iter().map(|parcel| parcel.record.clone()).collect();
    let stored = match device.store.enqueue(drafts).await {
        Ok(stored) => stored,
        Err(error) => return Err((parcels, error)),
    };
    for begun in parcels.iter().filter_map(|parcel| parcel.begun) {
        begun.measure(TAP_TO_DURABLE);
    }
    device.show_stored(stored);
    device.channel.tell(&Signal::OutboxChanged);
    for durable in parcels.into_iter().filter_map(|parcel| parcel.durable) {
        let _ = durable.send(Ok(()));
    }
    device.beat(WokenBy::Tap);
    device.ask_to_keep_data();
    Ok(())
}

impl Inner {
    /// Gives the shown writes the number that the store gave them, unless something newer is known by now.
    fn show_stored(&self, stored: Vec<OutboxRecord>) {
        let user = self.user_id();
        self.change(|view| {
            let mut touched = sync::Touched::default();
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
        self.tell(News::Status);
    }

    fn take_back(&self, parcels: Vec<Parcel>, error: &StoreError) {
        if parcels.is_empty() {
            return;
        }
        for parcel in parcels {
            self.change(|view| view.remove_write(parcel.record.write_id));
            if let Some(durable) = parcel.durable {
                let _ = durable.send(Err(error.clone()));
            }
        }
        self.tell(News::Status);
        self.tell(News::StorageFailed(error.to_string()));
    }
}
