//! How much of a device's room photos may take.
//!
//! Text is small and exists nowhere else; so photos leave half of what the browser grants to it, and those that the server has make room first.
//!
//! **Invariant:** nothing that is not sent is ever given up for another photo.

use super::Photo;
use domain::RowId;

/// The most that photos take, however much the browser grants.
const MOST_BYTES: u64 = 2_000_000_000;
/// Where the browser does not say what it grants.
const UNKNOWN_BYTES: u64 = 200_000_000;
/// The most that is kept of what the server has, for looking at it without a signal.
const MOST_SENT_BYTES: u64 = 150_000_000;

/// There is no room for another photo before others are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the photos that wait take all the room that this device has for photos: another one can be kept when some are sent")]
pub struct NoRoom;

/// The photos that go to make room for a new one of this size, the oldest of those that are sent first. `photos` are all on the device, whoever's they are.
pub fn make_room(photos: &[Photo], new_bytes: u64, granted_bytes: Option<u64>) -> Result<Vec<RowId>, NoRoom> {
    let budget = granted_bytes.map_or(UNKNOWN_BYTES, |granted| (granted / 2).min(MOST_BYTES));
    let size = |photos: &[&Photo]| photos.iter().map(|photo| photo.size_bytes).sum::<u64>();
    let (unsent, mut sent): (Vec<&Photo>, Vec<&Photo>) = photos.iter().partition(|photo| photo.is_unsent());
    let needed = size(&unsent).saturating_add(new_bytes);
    if needed > budget {
        return Err(NoRoom);
    }
    sent.sort_by_key(|photo| photo.document_id);
    let most_sent = MOST_SENT_BYTES.min(budget - needed);
    let mut left = size(&sent);
    let mut gone = Vec::new();
    for photo in sent {
        if left <= most_sent {
            break;
        }
        left -= photo.size_bytes;
        gone.push(photo.document_id);
    }
    Ok(gone)
}
