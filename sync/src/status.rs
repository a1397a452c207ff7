//! What the header says about syncing, in one sentence.

use crate::{
    outbox::{OutboxRecord, WriteState},
    photos::{Photo, PhotoState},
};
use std::fmt;

/// The state of one user's queue on this device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncStatus {
    /// Writes that the server does not have yet.
    pub waiting: usize,
    /// Of these, how many are on their way now.
    pub sending: usize,
    /// Writes that their user must decide about.
    pub need_user: usize,
    /// Writes that the server holds for a supervisor.
    pub held: usize,
    /// Photos that follow their documents, which have gone already.
    pub photos: usize,
    /// The browser says that there is no network, or the server is not reached.
    pub is_offline: bool,
    /// The session has ended.
    pub needs_sign_in: bool,
}

impl SyncStatus {
    /// Counts records; whether there is a network and a session is added by the caller.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a OutboxRecord>) -> Self {
        records.into_iter().fold(Self::default(), |mut status, record| {
            status.waiting += usize::from(record.state.is_waiting());
            status.sending += usize::from(record.state == WriteState::Sending);
            status.need_user += usize::from(record.state.needs_user());
            status.held += usize::from(record.state == WriteState::Held);
            status
        })
    }

    /// Adds this user's photos. One whose document waits itself, or is refused, is no further change.
    #[must_use]
    pub fn with_photos<'a>(mut self, photos: impl IntoIterator<Item = &'a Photo>, is_document_here: impl Fn(&Photo) -> bool) -> Self {
        for photo in photos.into_iter().filter(|photo| !is_document_here(photo)) {
            self.photos += usize::from(photo.state == PhotoState::Waiting);
            self.need_user += usize::from(photo.state == PhotoState::Refused);
        }
        self
    }

    /// How much would be left behind on the device by leaving now. What is held is with the server.
    pub const fn unsent(self) -> usize {
        self.waiting + self.photos + self.need_user
    }

    /// Whether there is anything of it.
    pub const fn has_unsent(self) -> bool {
        self.unsent() > 0
    }
}

impl fmt::Display for SyncStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changes = |count: usize| if count == 1 { "1 change".to_owned() } else { format!("{count} changes") };
        let on_their_way = self.waiting + self.photos;
        if self.is_offline {
            f.write_str("Offline · ")?;
        }
        match self {
            Self { need_user: 1, .. } => f.write_str("1 change needs you"),
            Self { need_user, .. } if *need_user > 0 => write!(f, "{need_user} changes need you"),
            Self { needs_sign_in: true, .. } if on_their_way > 0 => write!(f, "Sign in to send {}", changes(on_their_way)),
            Self {
                sending, is_offline: false, ..
            } if *sending > 0 => f.write_str("Saving…"),
            Self { waiting: 0, photos: 1, .. } => f.write_str("1 photo waiting"),
            Self { waiting: 0, photos, .. } if *photos > 0 => write!(f, "{photos} photos waiting"),
            _ if on_their_way > 0 => write!(f, "{} waiting", changes(on_their_way)),
            Self { held: 1, .. } => f.write_str("1 change is with a supervisor"),
            Self { held, .. } if *held > 0 => write!(f, "{} are with a supervisor", changes(*held)),
            _ => f.write_str("All changes saved"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_says_what_matters_most() {
        let calm = SyncStatus::default();
        for (status, text) in [
            (calm, "All changes saved"),
            (SyncStatus { waiting: 1, ..calm }, "1 change waiting"),
            (
                SyncStatus {
                    waiting: 3,
                    is_offline: true,
                    ..calm
                },
                "Offline · 3 changes waiting",
            ),
            (
                SyncStatus {
                    waiting: 3,
                    sending: 2,
                    is_offline: true,
                    ..calm
                },
                "Offline · 3 changes waiting",
            ),
            (
                SyncStatus {
                    waiting: 3,
                    sending: 3,
                    ..calm
                },
                "Saving…",
            ),
            (
                SyncStatus {
                    waiting: 12,
                    needs_sign_in: true,
                    ..calm
                },
                "Sign in to send 12 changes",
            ),
            (
                SyncStatus {
                    waiting: 3,
                    need_user: 1,
                    ..calm
                },
                "1 change needs you",
            ),
            (SyncStatus { need_user: 2, ..calm }, "2 changes need you"),
            (SyncStatus { held: 1, ..calm }, "1 change is with a supervisor"),
            (SyncStatus { held: 2, ..calm }, "2 changes are with a supervisor"),
            (SyncStatus { held: 2, waiting: 1, ..calm }, "1 change waiting"),
            (SyncStatus { is_offline: true, ..calm }, "Offline · All changes saved"),
        ] {
            assert_eq!(status.to_string(), text);
        }
    }

    #[test]
    fn photos_are_named_when_nothing_else_waits() {
        let photos = |photos| SyncStatus {
            photos,
            ..SyncStatus::default()
        };
        for (status, text) in [
            (photos(1), "1 photo waiting"),
            (SyncStatus { held: 1, ..photos(2) }, "2 photos waiting"),
            (SyncStatus { waiting: 1, ..photos(2) }, "3 changes waiting"),
            (
                SyncStatus {
                    needs_sign_in: true,
                    ..photos(2)
                },
                "Sign in to send 2 changes",
            ),
        ] {
            assert_eq!((status.to_string().as_str(), status.has_unsent()), (text, true));
        }
    }
}
