//! Who is signed in on this device.
//!
//! Signing in needs the server; everything after it does not: an ended session keeps its data and its queue on the
//! device, and the same user goes on where they were.
//!
//! **Invariant:** the view holds the rows and writes of the session's user, and of nobody else.

use super::{Inner, News, StoragePromise, follow::Screen, show::Shown};
use crate::{
    channel::Signal,
    crypto::Key,
    drainer,
    http::Confirmation,
    leader::Leader,
    runs::WokenBy,
    scope,
    store::{Leaving, Session, StoreError, Unsealed},
};
use domain::UserId;
use futures::future::{Either, select};
use protocol::{PasswordChange, Problem, ProblemCode, User};
use std::{pin::pin, rc::Rc};
use sync::{LocalView, Store, outbox::drain::own_records};
use wasm_bindgen_futures::spawn_local;

/// Kept while the server has not been told of a sign-out.
pub(super) const OWED_LOGOUT_NOTE: &str = "owed-logout";
/// A stream that the server refuses while it confirms the session is begun again, but not in a hurry.
const RESTART_PAUSE_MS: i64 = 5_000;
/// So long a sign-out waits for what is being sent.
const LONGEST_DRAIN_MS: i64 = 5_000;

impl Inner {
    pub(super) async fn sign_in(self: &Rc<Self>, email: &str, password: &str) -> Result<User, Problem> {
        let answer = self.http.login(email, password).await?;
        let key = readable(answer.seal_key.as_deref()).await;
        self.see_off_others(answer.user.id).await;
        let session = Session::new(answer.user.clone(), answer.shapes);
        if self.store.begin_session(&session, key.as_ref()).await.map_err(not_kept)? > 0 {
            self.tell_all(&Signal::OutboxChanged);
        }
        // What there was no room for is tried once more, and what does not open is told.
        if let Some(problem) = self.open_what_was_left(answer.user.id).await {
            self.tell(News::StorageFailed(problem));
        }
        self.take_up(session).await;
        // The server has replaced the session that it was to be told to end.
        let _ = self.store.set_note(OWED_LOGOUT_NOTE, None).await;
        // The browser is asked to keep the data when there is something to be kept.
        self.is_asking_to_keep_data.set(false);
        let _ = self.store.set_note(StoragePromise::NOTE, None).await;
        self.server_is_back(WokenBy::Server);
        self.ask_about_held();
        Ok(answer.user)
    }

    pub(super) async fn change_password(self: &Rc<Self>, change: &PasswordChange) -> Result<(), Problem> {
        self.http.change_password(change).await?;
        // The session opens more now. Should this answer be lost, the next start asks again.
        self.confirm_session().await;
        // What waited for it goes now, and not with the next timer.
        self.server_is_back(WokenBy::Server);
        Ok(())
    }

    pub(super) async fn sign_out(self: &Rc<Self>, leaving: Leaving) -> Result<(), Problem> {
        let Some(user) = self.user_id() else { return Ok(()) };
        self.store.set_note(OWED_LOGOUT_NOTE, Some("1")).await.map_err(not_kept)?;
        let _quiet = quiet().await;
        self.store.leave(user, leaving).await.map_err(not_kept)?;
        self.adopt(None).await;
        self.channel.tell(&Signal::SessionChanged);
        self.pay_logout().await;
        Ok(())
    }

    /// Whoever was signed in before, and whose session ended without a sign-out, leaves now, also where they have signed in again while this
    /// waited: a tablet has one session, and the last sign-in has it. Should that fail, what they wrote stays as it is, and is still nobody
    /// else's to see or send.
    async fn see_off_others(&self, user: UserId) {
        if let Ok(Some(before)) = self.store.session().await
            && before.user.id != user
        {
            let _quiet = quiet().await;
            let _ = self.store.leave(before.user.id, Leaving::KeepSealed).await;
        }
    }

    /// Opens what this user left sealed: at sign-in or, where there was no room for it then or the page ended in between, later. What does not
    /// open stays for another time; says why.
    pub(super) async fn open_what_was_left(&self, user: UserId) -> Option<String> {
        match self.store.open_seals(user).await {
            Ok(Unsealed { opened, unopened }) => {
                if opened > 0 {
                    // Whoever took up the session before has not seen what was in them.
                    self.tell_all(&Signal::OutboxChanged);
                }
                (unopened > 0).then(|| "what you left here at your last sign-out could not be opened; it is kept".to_owned())
            }
            Err(error) => Some(error.to_string()),
        }
    }

    /// Asks the server whose session this browser holds, and follows what it says. Says whether it is this user's.
    pub(super) async fn confirm_session(self: &Rc<Self>) -> bool {
        let Some(session) = self.session.borrow().clone() else { return false };
        let confirmation = self.http.session().await;
        if self.session.borrow().as_ref() != Some(&session) {
            // The answer is about a session that is not this device's any more.
            return false;
        }
        match confirmation {
            Confirmation::SignedIn(answer) if answer.user.id == session.user.id => {
                let confirmed = Session::new(answer.user, answer.shapes);
                if confirmed != session {
                    // Whoever has left meanwhile in another tab stays away. Should the storage fail, the session stays as it was known.
                    match self.store.renew_session(&confirmed).await {
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
                let _ = self.store.note_session_ended(session.user.id).await;
                self.channel.tell(&Signal::SessionChanged);
                self.reload_session().await;
                false
            }
            Confirmation::Unknown => false,
        }
    }

    /// A stream was refused: either the session is over, or the streams begin again.
    pub(super) async fn stream_was_refused(self: &Rc<Self>) {
        self.reload_session().await;
        let session = self.session.borrow().clone();
        if session.as_ref().is_none_or(|session| session.has_ended) {
            return;
        }
        self.confirm_session().await;
        scope::sleep(RESTART_PAUSE_MS).await;
        // Whoever has changed the session meanwhile has begun new streams. Where the server could not be asked, or what it said could
        // not be kept, the new ones find it out again.
        if *self.session.borrow() == session {
            self.stop_streams();
            self.start_streams();
        }
    }

    /// Takes the session as the store has it: another tab or the worker has changed it.
    pub(super) async fn reload_session(self: &Rc<Self>) {
        match self.store.session().await {
            Ok(session) if session != *self.session.borrow() => self.adopt(session).await,
            Ok(_) => {}
            Err(error) => self.tell(News::StorageFailed(error.to_string())),
        }
    }

    /// Goes on under what has been stored as the session.
    async fn take_up(self: &Rc<Self>, session: Session) {
        self.adopt(Some(session)).await;
        self.channel.tell(&Signal::SessionChanged);
    }

    /// Shows what belongs to this session, and syncs for it while it lasts.
    pub(super) async fn adopt(self: &Rc<Self>, session: Option<Session>) {
        let before = self.session.replace(session.clone());
        let keeps_view = before.zip(session.clone()).is_some_and(|(before, now)| before.shares_rows_with(&now));
        self.stop_streams();
        if !keeps_view {
            self.view.replace(LocalView::default());
            self.photos.borrow_mut().clear();
            self.placed.borrow_mut().clear();
            self.restored.borrow_mut().clear();
            self.places.borrow_mut().clear();
        }
        self.tell(News::Session);
        if let Some(session) = &session
            && !keeps_view
        {
            match self.try_load(session).await {
                Ok(()) => {}
                Err(StoreError::NotOurs) if self.session.borrow().as_ref() == Some(session) => {
                    Box::pin(self.adopt(None)).await;
                    return drop(self.signals.unbounded_send(Signal::SessionChanged));
                }
                Err(StoreError::NotOurs) => {}
                Err(error) => self.tell(News::StorageFailed(error.to_string())),
            }
        }
        // Another session may have come while this one was loaded.
        if *self.session.borrow() == session {
            self.start_streams();
            self.arm();
            self.tell(News::Status);
        }
    }

    async fn try_load(self: &Rc<Self>, session: &Session) -> Result<(), StoreError> {
        let is_still_theirs = || self.user_id() == Some(session.user.id);
        let store = self.store.on_behalf_of(session.user.id);
        let records = own_records(&store, session.user.id).await?;
        if is_still_theirs() {
            self.change(|view| view.load_outbox(records));
        }
        // Read behind this, as everybody's signals are.
        let _ = self.signals.unbounded_send(Signal::PhotosChanged);
        for table in session.tables() {
            // The place first: what is stored between the two is read twice, and never not at all.
            let place = store.place(table).await?;
            let rows = match store.rows(table).await {
                // The server has them: they come again.
                Err(StoreError::UnreadableRow(_)) => {
                    self.store.forget_rows().await?;
                    continue;
                }
                read => read?.unwrap_or_default(),
            };
            if !is_still_theirs() {
                return Ok(());
            }
            let has_rows = !rows.is_empty();
            // No stream has begun yet that could have shown more.
            if let Shown::NotTheirs = self.show_table(table, rows, || true).await {
                return Ok(());
            }
            if let Some(place) = place {
                self.places.borrow_mut().insert(table, place);
                self.note_placed(table);
            } else if has_rows {
                self.restored.borrow_mut().insert(table);
            }
        }
        Ok(())
    }

    pub(super) fn start_streams(self: &Rc<Self>) {
        let session = self.session.borrow().clone();
        if let Some(session) = session.filter(|session| !session.has_ended) {
            let screen = Rc::new(Screen(Rc::downgrade(self)));
            *self.leader.borrow_mut() = Some(Leader::start(&self.store, session.user.id, &session.tables(), &screen));
        }
    }

    pub(super) fn stop_streams(&self) {
        self.leader.borrow_mut().take();
        self.is_leading.set(false);
        self.streams.borrow_mut().clear();
    }

    /// Tells the server of a sign-out that it has not heard of yet.
    pub(super) fn settle_owed_logout(self: &Rc<Self>) {
        let device = self.clone();
        spawn_local(async move {
            let is_owed = device.store.note(OWED_LOGOUT_NOTE).await.is_ok_and(|note| note.is_some());
            if is_owed && device.session.borrow().is_none() {
                device.pay_logout().await;
            }
        });
    }

    async fn pay_logout(&self) {
        if self.http.logout().await.is_ok() {
            // At worst the server is told twice.
            let _ = self.store.set_note(OWED_LOGOUT_NOTE, None).await;
        }
    }
}

/// Nobody sends while this is held: what is being sent is answered first, if that does not take too long. An answer that comes later is
/// asked for again under the same write id.
async fn quiet() -> Option<drainer::Turn> {
    match select(pin!(drainer::turn()), pin!(scope::sleep(LONGEST_DRAIN_MS))).await {
        Either::Left((turn, _)) => Some(turn),
        Either::Right(_) => None,
    }
}

/// The key to what a user left sealed. A browser that cannot encrypt has sealed nothing.
async fn readable(key: Option<&str>) -> Option<Key> {
    Key::from_base64(key?).await.ok()
}

fn not_kept(error: StoreError) -> Problem {
    Problem::new(ProblemCode::Unavailable, format!("This device could not keep the session: {error}."))
}
