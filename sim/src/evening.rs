//! After the day: the weather clears, everybody comes back, and the law is held against what is left.
//!
//! **Invariant:** every promise is looked at; what is not kept must be in its user's sight.

use crate::{
    coverage::Fault,
    device::{Device, session::Session, tab::Tab},
    disk::{at_once, short},
    files::Handed,
    flicker::whose,
    ledger::Promised,
    office::{PEOPLE, as_seen, ids},
    world::World,
};
use domain::{MergePolicy, Row, RowId, Table, UserId, Viewer, WriteId};
use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};
use sync::{OutboxRecord, Store, WriteState, shape_stream::Event};

const MINUTE_MS: i64 = 60_000;
/// Longer than every pause one after another.
const LONGEST_WAIT_MS: i64 = 4 * 60 * MINUTE_MS;
/// Longer than a stream rests.
const LAST_HOUR_MS: i64 = 12 * MINUTE_MS;
/// Enough for an echo that will not come.
const LOOKS: u32 = 4;

impl World {
    /// Lets everything come to rest.
    pub fn let_the_sun_shine(self: &Rc<Self>) {
        self.tell(|| "the sun shines".to_owned());
        self.is_stormy.set(false);
        self.outage_until_ms.set(0);
        let devices = self.devices.borrow().clone();
        for device in &devices {
            device.is_online.set(true);
            if device.tabs.borrow().is_empty() {
                Tab::open(device);
            }
        }
        // What is on its way arrives, late or twice.
        self.run_until(self.now_ms() + 3 * MINUTE_MS);
        // Twice: a session that has ended may be noticed only by what is asked under it.
        for _ in 0..2 {
            for device in &devices {
                for user in device.owners() {
                    self.send_all_of(device, user);
                }
            }
            for device in devices.iter().filter(|device| device.disk.session_note().is_none()) {
                self.send_all_of(device, ids::user(1 + self.dice.below(PEOPLE) as u64));
            }
            self.catch_up(&devices);
            self.run_until(self.now_ms() + LAST_HOUR_MS);
        }
        self.catch_up(&devices);
    }

    /// An echo that will not come is looked for so often.
    fn look_for_echoes(self: &Rc<Self>, device: &Rc<Device>, user: UserId) {
        let awaits = |record: &OutboxRecord| record.user_id == user && record.awaits_echo();
        for _ in 0..LOOKS {
            if !device.disk.records().iter().any(awaits) {
                return;
            }
            self.catch_up(std::slice::from_ref(device));
        }
    }

    fn catch_up(&self, devices: &[Rc<Device>]) {
        for device in devices {
            for tab in device.tabs.borrow().iter() {
                if let Some((_, streams)) = &*tab.streams.borrow() {
                    for stream in streams.iter() {
                        let _ = stream.unbounded_send(Event::CatchUp);
                    }
                }
            }
        }
        self.run_until(self.now_ms() + MINUTE_MS);
    }

    /// Somebody comes back to their tablet, and stays until everything is sent that goes by itself.
    fn send_all_of(self: &Rc<Self>, device: &Rc<Device>, user: UserId) {
        let until_ms = self.now_ms() + LONGEST_WAIT_MS;
        while self.is_lawful() {
            self.supervisors_decide();
            let is_there = device.disk.session_note().is_some_and(|session| session.user.id == user && session.may_send());
            if !is_there {
                self.sign_in(device, user);
            } else if !device.waits_for(user) {
                return self.look_for_echoes(device, user);
            }
            self.run_until(self.now_ms() + MINUTE_MS);
            if self.now_ms() > until_ms {
                let why = if is_there { "nothing sends it" } else { "nobody can sign in" };
                return self.violate(|| format!("device {}: something waits for ever: {why}", device.number));
            }
        }
    }

    /// Whatever is held is adopted or refused.
    pub fn supervisors_decide(self: &Rc<Self>) {
        let waiting = self.server.borrow_mut().quarantined();
        for write in waiting {
            let before = self.server.borrow_mut().position();
            let is_wanted = self.dice.one_in(2);
            let is_applied = self.server.borrow_mut().decide(write, is_wanted, self.now_ms());
            self.tell(|| format!("a supervisor {} {}", if is_applied { "adopts" } else { "leaves or refuses" }, short(write)));
            let is_left = !is_applied && self.server.borrow_mut().quarantined().contains(&write);
            let promised = self.ledger.borrow().promised(write).cloned();
            let device = promised.and_then(|promised| self.devices.borrow().get(promised.device).cloned());
            if let Some(device) = device.filter(|_| !is_left) {
                self.met(if is_applied { Fault::Adopted } else { Fault::HeldRefused }, &device);
            }
            self.after_commits(before, &Handed::new());
        }
    }

    /// Holds the law against what is there.
    pub fn judge(&self) {
        for device in self.devices.borrow().iter() {
            self.judge_promises(device);
            self.judge_rows(device);
        }
    }

    fn judge_promises(&self, device: &Device) {
        let outbox: BTreeMap<WriteId, OutboxRecord> = device.disk.open_and_sealed().into_iter().map(|record| (record.write_id, record)).collect();
        let history: BTreeMap<WriteId, OutboxRecord> = device.disk.over().into_iter().map(|record| (record.write_id, record)).collect();
        let ledger = self.ledger.borrow();
        for (id, promised) in ledger.on_device(device.number) {
            let record = match (outbox.get(id), history.get(id)) {
                (Some(record), None) | (None, Some(record)) => record,
                (None, None) if promised.may_be_gone && promised.times_applied <= 1 => continue,
                (None, None) => return self.violate(|| format!("{} is lost", short(*id))),
                (Some(_), Some(_)) => return self.violate(|| format!("{} is open and over", short(*id))),
            };
            if let Err(broken) = self.is_kept(promised, record) {
                return self.violate(|| format!("device {}, user {}: {} {broken}", device.number, promised.owner.0.as_u128() % 64, short(*id)));
            }
        }
        let unreadable = device.disk.unreadable();
        if ledger.foreign_on(device.number).any(|raw| !unreadable.contains(raw)) {
            self.violate(|| format!("device {} has lost another version’s envelope", device.number));
        }
    }

    /// Views and disk are the server's rows, as far as this user sees them.
    fn judge_rows(&self, device: &Device) {
        let Some(session) = device.disk.session_note().filter(Session::may_send) else {
            return self.violate(|| format!("device {}: nobody is signed in who could be shown anything", device.number));
        };
        let viewer = session.user.viewer();
        for table in session.tables() {
            let expected = self.seen_by(&viewer, table);
            let stored: BTreeMap<RowId, Row> = at_once(device.disk.memory.rows(table))
                .into_iter()
                .flatten()
                .map(|row| (row.id(), row))
                .collect();
            if let Some(difference) = difference(&expected, &stored) {
                return self.violate(|| format!("device {}: its disk differs in {table:?}: {difference}", device.number));
            }
            for tab in device.tabs.borrow().iter() {
                let shown = tab.view.borrow().rows(table).map(|row| (row.id(), row.clone())).collect();
                if let Some(difference) = difference(&expected, &shown) {
                    return self.violate(|| format!("device {}: a tab differs in {table:?}: {difference}", device.number));
                }
            }
        }
    }

    fn seen_by(&self, viewer: &Viewer, table: Table) -> BTreeMap<RowId, Row> {
        let filter = viewer.sees(table);
        let rows = self.server.borrow_mut().rows(table);
        rows.into_iter()
            .filter(|row| filter.admits(row))
            .map(|row| (row.id(), as_seen(viewer, &row)))
            .collect()
    }

    /// Whether a write was applied exactly once, or is in its user's sight.
    fn is_kept(&self, promised: &Promised, record: &OutboxRecord) -> Result<(), String> {
        let is_kept = match (promised.times_applied, record.state) {
            (1, WriteState::Settled) | (0, WriteState::Rejected | WriteState::Blocked) => true,
            // Asked for long ago, or handed over, and carried out when nobody expected it any more.
            (1, WriteState::Rejected | WriteState::Blocked) => !promised.is_heard || promised.is_restored,
            (0 | 1, WriteState::Discarded) => promised.is_discarded,
            _ => false,
        };
        if !is_kept {
            return Err(format!("was applied {} times and is {:?}", promised.times_applied, record.state));
        }
        Ok(())
    }

    /// A column that a write changed had, just before, the value that its author saw, or already the wanted one.
    pub fn landed_well(&self, promised: &Promised, before: &Row, record: &OutboxRecord) -> Result<(), String> {
        for (name, change) in record.changes.iter().filter(|(_, change)| !change.predicted) {
            let Some(column) = record.table.column(name).filter(|column| column.policy != MergePolicy::LastWriteWins) else {
                continue;
            };
            let theirs = before.get(name).to_json(column.kind);
            // A new turn’s stage is the server’s to give, and a tab that has not loaded the stages does not know it.
            if name == "stage_id" && change.from.is_null() {
                continue;
            }
            // Added in the dialog while the row was not at hand: made on the version that its author saw.
            if !promised.saw.contains_key(name) && change.from.is_null() && record.base_version == Some(before.version()) {
                continue;
            }
            // One's own value, or the one before it, which one's own earlier write hid from sight.
            let is_known = self
                .promises
                .borrow()
                .is_known(whose(promised.device, record.user_id), (record.table, record.row_id), name, before.get(name));
            if ![&change.from, &change.to].contains(&&theirs) && promised.saw.get(name) != Some(&theirs) && !is_known {
                return Err(format!("overwrote {name} = {theirs}, and its author saw {}", change.from));
            }
        }
        Ok(())
    }

    /// Runs everything up to a moment.
    pub fn run_until(&self, until_ms: i64) {
        loop {
            while self.is_lawful() && self.executor.step(&self.dice) {}
            if !self.is_lawful() || !self.executor.pass_time(until_ms) {
                return;
            }
        }
    }
}

impl Device {
    /// Whoever has left something here that goes by itself, and whoever is signed in: they come last.
    fn owners(&self) -> Vec<UserId> {
        let waiting = self.disk.open_and_sealed().into_iter().filter(|record| !record.state.is_over());
        let present = self.disk.session_note().map(|session| session.user.id);
        let mut owners: BTreeSet<UserId> = waiting.map(|record| record.user_id).collect();
        if let Some(present) = present {
            owners.remove(&present);
        }
        owners.into_iter().chain(present).collect()
    }

    fn waits_for(&self, user: UserId) -> bool {
        self.disk
            .records()
            .iter()
            .any(|record| record.user_id == user && (record.state.is_waiting() || record.state == WriteState::Held))
    }
}

fn difference(expected: &BTreeMap<RowId, Row>, found: &BTreeMap<RowId, Row>) -> Option<String> {
    if expected == found {
        return None;
    }
    let missing = expected.keys().find(|id| !found.contains_key(id)).map(|id| format!("{id} is missing"));
    let extra = || found.keys().find(|id| !expected.contains_key(id)).map(|id| format!("{id} should not be there"));
    missing.or_else(extra).or_else(|| {
        expected.iter().find(|(id, row)| found[id] != **row).map(|(id, row)| {
            let columns = row.table().columns().iter().enumerate();
            let other = columns.filter(|(index, _)| row.at(*index) != found[id].at(*index));
            let told: Vec<String> = other
                .map(|(index, column)| format!("{}: {:?}, not {:?}", column.name, found[id].at(index), row.at(index)))
                .collect();
            format!("{id}: {}", told.join("; "))
        })
    })
}
