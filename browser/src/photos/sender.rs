//! Sends photos, as the one sender of this device: behind the text, piece by piece.
//!
//! [`sync::photos`] decides, this gives it store, network and lock. It keeps nothing that is not in the store, so it may be ended at any moment.
//!
//! **Invariant:** between two pieces text has its turn, and it is looked whether the photo's user is still signed in.

use crate::{
    channel::Signal,
    clock::{BrowserClock, now_ms},
    drainer::Run,
    http::{Confirmation, Http},
    locks,
    store::{DeviceStore, Session, StoreError},
};
use domain::{RowId, Table, UserId};
use js_sys::Uint8Array;
use protocol::{Problem, ProblemCode};
use std::{cell::Cell, collections::HashMap};
use sync::{
    Failure, OutboxRecord, Photo, PhotoState, Store, WriteState,
    outbox::drain::own_records,
    photos::{
        Ground,
        plan::{Asked, Step, plan},
        settle::{ends_run, marked, needs_sign_in, settle},
    },
};

/// How far the photos got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// So it ended, text and photos taken together.
    Ended(Run),
    /// Text has come in the middle, and goes first.
    TextIsDue,
}

/// Sends all photos that can be sent now, when it is this one's turn. `text` is how the text before them went.
///
/// `tell` is called with what changes on the way.
pub async fn run_photos(store: &DeviceStore, tell: &impl Fn(&Signal), text: Run) -> Result<Sent, StoreError> {
    if matches!(text, Run::NobodySignedIn | Run::Offline) {
        return Ok(Sent::Ended(text));
    }
    let Some(session) = store.session().await?.filter(Session::may_send) else {
        return Ok(Sent::Ended(Run::NobodySignedIn));
    };
    // Nobody waits in line for nothing.
    let has_any = match store.photos_of(session.user.id).await {
        Err(StoreError::NotOurs) => return Ok(Sent::Ended(Run::NobodySignedIn)),
        photos => photos?.iter().any(Photo::is_unsent),
    };
    if !has_any {
        return Ok(Sent::Ended(text));
    }
    let _held_to_the_end = locks::acquire(locks::PHOTOS).await;
    let sender = Sender {
        store,
        http: Http::default(),
        user: session.user.id,
        was_confirmed: Cell::new(false),
        tell,
    };
    let photos = match sender.run().await {
        // Somebody else has signed in between two steps.
        Err(StoreError::NotOurs) => Ok(Sent::Ended(Run::NobodySignedIn)),
        photos => photos,
    };
    if let Some(reached) = sender.http.reached() {
        tell(&Signal::ServerReached { reached });
    }
    Ok(match photos? {
        Sent::Ended(photos) => Sent::Ended(later_of(text, photos)),
        Sent::TextIsDue => Sent::TextIsDue,
    })
}

/// What of the two is still to be done.
fn later_of(text: Run, photos: Run) -> Run {
    match (text, photos) {
        (Run::WaitsUntil(text), Run::WaitsUntil(photos)) => Run::WaitsUntil(text.min(photos)),
        (text, Run::Empty) => text,
        (_, photos) => photos,
    }
}

struct Sender<'a, Tell> {
    store: &'a DeviceStore,
    http: Http,
    user: UserId,
    /// The server has refused a request and then confirmed the session, once.
    was_confirmed: Cell<bool>,
    tell: &'a Tell,
}

/// The bytes of the photo that is under way.
type InHand = Option<(RowId, Uint8Array)>;

impl<Tell: Fn(&Signal)> Sender<'_, Tell> {
    async fn run(&self) -> Result<Sent, StoreError> {
        let mut in_hand = InHand::None;
        let mut has_sent = false;
        loop {
            let session = self.store.session().await?.filter(Session::may_send);
            if session.is_none_or(|session| session.user.id != self.user) {
                return Ok(Sent::Ended(Run::NobodySignedIn));
            }
            let photos = self.store.photos_of(self.user).await?;
            let text = own_records(self.store, self.user).await?;
            let ended = self.ended(&photos, &text).await?;
            let ground = |photo: &Photo| Ground::of(photo, &text, ended.get(&photo.document_id).copied());
            match plan(&photos, &text, ground, now_ms()) {
                Step::Idle => return Ok(Sent::Ended(Run::Empty)),
                Step::WaitUntil(at_ms) => return Ok(Sent::Ended(Run::WaitsUntil(at_ms))),
                Step::Text if has_sent => return Ok(Sent::TextIsDue),
                // It did not go although it was its turn: whatever is in the way, photos do not overtake it.
                Step::Text => return Ok(Sent::Ended(Run::WaitsUntil(now_ms()))),
                Step::Forget(id) => {
                    self.store.forget_photos(&[id]).await?;
                    (self.tell)(&Signal::PhotosChanged);
                }
                Step::Send(id, asked) => {
                    has_sent = true;
                    let photo = photos.into_iter().find(|photo| photo.document_id == id);
                    if let Some(photo) = photo
                        && let Some(ended) = self.send(&photo, asked, &mut in_hand).await?
                    {
                        return Ok(Sent::Ended(ended));
                    }
                }
            }
        }
    }

    /// How those documents' writes ended that are not in the outbox any more. A row that is synced was made, whatever is known of its write.
    async fn ended(&self, photos: &[Photo], text: &[OutboxRecord]) -> Result<HashMap<RowId, WriteState>, StoreError> {
        let is_open = |photo: &&Photo| text.iter().any(|record| record.write_id == photo.write_id);
        let asked: Vec<&Photo> = photos
            .iter()
            .filter(|photo| photo.is_unsent() && photo.upload.is_none() && !is_open(photo))
            .collect();
        if asked.is_empty() {
            return Ok(HashMap::new());
        }
        let rows: Vec<RowId> = asked.iter().map(|photo| photo.document_id).collect();
        let rows = self.store.rows_by_id(Table::Documents, &rows).await?.unwrap_or_default();
        let mut ended: HashMap<RowId, WriteState> = rows.iter().map(|row| (row.id(), WriteState::Settled)).collect();
        let writes: Vec<_> = asked.iter().map(|photo| photo.write_id).collect();
        for write in self.store.writes_by_id(&writes).await? {
            ended.insert(write.row_id, write.state);
        }
        Ok(ended)
    }

    /// One question to the server. Says how the run ends, if it does.
    async fn send(&self, photo: &Photo, asked: Asked, in_hand: &mut InHand) -> Result<Option<Run>, StoreError> {
        if in_hand.as_ref().is_none_or(|(id, _)| *id != photo.document_id) {
            *in_hand = self.store.photo_bytes(photo).await?.map(|bytes| (photo.document_id, bytes));
        }
        let Some((_, bytes)) = in_hand else {
            self.amend(&unreadable(photo)).await?;
            return Ok(None);
        };
        let photo = marked(photo, asked);
        if !self.amend(&photo).await? {
            return Ok(None);
        }
        let said = self.http.send_photo(&photo, asked, bytes).await;
        let settled = settle(&photo, asked, &said, BrowserClock.now());
        self.amend(&settled).await?;
        if needs_sign_in(&said) {
            return self.look_who_is_signed_in().await;
        }
        Ok(ends_run(asked, &said).then(|| settled.next_attempt_at_ms.map_or(Run::Empty, Run::WaitsUntil)))
    }

    async fn amend(&self, photo: &Photo) -> Result<bool, StoreError> {
        let is_amended = self.store.amend_photo(photo).await?;
        (self.tell)(&Signal::PhotosChanged);
        Ok(is_amended)
    }

    /// The user may have signed in again while the request was on its way: then it goes once more. Says how the run ends, if it does.
    async fn look_who_is_signed_in(&self) -> Result<Option<Run>, StoreError> {
        match self.http.session().await {
            Confirmation::SignedIn(answer) if answer.user.id == self.user && !self.was_confirmed.replace(true) => Ok(None),
            Confirmation::SignedIn(answer) if answer.user.id == self.user => Ok(Some(Run::WaitsUntil(now_ms()))),
            Confirmation::Unknown => Ok(Some(Run::WaitsUntil(now_ms()))),
            Confirmation::SignedIn(_) | Confirmation::SignedOut => {
                self.store.note_session_ended(self.user).await?;
                (self.tell)(&Signal::SessionChanged);
                Ok(Some(Run::NobodySignedIn))
            }
        }
    }
}

/// Its bytes are gone, or nobody has the key to them.
fn unreadable(photo: &Photo) -> Photo {
    let problem = Problem::new(ProblemCode::Internal, "this photo cannot be read on this device any more");
    Photo {
        state: PhotoState::Refused,
        last_error: Some(Failure { problem, at_ms: now_ms() }),
        ..photo.clone()
    }
    .amended()
}

/// Ends the pauses of a user's photos: of those that nobody answered, or of all.
pub async fn end_pauses(store: &DeviceStore, user: UserId, of_all: bool) -> Result<(), StoreError> {
    for photo in store.photos_of(user).await? {
        if photo.waits_for_network() || of_all && photo.state == PhotoState::Waiting && photo.next_attempt_at_ms.is_some() {
            // Should the sender amend it at this moment, its pause simply stays.
            store.amend_photo(&photo.again()).await?;
        }
    }
    Ok(())
}
