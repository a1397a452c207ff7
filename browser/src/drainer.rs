//! Sends the outbox, as the one drainer of this device.
//!
//! The worker calls it when it is woken; a page only where there is no worker. [`sync::drain`] decides, this gives it
//! the store, the network and the lock.
//!
//! **Invariant:** nothing is sent without the lock, nor for anybody but the user who is signed in.

use crate::{
    channel::Signal,
    clock::BrowserClock,
    http::{Confirmation, Http},
    locks,
    photos::sender::{self, Sent},
    scope,
    store::{DeviceStore, Session, StoreError},
};
use domain::UserId;
use protocol::ProblemCode;
use sync::{
    Amendment, Drained, OutboxRecord, Store, WriteState,
    outbox::{drain, plan, resolve},
};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// Nobody is signed in, the session is over, or opens nothing before its password is changed: the queue rests.
    NobodySignedIn,
    /// The browser says that there is no network: nothing was tried.
    Offline,
    /// Everything that goes by itself has gone.
    Empty,
    /// Something waits for this moment, in milliseconds since 1970.
    WaitsUntil(i64),
    /// What is left waits for supervisors, or builds on such: pages ask about it at their start and now and then.
    WithSupervisors,
}

/// The right to send. Whoever has it finds in the store all that was stored before.
pub struct Turn(#[expect(dead_code, reason = "held, never read")] locks::Held);

/// Waits in line for one's turn.
pub async fn turn() -> Turn {
    Turn(locks::acquire(locks::DRAIN).await)
}

/// Sends what can be sent now, text and then photos, each in its turn.
pub async fn run(store: &DeviceStore, tell: &impl Fn(&Signal), network_is_back: bool) -> Result<Run, StoreError> {
    run_in_turn(turn().await, store, tell, network_is_back).await
}

/// The same for somebody whose turn it is already.
pub async fn run_in_turn(turn: Turn, store: &DeviceStore, tell: &impl Fn(&Signal), network_is_back: bool) -> Result<Run, StoreError> {
    let (mut turn, mut network_is_back) = (turn, network_is_back);
    loop {
        let text = run_drain(turn, store, tell, network_is_back).await?;
        match sender::run_photos(store, tell, text).await? {
            Sent::Ended(run) => return Ok(run),
            Sent::TextIsDue => (turn, network_is_back) = (self::turn().await, false),
        }
    }
}

/// Sends the text that can be sent now. With `network_is_back`, pauses after a silent server are over.
///
/// `tell` is called with what changes on the way.
async fn run_drain(turn: Turn, store: &DeviceStore, tell: &impl Fn(&Signal), network_is_back: bool) -> Result<Run, StoreError> {
    let _held_to_the_end = turn;
    let Some(session) = store.session().await?.filter(Session::may_send) else {
        return Ok(Run::NobodySignedIn);
    };
    // A sync event knows better than `onLine`, which may lag behind.
    if !network_is_back && !scope::is_online() {
        return Ok(Run::Offline);
    }
    if network_is_back {
        end_pauses(store, session.user.id).await?;
    }
    let http = Http::default();
    let ended = drain_while_signed_in(store, &http, tell, &session).await;
    if let Some(reached) = http.reached() {
        tell(&Signal::ServerReached { reached });
    }
    ended
}

async fn drain_while_signed_in(store: &DeviceStore, http: &Http, tell: &impl Fn(&Signal), session: &Session) -> Result<Run, StoreError> {
    let mut was_confirmed = false;
    loop {
        match sync::drain(store, http, &BrowserClock, session.user.id, || tell(&Signal::OutboxChanged)).await? {
            Drained::Empty => return Ok(Run::Empty),
            Drained::WaitsUntil(at_ms) => {
                let records = drain::own_records(store, session.user.id).await?;
                let is_held = plan::waits_only_for_supervisors(&records);
                return Ok(if is_held { Run::WithSupervisors } else { Run::WaitsUntil(at_ms) });
            }
            // The user may have signed in again while the request was on its way: ask before giving the session up.
            Drained::NeedsSignIn => match http.session().await {
                Confirmation::SignedIn(answer) if answer.user.id == session.user.id && !was_confirmed => was_confirmed = true,
                Confirmation::Unknown => return Ok(Run::WaitsUntil(crate::clock::now_ms())),
                Confirmation::SignedIn(_) | Confirmation::SignedOut => {
                    store.note_session_ended(session.user.id).await?;
                    tell(&Signal::SessionChanged);
                    return Ok(Run::NobodySignedIn);
                }
            },
        }
    }
}

/// What the server holds for a supervisor is asked about without its pause. Says whether there is any.
pub async fn ask_about_held(store: &DeviceStore, user: UserId) -> Result<bool, StoreError> {
    let records = drain::own_records(store, user).await?;
    let held: Vec<Amendment> = resolve::retry_now(&records)
        .into_iter()
        .filter(|record| record.state == WriteState::Held)
        .map(Amendment::of)
        .collect();
    Ok(!held.is_empty() && store.amend(held).await?)
}

/// A pause that began because nobody answered says nothing once the network is back, for writes as for photos.
pub async fn end_pauses(store: &DeviceStore, user: UserId) -> Result<(), StoreError> {
    let records = drain::own_records(store, user).await?;
    let unanswered = |record: &OutboxRecord| {
        record
            .last_error
            .as_ref()
            .is_some_and(|failure| failure.problem.code == ProblemCode::Unavailable)
    };
    let freed: Vec<Amendment> = resolve::retry_now(&records).into_iter().filter(unanswered).map(Amendment::of).collect();
    // Should a tab have amended one of them at this moment, the pauses simply stay.
    if !freed.is_empty() {
        store.amend(freed).await?;
    }
    sender::end_pauses(store, user, false).await
}
