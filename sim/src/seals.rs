//! What a user leaves behind at sign-out, sealed (`browser/src/store/{seals,unsealing}.rs`): encrypted first, then swapped for the records in one
//! transaction, if these are still what was encrypted; and opened so by the session that begins.
//!
//! **Invariant:** at any moment either the records are there or their seal, and each exactly once.

use crate::{
    coverage::{Fault, States},
    device::session::Session,
    disk::{Disk, DiskError, Hand, at_once},
    world::World,
};
use domain::UserId;
use serde_json::Value as Json;
use sync::{OutboxRecord, Store, Stored};

/// Who amends so often in a row is being tapped in; then they are sealed another time.
const MOST_TRIES: usize = 8;

/// What is done with what a user leaves behind on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// It is kept for the day they come back.
    KeepSealed,
    /// It is given up, also what has not been sent.
    Discard,
}

/// A user's records, where nobody else can read them.
#[derive(Clone, Debug)]
pub struct Seal {
    /// Whose.
    pub user: UserId,
    name: u64,
    own: Own,
}

/// What a user has in outbox and history, as stored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Own {
    unsettled: Vec<OutboxRecord>,
    over: Vec<OutboxRecord>,
    foreign: Vec<Json>,
}

impl Own {
    fn states(&self) -> States {
        let mut states = States::default();
        self.unsettled.iter().for_each(|record| states.add(record.state));
        states
    }
}

enum Left {
    Nothing,
    Plain,
    Sealed(Own),
}

impl Disk {
    /// What lies on the disk of a user's by itself.
    fn own(&self, user: UserId) -> Own {
        let mut own = Own::default();
        for stored in at_once(self.memory.outbox()) {
            match stored {
                Stored::Record(record) if record.user_id == user => own.unsettled.push(*record),
                Stored::Unreadable { raw, .. } if raw["userId"] == user.to_string() => own.foreign.push(raw),
                _ => {}
            }
        }
        own.over = at_once(self.memory.history(usize::MAX));
        own.over.retain(|record| record.user_id == user);
        own
    }

    /// Every record that is not over, sealed or not.
    pub fn open_and_sealed(&self) -> Vec<OutboxRecord> {
        let sealed = self.seals.borrow();
        let sealed = sealed.iter().flat_map(|seal| seal.own.unsettled.iter().cloned());
        self.records().into_iter().chain(sealed).collect()
    }

    /// Everything that is over, sealed or not.
    pub fn over(&self) -> Vec<OutboxRecord> {
        let mut over = at_once(self.memory.history(usize::MAX));
        over.extend(self.outlived.borrow().iter().cloned());
        over.extend(self.seals.borrow().iter().flat_map(|seal| seal.own.over.iter().cloned()));
        over
    }

    /// What only another version of the app understands, sealed or not.
    pub fn unreadable(&self) -> Vec<Json> {
        let stored = at_once(self.memory.outbox()).into_iter();
        let raw = stored.filter_map(|stored| match stored {
            Stored::Unreadable { raw, .. } => Some(raw),
            Stored::Record(_) => None,
        });
        raw.chain(self.seals.borrow().iter().flat_map(|seal| seal.own.foreign.iter().cloned()))
            .collect()
    }

    fn seals_of(&self, user: UserId) -> Vec<u64> {
        self.seals.borrow().iter().filter(|seal| seal.user == user).map(|seal| seal.name).collect()
    }

    /// Puts the records back in their seals' place, and says whether there were some. What another tab has opened stays as it is.
    fn put_back(&self, names: &[u64]) -> bool {
        let found: Vec<Seal> = self.seals.borrow_mut().extract_if(.., |seal| names.contains(&seal.name)).collect();
        let has_found = !found.is_empty();
        for own in found.into_iter().map(|seal| seal.own) {
            let known: Vec<_> = self.records().into_iter().chain(at_once(self.memory.history(usize::MAX))).collect();
            let is_new = |record: &OutboxRecord| !known.iter().any(|known| known.write_id == record.write_id);
            let records = own.unsettled.into_iter().chain(own.over).filter(is_new).collect();
            self.memory.take_over(records, vec![]);
            own.foreign.into_iter().for_each(|raw| self.memory.put_foreign_envelope(raw));
        }
        has_found
    }
}

impl Hand {
    /// Ends this user's session: rows and key go, and what they wrote is left so.
    /// Says what became of it, and the states that it was in.
    pub async fn leave(&self, user: UserId, leaving: Leaving) -> Result<Option<(Fault, States)>, DiskError> {
        let has_key = self.reading(|disk| disk.keys.borrow().contains(&user)).await?;
        for _ in 0..MOST_TRIES {
            let own = self.reading(|disk| disk.own(user)).await?;
            let states = own.states();
            let noted_as = match leaving {
                _ if own == Own::default() => None,
                Leaving::Discard => Some((Fault::GivenUpAtSignOut, states)),
                Leaving::KeepSealed => has_key.then_some((Fault::SealedAtSignOut, states)),
            };
            let left = match leaving {
                Leaving::Discard => Left::Nothing,
                Leaving::KeepSealed if has_key && own != Own::default() => {
                    self.world.pass(self.process).await;
                    Left::Sealed(own)
                }
                Leaving::KeepSealed => Left::Plain,
            };
            if self.go(user, left).await? {
                return Ok(noted_as);
            }
        }
        self.go(user, Left::Plain).await?;
        Ok(None)
    }

    /// `false`: they are not what was sealed any more, and nothing is changed.
    async fn go(&self, user: UserId, left: Left) -> Result<bool, DiskError> {
        let name = self.world.dice.next();
        self.writing_with_room(|disk| {
            match left {
                Left::Sealed(own) if own != disk.own(user) => return Ok(false),
                Left::Sealed(own) => {
                    self.world
                        .tell(|| format!("device {}: {} changes are sealed", disk.device, own.unsettled.len()));
                    disk.memory.remove_writes_of(user);
                    disk.seals.borrow_mut().push(Seal { user, name, own });
                }
                Left::Nothing => {
                    self.give_up(&disk.own(user));
                    disk.memory.remove_writes_of(user);
                }
                Left::Plain => {}
            }
            disk.keys.borrow_mut().remove(&user);
            if disk.is_of(user) {
                disk.session.replace(None);
                at_once(disk.memory.forget_rows());
            }
            Ok(true)
        })
        .await
    }

    /// Its user has said so.
    fn give_up(&self, own: &Own) {
        self.world
            .tell(|| format!("device {}: {} changes are given up", self.disk.device, own.unsettled.len()));
        let mut ledger = self.world.ledger.borrow_mut();
        for record in own.unsettled.iter().chain(&own.over) {
            ledger.gone(record.write_id);
        }
        own.foreign.iter().for_each(|raw| ledger.gone_foreign(self.disk.device, raw));
    }

    /// Begins a session, with the key to what its user left sealed: what it opens is among their records from the first moment on, unless there
    /// is no room for it. Says whether there was such. Rows that belong to another one are wiped.
    pub async fn begin_session(&self, session: &Session, has_key: bool) -> Result<bool, DiskError> {
        for _ in 0..MOST_TRIES {
            let found = if has_key { self.look_for_seals(session.user.id).await? } else { vec![] };
            match self.begin_with(session, has_key, Some(&found)).await {
                Ok(None) => {}
                Ok(Some(has_opened)) => return Ok(has_opened),
                Err(DiskError::Full) if !found.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        self.begin_with(session, has_key, None).await.map(Option::unwrap_or_default)
    }

    /// Nothing is changed where more was sealed than was found.
    async fn begin_with(&self, session: &Session, has_key: bool, found: Option<&[u64]>) -> Result<Option<bool>, DiskError> {
        let user = session.user.id;
        self.writing_with_room(|disk| {
            let has_opened = match found {
                Some(found) if has_key && !disk.seals_of(user).iter().all(|name| found.contains(name)) => return Ok(None),
                Some(found) => disk.put_back(found),
                None => false,
            };
            disk.begin_session(session, has_key);
            Ok(Some(has_opened))
        })
        .await
    }

    /// Decrypting them is awaited outside a transaction.
    async fn look_for_seals(&self, user: UserId) -> Result<Vec<u64>, DiskError> {
        let found = self.reading(|disk| disk.seals_of(user)).await?;
        if !found.is_empty() {
            self.world.pass(self.process).await;
        }
        Ok(found)
    }

    /// Opens what this user left behind with their key, while they are signed in. Says whether something was opened.
    pub async fn open_seals(&self, user: UserId) -> Result<bool, DiskError> {
        let has_key = self.reading(|disk| disk.keys.borrow().contains(&user)).await?;
        let found = if has_key { self.look_for_seals(user).await? } else { vec![] };
        if found.is_empty() {
            return Ok(false);
        }
        self.writing_with_room(|disk| Ok(disk.is_of(user) && disk.put_back(&found))).await
    }
}

impl World {
    /// How a person leaves who means to.
    pub fn some_leaving(&self) -> Leaving {
        if self.dice.one_in(4) { Leaving::Discard } else { Leaving::KeepSealed }
    }
}
