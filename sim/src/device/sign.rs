//! Signing in and out, and what the server says about the session (`browser/src/device/session.rs`).
//!
//! **Invariant:** the view holds the rows and writes of the session's user, and of nobody else.

use super::{Signal, session::Session, tab::Tab};
use crate::{coverage::Fault, disk::DiskError, seals::Leaving, wire::Confirmation};
use domain::UserId;
use futures::{
    future::{Either, select},
    lock::OwnedMutexGuard,
};
use std::{pin::pin, rc::Rc};
use sync::{LocalView, Store, outbox::drain::own_records};

/// A stream that the server refuses while it confirms the session is begun again, but not in a hurry.
const RESTART_PAUSE_MS: i64 = 5_000;
/// So long a sign-out waits for what is being sent.
const LONGEST_DRAIN_MS: i64 = 5_000;

impl Tab {
    /// Signs in; says whether it worked.
    pub async fn sign_in(self: &Rc<Self>, user: UserId) -> bool {
        let Some(signed_in) = self.wire().sign_in(user).await else { return false };
        let (before, states) = (self.device.disk.session_note(), self.device.disk.states());
        self.see_off_others(user).await;
        let session = Session::new(signed_in);
        let Ok(has_opened) = self.hand().begin_session(&session, self.device.has_crypto).await else {
            return false;
        };
        if has_opened {
            self.tell_all(&Signal::OutboxChanged);
        }
        if before.is_some_and(|before| before.user.id != user) {
            self.device.world.met_in(Fault::SignedInAsOther, &self.device, states);
        }
        // What there was no room for is tried once more.
        self.open_what_was_left(user).await;
        self.take_up(session).await;
        // The server has replaced the session that it was to be told to end.
        self.device.owes_logout.set(false);
        self.server_is_back();
        self.ask_about_held();
        true
    }

    /// Signs out, without a network too.
    pub async fn sign_out(self: &Rc<Self>, leaving: Leaving) {
        let Some(user) = self.user_id() else { return };
        self.device.owes_logout.set(true);
        let _quiet = self.quiet().await;
        let states = self.device.disk.states();
        let Ok(left) = self.hand().leave(user, leaving).await else { return };
        self.device.world.met_in(Fault::SignedOut, &self.device, states);
        if let Some((fault, states)) = left {
            self.device.world.met_in(fault, &self.device, states);
        }
        self.adopt(None).await;
        self.device.tell(self.process, &Signal::SessionChanged);
        self.pay_logout().await;
    }

    /// Nobody sends while this is held: what is being sent is answered first, if that does not take too long.
    async fn quiet(&self) -> Option<OwnedMutexGuard<()>> {
        let turn = self.device.drain_lock.clone().lock_owned();
        match select(pin!(turn), pin!(self.device.world.executor.sleep(LONGEST_DRAIN_MS))).await {
            Either::Left((turn, _)) => Some(turn),
            Either::Right(_) => None,
        }
    }

    /// Whoever was signed in before, and whose session ended without a sign-out, leaves now, also where they have signed in again meanwhile.
    async fn see_off_others(&self, user: UserId) {
        if let Ok(Some(before)) = self.hand().session().await
            && before.user.id != user
        {
            let _quiet = self.quiet().await;
            let _ = self.hand().leave(before.user.id, Leaving::KeepSealed).await;
        }
    }

    /// Opens what this user left sealed: at sign-in or, where there was no room for it then or the tab died in between, later. What does not open
    /// stays for another time.
    pub async fn open_what_was_left(&self, user: UserId) {
        if self.hand().open_seals(user).await == Ok(true) {
            // Whoever took up the session before has not seen what was in them.
            self.tell_all(&Signal::OutboxChanged);
        }
    }

    /// Asks the server whose session this browser holds, and follows what it says. Says whether it is this user's.
    pub async fn confirm_session(self: &Rc<Self>) -> bool {
        let Some(session) = self.session.borrow().clone() else { return false };
        let confirmation = self.wire().session().await;
        if self.session.borrow().as_ref() != Some(&session) {
            return false;
        }
        match confirmation {
            Confirmation::SignedIn(answer) if answer.user.id == session.user.id => {
                let confirmed = Session::new(answer);
                if confirmed != session {
                    // Whoever has left meanwhile in another tab stays away.
                    match self.hand().renew_session(&confirmed).await {
                        Ok(true) => self.take_up(confirmed).await,
                        Ok(false) => {
                            self.reload_session().await;
                            return false;
                        }
                        Err(_) => {}
                    }
                }
                true
            }
            Confirmation::SignedIn(_) | Confirmation::SignedOut => {
                let _ = self.hand().note_session_ended(session.user.id).await;
                self.device.tell(self.process, &Signal::SessionChanged);
                self.reload_session().await;
                false
            }
            Confirmation::Unknown => false,
        }
    }

    /// A stream was refused: either the session is over, or the streams begin again.
    pub async fn stream_was_refused(self: Rc<Self>) {
        self.reload_session().await;
        let session = self.session.borrow().clone();
        if session.as_ref().is_none_or(|session| session.has_ended) {
            return;
        }
        self.confirm_session().await;
        self.device.world.executor.sleep(RESTART_PAUSE_MS).await;
        // Whoever has changed the session meanwhile has begun new streams. Where the server could not be asked, or what it said could not
        // be kept, the new streams find it out again.
        if *self.session.borrow() == session {
            self.stop_streams();
            self.start_streams();
        }
    }

    /// Takes the session as the store has it.
    pub async fn reload_session(self: &Rc<Self>) {
        if let Ok(session) = self.hand().session().await
            && session != *self.session.borrow()
        {
            self.adopt(session).await;
        }
    }

    /// Goes on under what has been stored as the session.
    async fn take_up(self: &Rc<Self>, session: Session) {
        self.adopt(Some(session)).await;
        self.device.tell(self.process, &Signal::SessionChanged);
    }

    /// Shows what belongs to this session, and syncs for it while it lasts.
    pub async fn adopt(self: &Rc<Self>, session: Option<Session>) {
        self.device.world.tell(|| {
            let who = session.as_ref().map(|session| session.user.name.clone()).unwrap_or_default();
            format!("device {}: tab {} adopts {who}’s session", self.device.number, self.process.0)
        });
        let before = self.session.replace(session.clone());
        let keeps_view = before.zip(session.clone()).is_some_and(|(before, now)| before.shares_rows_with(&now));
        self.stop_streams();
        if !keeps_view {
            self.view.replace(LocalView::default());
            self.eyes.take();
            self.places.take();
            self.device.note_held();
        }
        if let Some(session) = &session
            && !keeps_view
        {
            // What could not be read is read again when something changes.
            if self.try_load(session).await == Err(DiskError::NotOurs) && self.session.borrow().as_ref() == Some(session) {
                Box::pin(self.adopt(None)).await;
                return self.hear(Signal::SessionChanged);
            }
        }
        // Another session may have come while this one was loaded.
        if *self.session.borrow() == session {
            self.start_streams();
            self.arm();
        }
    }

    async fn try_load(self: &Rc<Self>, session: &Session) -> Result<(), DiskError> {
        let is_still_theirs = || self.user_id() == Some(session.user.id);
        let hand = self.hand().on_behalf_of(session.user.id);
        let records = own_records(&hand, session.user.id).await?;
        if is_still_theirs() {
            self.change(|view| view.load_outbox(records));
        }
        for table in session.tables() {
            // The place first: what is stored between the two is read twice, and never not at all.
            let place = hand.place(table).await?;
            let rows = hand.rows(table).await?.unwrap_or_default();
            if !is_still_theirs() {
                return Ok(());
            }
            self.device
                .world
                .tell(|| format!("device {}: tab {} loads {} rows of {table:?}", self.device.number, self.process.0, rows.len()));
            self.places.borrow_mut().extend(place.map(|place| (table, place)));
            self.change(|view| view.load_table(table, rows));
        }
        Ok(())
    }

    /// Tells the server of a sign-out that it has not heard of yet.
    pub fn settle_owed_logout(self: &Rc<Self>) {
        if self.device.owes_logout.get() && self.session.borrow().is_none() {
            let tab = self.clone();
            self.spawn(async move { tab.pay_logout().await });
        }
    }

    async fn pay_logout(&self) {
        if self.wire().sign_out().await {
            self.device.owes_logout.set(false);
        }
    }
}
