//! Photos on their way: what a device knows of a picture whose row is a document and whose bytes follow later.
//!
//! The row travels with the outbox, as text does; the bytes go behind all text, in pieces, and go on where they were after any interruption.
//! [`plan`] says what is sent next, [`settle`] what an answer means, [`budget`] how much room photos may take.
//!
//! **Invariant:** no photo goes before its document is applied, nor while text is due.

pub mod budget;
pub mod plan;
pub mod settle;

use crate::outbox::{Failure, OutboxRecord, WriteState, backoff::LONGEST_PAUSE_MS};
use domain::{RowId, UserId, WriteId};
use protocol::ProblemCode;
use serde::{Deserialize, Serialize};

/// The version of the form that this app writes. Raise it with every change of [`Photo`]'s stored form; a test holds the form against it.
pub const PHOTO_SCHEMA: u16 = 1;

/// The longest side of a photo that is kept, in pixels: what a wall needs to be judged by.
pub const LONGEST_SIDE: u32 = 2_048;
/// Of the JPEG that is made of it, from 0 to 1.
pub const JPEG_QUALITY: f64 = 0.8;
/// What the server takes as a picture, where this device could not make a JPEG of it.
pub const CONTENT_TYPES: [&str; 5] = ["image/jpeg", "image/png", "image/webp", "image/heic", "image/heif"];

/// One photo of one user on one device. Its bytes lie beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Photo {
    /// [`PHOTO_SCHEMA`] when it was written.
    pub schema: u16,
    /// The document's row, which names it.
    pub document_id: RowId,
    /// Whose it is: nobody else on the tablet sees or sends it.
    pub user_id: UserId,
    /// The write that makes the row.
    pub write_id: WriteId,
    /// What the document says of it: the server holds the bytes against that.
    pub about: About,
    /// SHA-256 of the bytes, in lower-case hexadecimal.
    pub content_hash: String,
    /// `image/jpeg`
    pub content_type: String,
    /// How many bytes it has.
    pub size_bytes: u64,
    /// When it was kept, in milliseconds since 1970, by the device's clock: for people, never for order.
    pub kept_at_ms: i64,
    /// Where it stands.
    pub state: PhotoState,
    /// Where its pieces go; none before the server has given an address.
    pub upload: Option<String>,
    /// How many bytes the server is known to have.
    pub sent_bytes: u64,
    /// Whether a piece was sent and not answered: the server is asked how much it has before anything else is sent.
    pub is_unanswered: bool,
    /// How often it was tried in vain since something of it has arrived.
    pub attempts: u32,
    /// How often the server had forgotten what it had of it.
    pub begun_again: u32,
    /// Not before this, in milliseconds since 1970.
    pub next_attempt_at_ms: Option<i64>,
    /// What went wrong last.
    pub last_error: Option<Failure>,
    /// How often the record was amended; two writers never overwrite each other.
    pub revision: u64,
}

/// What a photo's document says of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    /// `scope_item`, `turn`, …
    pub entity_type: String,
    /// Which one.
    pub entity_id: RowId,
    /// `scope_photo`, `before`, …
    pub kind: String,
    /// As people read it.
    pub file_name: String,
    /// When it was taken, as a timestamp in text.
    pub taken_at: String,
}

/// Where a photo stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PhotoState {
    /// The server does not have all of it.
    Waiting,
    /// The server has it. What lies here is only for looking at, and makes room for others.
    Sent,
    /// The server does not take it: its user decides.
    Refused,
}

impl Photo {
    /// The same photo, amended.
    #[must_use]
    pub fn amended(mut self) -> Self {
        self.revision += 1;
        self
    }

    /// Until when it is not to be sent, in milliseconds since 1970; none where it may go. As for writes, a pause longer than any is a clock's mistake.
    pub fn paused_until(&self, now_ms: i64) -> Option<i64> {
        let is_pause = |at_ms: &i64| (1..=LONGEST_PAUSE_MS).contains(&at_ms.saturating_sub(now_ms));
        self.next_attempt_at_ms.filter(is_pause)
    }

    /// Whether something of it exists nowhere but here.
    pub const fn is_unsent(&self) -> bool {
        matches!(self.state, PhotoState::Waiting | PhotoState::Refused)
    }

    /// Tries once more without a pause, whatever was said of it.
    #[must_use]
    pub fn again(self) -> Self {
        Self {
            state: PhotoState::Waiting,
            attempts: 0,
            begun_again: 0,
            next_attempt_at_ms: None,
            ..self
        }
        .amended()
    }

    /// Whether it waits because nobody answered: that says nothing once the network is back.
    pub fn waits_for_network(&self) -> bool {
        let is_unavailable = |failure: &Failure| failure.problem.code == ProblemCode::Unavailable;
        self.state == PhotoState::Waiting && self.next_attempt_at_ms.is_some() && self.last_error.as_ref().is_some_and(is_unavailable)
    }
}

/// What the write that makes a photo's document has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// The server has the document.
    Applied,
    /// Not yet, or it is refused: the photo waits with it.
    Awaited,
    /// Its user has given it up, and the photo with it.
    GivenUp,
}

impl Ground {
    /// From the write as it stands in the outbox, or as it ended. A write of which nothing is known may lie sealed: it is awaited.
    pub fn of(photo: &Photo, outbox: &[OutboxRecord], ended: Option<WriteState>) -> Self {
        let open = outbox.iter().find(|record| record.write_id == photo.write_id).map(|record| record.state);
        match open.or(ended) {
            // The server has given an address only for a document that it had.
            _ if photo.upload.is_some() => Self::Applied,
            Some(WriteState::Acked | WriteState::Settled) => Self::Applied,
            Some(WriteState::Discarded) => Self::GivenUp,
            Some(WriteState::Pending | WriteState::Sending | WriteState::Rejected | WriteState::Blocked | WriteState::Held) | None => Self::Awaited,
        }
    }
}

/// How large a picture of this size is kept: no side longer than [`LONGEST_SIDE`], and none made larger.
pub fn kept_size(width: u32, height: u32) -> (u32, u32) {
    let longest = width.max(height).max(1);
    if longest <= LONGEST_SIDE {
        return (width.max(1), height.max(1));
    }
    let scaled = |side: u32| {
        u32::try_from(u64::from(side) * u64::from(LONGEST_SIDE) / u64::from(longest))
            .unwrap_or(1)
            .max(1)
    };
    (scaled(width), scaled(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_shrinks_to_its_longest_side_and_never_grows() {
        for (width, height, kept) in [
            (4_000, 3_000, (2_048, 1_536)),
            (3_000, 4_000, (1_536, 2_048)),
            (640, 480, (640, 480)),
            (2_048, 10, (2_048, 10)),
            (100_000, 1, (2_048, 1)),
            (0, 0, (1, 1)),
            (u32::MAX, u32::MAX, (2_048, 2_048)),
        ] {
            assert_eq!(kept_size(width, height), kept);
        }
    }
}
