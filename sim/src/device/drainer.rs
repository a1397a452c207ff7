//! Sends the outbox, as the one drainer of its device (`browser/src/drainer.rs`).
//!
//! **Invariant:** nothing is sent without the lock, nor for anybody but the user who is signed in.

use super::{Device, Signal, session::Session};
use crate::{
    disk::{DiskError, Hand},
    executor::ProcessId,
    wire::Confirmation,
    wrong::Wrong,
};
use domain::UserId;
use futures::lock::OwnedMutexGuard;
use protocol::ProblemCode;
use std::rc::Rc;
use sync::{
    Amendment, Clock, Drained, OutboxRecord, Store, WriteState,
    outbox::{drain::own_records, resolve},
};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// The queue rests.
    NobodySignedIn,
    /// Nothing was tried.
    Offline,
    /// Everything that goes by itself has gone.
    Empty,
    /// Something waits for this moment.
    WaitsUntil(i64),
}

/// Sends what can be sent now. With `network_is_back`, pauses after a silent server are over.
pub async fn run_drain(
    turn: OwnedMutexGuard<()>,
    device: &Rc<Device>,
    process: ProcessId,
    tell: impl Fn(&Signal),
    network_is_back: bool,
) -> Result<Run, DiskError> {
    let _held_to_the_end = turn;
    let hand = device.hand(process);
    let Some(session) = hand.session().await?.filter(Session::may_send) else {
        return Ok(Run::NobodySignedIn);
    };
    if !network_is_back && !device.is_online.get() {
        return Ok(Run::Offline);
    }
    if network_is_back {
        end_pauses(&hand, session.user.id).await?;
    }
    let ended = drain_while_signed_in(&hand, device, &tell, &session).await;
    if let Ok(Run::Empty) = ended {
        tell(&Signal::ServerReached(true));
    }
    ended
}

async fn drain_while_signed_in(hand: &Hand, device: &Rc<Device>, tell: &impl Fn(&Signal), session: &Session) -> Result<Run, DiskError> {
    let wire = device.wire();
    let mut was_confirmed = false;
    loop {
        let drained = sync::drain(hand, &wire, &**device, session.user.id, || tell(&Signal::OutboxChanged)).await?;
        if device.world.wrong == Some(Wrong::DropsForbidden) {
            drop_forbidden(hand, session.user.id).await?;
        }
        match drained {
            Drained::Empty => return Ok(Run::Empty),
            Drained::WaitsUntil(at_ms) => return Ok(Run::WaitsUntil(at_ms)),
            // The user may have signed in again while the request was on its way: ask before giving the session up.
            Drained::NeedsSignIn => match wire.session().await {
                Confirmation::SignedIn(answer) if answer.user.id == session.user.id && !was_confirmed => was_confirmed = true,
                Confirmation::Unknown => return Ok(Run::WaitsUntil(device.now_ms())),
                Confirmation::SignedIn(_) | Confirmation::SignedOut => {
                    hand.note_session_ended(session.user.id).await?;
                    tell(&Signal::SessionChanged);
                    return Ok(Run::NobodySignedIn);
                }
            },
        }
    }
}

/// What the server holds for a supervisor is asked about without its pause. Says whether there is any.
pub async fn ask_about_held(hand: &Hand, user: UserId) -> Result<bool, DiskError> {
    let records = own_records(hand, user).await?;
    let is_held = |record: &OutboxRecord| record.state == WriteState::Held;
    let held: Vec<Amendment> = resolve::retry_now(&records).into_iter().filter(is_held).map(Amendment::of).collect();
    Ok(!held.is_empty() && hand.amend(held).await?)
}

/// A pause that began because nobody answered says nothing once the network is back.
pub async fn end_pauses(hand: &Hand, user: UserId) -> Result<(), DiskError> {
    let records = own_records(hand, user).await?;
    let unanswered = |record: &OutboxRecord| {
        record
            .last_error
            .as_ref()
            .is_some_and(|failure| failure.problem.code == ProblemCode::Unavailable)
    };
    let freed: Vec<Amendment> = resolve::retry_now(&records).into_iter().filter(unanswered).map(Amendment::of).collect();
    if !freed.is_empty() {
        hand.amend(freed).await?;
    }
    Ok(())
}

/// What peers do.
async fn drop_forbidden(hand: &Hand, user: UserId) -> Result<(), DiskError> {
    let is_forbidden = |record: &OutboxRecord| {
        let code = record.last_error.as_ref().map(|failure| failure.problem.code);
        record.state == WriteState::Rejected && code == Some(ProblemCode::Permission)
    };
    let records = own_records(hand, user).await?;
    let dropped = records
        .into_iter()
        .filter(is_forbidden)
        .map(|record| Amendment::of(record.in_state(WriteState::Discarded)));
    hand.amend(dropped.collect()).await.map(drop)
}
