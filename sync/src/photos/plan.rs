//! What of the photos goes next.
//!
//! **Invariant:** a step is named only for a photo whose document is applied, and none while text is due.

use super::{Ground, Photo, PhotoState};
use crate::outbox::{
    OutboxRecord,
    plan::{Plan, plan as plan_text},
};
use domain::RowId;

/// How much of a photo goes in one request. After each, text has its turn.
pub const PIECE_BYTES: u64 = 256 * 1024;

/// What the sender does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Text is due, and goes first.
    Text,
    /// This photo's document was given up; it goes with it.
    Forget(RowId),
    /// Something is asked of the server about this photo.
    Send(RowId, Asked),
    /// Nothing before this moment, in milliseconds since 1970.
    WaitUntil(i64),
    /// Nothing is left that goes by itself.
    Idle,
}

/// What is asked of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// For an address where the pieces go.
    Address,
    /// How much it has.
    Progress,
    /// To take these bytes, from here to there.
    Piece {
        /// The first one.
        from: u64,
        /// The one behind the last.
        to: u64,
    },
}

/// Chooses among one user's photos, given the user's outbox in order of `seq` and how each document stands.
pub fn plan(photos: &[Photo], text: &[OutboxRecord], ground: impl Fn(&Photo) -> Ground, now_ms: i64) -> Step {
    if matches!(plan_text(text, now_ms, 1), Plan::Send(_)) {
        return Step::Text;
    }
    let mut ready: Option<&Photo> = None;
    let mut wake_at_ms: Option<i64> = None;
    for photo in photos.iter().filter(|photo| photo.is_unsent()) {
        match (ground(photo), photo.state, photo.paused_until(now_ms)) {
            (Ground::GivenUp, _, _) => return Step::Forget(photo.document_id),
            (Ground::Applied, PhotoState::Waiting, None) => {
                // What is under way is finished before another one begins; else in the order of their making.
                let place = |photo: &Photo| (photo.upload.is_none(), photo.document_id);
                if ready.is_none_or(|other| place(photo) < place(other)) {
                    ready = Some(photo);
                }
            }
            (Ground::Applied, PhotoState::Waiting, Some(at_ms)) => wake_at_ms = Some(wake_at_ms.map_or(at_ms, |other| other.min(at_ms))),
            (Ground::Awaited, _, _) | (Ground::Applied, PhotoState::Refused | PhotoState::Sent, _) => {}
        }
    }
    match (ready, wake_at_ms) {
        (Some(photo), _) => Step::Send(photo.document_id, asked(photo)),
        (None, Some(at_ms)) => Step::WaitUntil(at_ms),
        (None, None) => Step::Idle,
    }
}

/// What comes next for a photo that may go.
fn asked(photo: &Photo) -> Asked {
    match photo.upload {
        None => Asked::Address,
        Some(_) if photo.is_unanswered || photo.sent_bytes >= photo.size_bytes => Asked::Progress,
        Some(_) => Asked::Piece {
            from: photo.sent_bytes,
            to: photo.size_bytes.min(photo.sent_bytes.saturating_add(PIECE_BYTES)),
        },
    }
}
