//! What a device cannot send is handed over as a file, and an administrator imports it, while the device may send it too.
//!
//! **Invariant:** what a file brings is held against what its author saw when it was made.

use crate::{
    coverage::Fault,
    device::{Device, tab::Tab},
    world::{NETWORK, World},
};
use domain::WriteId;
use protocol::handover::DeviceWrites;
use std::{collections::BTreeMap, rc::Rc};
use sync::{Clock, OutboxRecord, Store, handover::device_writes, outbox::drain::own_records};

/// The writes of a file as they were on their device.
pub type Handed = BTreeMap<WriteId, OutboxRecord>;

impl World {
    /// A person exports what was not sent (`browser/src/device/export.rs`), and takes it to the office.
    pub fn hand_over(self: &Rc<Self>, device: &Rc<Device>) {
        let Some(tab) = self.some_tab(device) else { return };
        let world = self.clone();
        tab.clone().spawn(async move {
            let Some((writes, handed)) = export(&tab).await else { return };
            world.met(Fault::HandedOver, &tab.device);
            world.executor.spawn(NETWORK, world.clone().bring(tab.device.clone(), writes, handed));
        });
    }

    async fn bring(self: Rc<Self>, device: Rc<Device>, writes: DeviceWrites, handed: Handed) {
        let pause_ms = *self.dice.pick(&[100, 10_000, 600_000]);
        self.executor.sleep(self.dice.below_ms(pause_ms)).await;
        self.met(Fault::Imported, &device);
        for id in handed.keys() {
            self.ledger.borrow_mut().handed_over(*id);
        }
        let before = self.server.borrow_mut().position();
        // A closed account's is refused as a whole.
        let _ = self.server.borrow_mut().import(&writes, self.now_ms());
        self.after_commits(before, &handed);
    }
}

async fn export(tab: &Tab) -> Option<(DeviceWrites, Handed)> {
    let user = tab.session.borrow().clone()?.user;
    let mut records = tab.hand().history(usize::MAX).await.ok()?;
    records.extend(own_records(&tab.hand(), user.id).await.ok()?);
    records.retain(|record| record.user_id == user.id);
    let handed = records.iter().map(|record| (record.write_id, record.clone())).collect();
    Some((device_writes(user, tab.device.id, records, tab.device.now_ms(), 0), handed))
}
