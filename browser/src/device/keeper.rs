//! Stores taps in their order, those of one moment together, and takes back what could not be stored.
//!
//! **Invariant:** a write is stored after all that it builds on, or not at all.

use super::{Inner, News};
use crate::{
    channel::Signal,
    runs::WokenBy,
    store::{NewPhoto, StoreError},
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
    /// The photo whose document it makes.
    pub photo: Option<Box<NewPhoto>>,
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
        // A photo for which there is no room takes no other change with it.
        for together in in_steps(parcels) {
            keep_together(&device, together, &mut lost).await;
        }
    }
}

/// Stores those that are stored in one step.
async fn keep_together(device: &Rc<Inner>, parcels: Vec<Parcel>, lost: &mut HashSet<WriteId>) {
    let (orphans, sound) = sort(parcels, lost);
    device.take_back(orphans, &StoreError::Browser("a change that this one builds on could not be kept".to_owned()));
    if !sound.is_empty()
        && let Err((parcels, error)) = store(device, sound).await
    {
        lost.extend(parcels.iter().map(|parcel| parcel.record.write_id));
        device.take_back(parcels, &error);
    }
}

/// In their order: each photo for itself, and what lies between photos together.
fn in_steps(parcels: Vec<Parcel>) -> Vec<Vec<Parcel>> {
    let mut steps: Vec<Vec<Parcel>> = Vec::new();
    for parcel in parcels {
        match steps
            .last_mut()
            .filter(|step| parcel.photo.is_none() && step.iter().all(|other| other.photo.is_none()))
        {
            Some(step) => step.push(parcel),
            None => steps.push(vec![parcel]),
        }
    }
    steps
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
    let stored = match &parcels[..] {
        [
            Parcel {
                record, photo: Some(photo), ..
            },
        ] => device.store.enqueue_photo(record, photo).await.map(|stored| vec![stored]),
        _ => device.store.enqueue(parcels.iter().map(|parcel| parcel.record.clone()).collect()).await,
    };
    let stored = match stored {
        Ok(stored) => stored,
        Err(error) => return Err((parcels, error)),
    };
    for begun in parcels.iter().filter_map(|parcel| parcel.begun) {
        begun.measure(TAP_TO_DURABLE);
    }
    device.show_stored(stored);
    device.channel.tell(&Signal::OutboxChanged);
    if parcels.iter().any(|parcel| parcel.photo.is_some()) {
        device.channel.tell(&Signal::PhotosChanged);
        device.reload_photos().await;
    }
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
        // Whoever takes a photo waits for it, and says what became of it.
        let is_told = parcels.iter().all(|parcel| parcel.photo.is_some());
        for parcel in parcels {
            self.change(|view| view.remove_write(parcel.record.write_id));
            if let Some(durable) = parcel.durable {
                let _ = durable.send(Err(error.clone()));
            }
        }
        self.tell(News::Status);
        if !is_told {
            self.tell(News::StorageFailed(error.to_string()));
        }
    }
}
