//! What survives on a device: the memory store, and the session note beside it, with everything a browser's storage does to
//! those who wait for it.
//!
//! **Invariant:** each call is carried out at one moment, between two points at which its process may be delayed or die.

use crate::{
    coverage::{Fault, STATES, States},
    device::session::Session,
    executor::ProcessId,
    seals::Seal,
    world::World,
};
use domain::{Row, RowId, Table, UserId, WriteId};
use futures::FutureExt;
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    fmt,
    future::Future,
    rc::Rc,
};
use sync::{Amendment, Applied, OutboxRecord, Place, ShapeBatch, Store, Stored, WriteState, store::memory::MemoryStore};

/// One browser profile's storage.
pub struct Disk {
    /// Whose device.
    pub device: usize,
    /// What lies on it.
    pub memory: MemoryStore,
    pub(crate) session: RefCell<Option<Session>>,
    /// What users have left sealed, and the keys of those who are signed in.
    pub(crate) seals: RefCell<Vec<Seal>>,
    pub(crate) keys: RefCell<BTreeSet<UserId>>,
    /// Another one after the browser has cleared it.
    pub(crate) birth: Cell<u32>,
    /// Whether somebody has begun to use it since.
    pub(crate) is_named: Cell<bool>,
    /// The database that each process has seen last.
    pub(crate) known: RefCell<BTreeMap<ProcessId, u32>>,
    /// No room for anything before this moment.
    pub full_until_ms: Cell<i64>,
    states: Cell<States>,
    pub(crate) newest_seq: Cell<u64>,
    /// What has outlived its time, for who judges in the evening.
    pub(crate) outlived: RefCell<Vec<OutboxRecord>>,
}

/// Why storage failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskError {
    /// No room.
    Full,
    /// Rows of somebody who is not signed in.
    NotOurs,
}

impl fmt::Display for DiskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "there is no room",
            Self::NotOurs => "somebody else is signed in",
        })
    }
}

/// The memory store never waits.
pub fn at_once<T, E: fmt::Debug>(call: impl Future<Output = Result<T, E>>) -> T {
    match call.now_or_never() {
        Some(Ok(done)) => done,
        other => unreachable!("memory neither waits nor fails: {}", other.is_some()),
    }
}

impl Disk {
    /// An empty one.
    pub fn new(device: usize) -> Self {
        Self {
            device,
            memory: MemoryStore::default(),
            session: RefCell::default(),
            seals: RefCell::default(),
            keys: RefCell::default(),
            birth: Cell::new(0),
            is_named: Cell::new(true),
            known: RefCell::default(),
            full_until_ms: Cell::new(0),
            states: Cell::default(),
            newest_seq: Cell::new(0),
            outlived: RefCell::default(),
        }
    }

    /// The states that unsettled writes are in.
    pub fn states(&self) -> States {
        self.states.get()
    }

    /// Every record that is not over, as it lies there.
    pub fn records(&self) -> Vec<OutboxRecord> {
        at_once(self.memory.outbox()).into_iter().filter_map(Stored::record).collect()
    }

    /// The session note as it lies there.
    pub fn session_note(&self) -> Option<Session> {
        self.session.borrow().clone()
    }

    /// Whether this user is signed in.
    pub(crate) fn is_of(&self, user: UserId) -> bool {
        self.session.borrow().as_ref().is_some_and(|session| session.user.id == user)
    }

    pub(crate) fn begin_session(&self, session: &Session, has_key: bool) {
        if has_key {
            self.keys.borrow_mut().insert(session.user.id);
        }
        // Who has signed in after they were to be seen off.
        if let Some(other) = self.session_note().filter(|before| before.user.id != session.user.id) {
            self.keys.borrow_mut().remove(&other.user.id);
        }
        self.note_session(session);
    }

    fn note_session(&self, session: &Session) {
        let before = self.session.replace(Some(session.clone()));
        if !before.is_some_and(|before| before.shares_rows_with(session)) {
            at_once(self.memory.forget_rows());
        }
    }

    pub(crate) fn look_again(&self) {
        let mut states = States::default();
        for record in self.records() {
            debug_assert!(record.state.is_over() || STATES.contains(&record.state));
            states.add(record.state);
        }
        self.states.set(states);
    }
}

/// A process's way to the disk.
#[derive(Clone)]
pub struct Hand {
    /// The disk.
    pub disk: Rc<Disk>,
    /// Who asks.
    pub process: ProcessId,
    /// The world around both.
    pub world: Rc<World>,
    /// In whose session it reads and stores; in any where none.
    pub owner: Option<UserId>,
}

impl Hand {
    /// The same, while this user is signed in and no longer.
    pub fn on_behalf_of(&self, user: UserId) -> Self {
        Self {
            owner: Some(user),
            ..self.clone()
        }
    }

    /// Asks for something that only reads.
    pub(crate) async fn reading<T>(&self, read: impl FnOnce(&Disk) -> T) -> Result<T, DiskError> {
        self.world.pass(self.process).await;
        self.recognise();
        let found = read(&self.disk);
        self.world.hear_back(self.process).await;
        Ok(found)
    }

    /// The same in the session of its owner; with somebody else signed in there is nothing to be read.
    async fn reading_own<T>(&self, read: impl FnOnce(&Disk) -> T) -> Result<T, DiskError> {
        self.reading(|disk| if self.is_ours(disk) { Ok(read(disk)) } else { Err(DiskError::NotOurs) })
            .await?
    }

    fn is_ours(&self, disk: &Disk) -> bool {
        self.owner.is_none_or(|owner| disk.is_of(owner))
    }

    /// Asks for a transaction that writes what the server has too: there may be no room for it.
    async fn writing<T>(&self, write: impl FnOnce(&Disk) -> Result<T, DiskError>) -> Result<T, DiskError> {
        if self.finds_no_room().await {
            return Err(DiskError::Full);
        }
        self.carry_out(write).await
    }

    /// The same for what exists nowhere else: on a full disk rows make room for it.
    pub(crate) async fn writing_with_room<T>(&self, write: impl FnOnce(&Disk) -> Result<T, DiskError>) -> Result<T, DiskError> {
        if self.finds_no_room().await {
            let make_room = |disk: &Disk| {
                at_once(disk.memory.forget_rows());
                Ok(())
            };
            self.carry_out(make_room).await?;
            self.world.pass(self.process).await;
            if self.world.goes_wrong(3) {
                self.world.hear_back(self.process).await;
                return Err(DiskError::Full);
            }
        }
        self.carry_out(write).await
    }

    async fn finds_no_room(&self) -> bool {
        self.world.pass(self.process).await;
        let is_full = self.world.now_ms() < self.disk.full_until_ms.get() && self.world.is_stormy.get();
        if !is_full && !self.world.goes_wrong(300) {
            return false;
        }
        if let Some(device) = self.world.devices.borrow().get(self.disk.device) {
            self.world.met(Fault::StorageFull, device);
        }
        self.world.hear_back(self.process).await;
        true
    }

    async fn carry_out<T>(&self, write: impl FnOnce(&Disk) -> Result<T, DiskError>) -> Result<T, DiskError> {
        self.recognise();
        let done = write(&self.disk)?;
        self.disk.look_again();
        self.world.hear_back(self.process).await;
        Ok(done)
    }

    /// The session of this device.
    pub async fn session(&self) -> Result<Option<Session>, DiskError> {
        self.reading(|disk| disk.session.borrow().clone()).await
    }

    /// Renews the session of who is still signed in here. `false`: somebody else is, or nobody, and nothing is changed.
    pub async fn renew_session(&self, session: &Session) -> Result<bool, DiskError> {
        self.writing_with_room(|disk| {
            let is_theirs = disk.is_of(session.user.id);
            if is_theirs {
                disk.note_session(session);
            }
            Ok(is_theirs)
        })
        .await
    }

    /// Notes that the server does not know this user's session any more.
    pub async fn note_session_ended(&self, user: UserId) -> Result<(), DiskError> {
        self.writing_with_room(|disk| {
            if let Some(session) = disk.session.borrow_mut().as_mut().filter(|session| session.user.id == user) {
                session.has_ended = true;
            }
            Ok(())
        })
        .await
    }

    /// Stores those that are not there yet; all as they stand there.
    fn enqueue_missing(&self, disk: &Disk, drafts: &[OutboxRecord]) -> Vec<OutboxRecord> {
        let mut known = disk.records();
        known.extend(at_once(disk.memory.history(usize::MAX)));
        let (mut stored, mut missing) = (vec![], vec![]);
        for draft in drafts {
            match known.iter().find(|record| record.write_id == draft.write_id) {
                Some(record) => stored.push(record.clone()),
                None => missing.push(draft.clone()),
            }
        }
        let new = at_once(disk.memory.enqueue(missing));
        self.note_stored(&new);
        stored.extend(new);
        stored
    }

    fn note_stored(&self, stored: &[OutboxRecord]) {
        let (mut ledger, mut promises) = (self.world.ledger.borrow_mut(), self.world.promises.borrow_mut());
        for record in stored {
            ledger.stored(self.disk.device, record);
            promises.stored(record);
            if record.seq <= self.disk.newest_seq.replace(record.seq) {
                self.world
                    .violate(|| format!("device {} gave the number {} twice", self.disk.device, record.seq));
            }
        }
    }
}

impl Store for Hand {
    type Error = DiskError;

    async fn enqueue(&self, drafts: Vec<OutboxRecord>) -> Result<Vec<OutboxRecord>, DiskError> {
        loop {
            let (stored, birth) = self
                .writing_with_room(|disk| Ok((self.enqueue_missing(disk, &drafts), disk.birth.get())))
                .await?;
            // Where its page goes on with another database by now, that one has to have it.
            if self.disk.known.borrow().get(&self.process) == Some(&birth) {
                return Ok(stored);
            }
        }
    }

    async fn outbox(&self) -> Result<Vec<Stored>, DiskError> {
        self.reading_own(|disk| at_once(disk.memory.outbox())).await
    }

    async fn amend(&self, amendments: Vec<Amendment>) -> Result<bool, DiskError> {
        self.writing_with_room(|disk| {
            self.world.tell(|| {
                let told: Vec<String> = amendments.iter().map(|amendment| in_words(&amendment.record)).collect();
                format!("device {} amends {}", disk.device, told.join("; "))
            });
            Ok(at_once(disk.memory.amend(amendments)))
        })
        .await
    }

    async fn history(&self, most: usize) -> Result<Vec<OutboxRecord>, DiskError> {
        self.reading(|disk| at_once(disk.memory.history(most))).await
    }

    async fn forget_history(&self, ids: &[WriteId]) -> Result<(), DiskError> {
        self.writing(|disk| {
            let past = at_once(disk.memory.history(usize::MAX)).into_iter();
            disk.outlived.borrow_mut().extend(past.filter(|record| ids.contains(&record.write_id)));
            at_once(disk.memory.forget_history(ids));
            Ok(())
        })
        .await?;
        if let Some(device) = self.world.devices.borrow().get(self.disk.device) {
            self.world.met(Fault::HistoryForgotten, device);
        }
        Ok(())
    }

    async fn apply_shape(&self, batch: &ShapeBatch) -> Result<Applied, DiskError> {
        self.writing(|disk| {
            if !self.is_ours(disk) {
                return Err(DiskError::NotOurs);
            }
            // Wiped under its stream: what only goes on would be taken for the whole table.
            let is_placed = batch.reset || at_once(disk.memory.place(batch.table)).is_some();
            let gap = Applied {
                has_gap: true,
                ..Applied::default()
            };
            let applied = if is_placed { at_once(disk.memory.apply_shape(batch)) } else { gap };
            let how = if applied.has_gap { "misses something for" } else { "takes" };
            self.world.tell(|| {
                let whole = if batch.reset { "all" } else { "" };
                format!(
                    "device {} {how} {whole} {} rows of {:?} up to {}",
                    disk.device,
                    batch.changes.len(),
                    batch.table,
                    batch.place.offset
                )
            });
            Ok(applied)
        })
        .await
    }

    async fn place(&self, table: Table) -> Result<Option<Place>, DiskError> {
        self.reading(|disk| at_once(disk.memory.place(table))).await
    }

    async fn rows(&self, table: Table) -> Result<Option<Vec<Row>>, DiskError> {
        self.reading_own(|disk| at_once(disk.memory.rows(table))).await
    }

    async fn rows_by_id(&self, table: Table, ids: &[RowId]) -> Result<Option<Vec<Row>>, DiskError> {
        self.reading_own(|disk| at_once(disk.memory.rows_by_id(table, ids))).await
    }

    async fn forget_rows(&self) -> Result<(), DiskError> {
        self.writing(|disk| {
            at_once(disk.memory.forget_rows());
            Ok(())
        })
        .await
    }

    async fn note(&self, name: &str) -> Result<Option<String>, DiskError> {
        self.reading(|disk| at_once(disk.memory.note(name))).await
    }

    async fn set_note(&self, name: &str, text: Option<&str>) -> Result<(), DiskError> {
        self.writing_with_room(|disk| {
            at_once(disk.memory.set_note(name, text));
            Ok(())
        })
        .await
    }
}

/// A record in a story's words.
pub fn in_words(record: &OutboxRecord) -> String {
    let why = record.last_error.as_ref().filter(|_| record.state != WriteState::Acked);
    let why = why.map(|failure| format!(" ({:?})", failure.problem.code)).unwrap_or_default();
    format!("{} #{} {:?}{why}", short(record.write_id), record.seq, record.state)
}

/// A write's number in a story.
pub fn short(id: WriteId) -> String {
    format!("w{}", id.0.as_u128() & 0xffff)
}
