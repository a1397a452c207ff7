//! How the device's storage stands, for people.

use super::StoreError;

/// Where what is tapped is kept at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorageState {
    /// Another tab holds the database in an older form: opening waits until that tab is closed or loaded again.
    Blocked,
    /// On the disk.
    Persistent {
        /// Whether the browser has promised not to clear it when space is short.
        persisted: bool,
    },
    /// On the disk, which is full: changes are kept and sent; the rows, which the server has too, had to make room for them.
    Full {
        /// As above.
        persisted: bool,
    },
    /// In this page's memory only: what is not sent is gone when the page is closed.
    MemoryOnly {
        /// What the browser said.
        why: String,
    },
    /// Nowhere: a newer version of the app has changed the database's form. The page must be loaded again.
    Superseded,
}

impl StorageState {
    /// Whether a closed page would lose what has not been sent.
    pub const fn is_fleeting(&self) -> bool {
        matches!(self, Self::MemoryOnly { .. })
    }

    /// What its user should know for as long as it lasts; `None` while all is well.
    pub fn warning(&self) -> Option<String> {
        Some(match self {
            Self::Persistent { .. } => return None,
            Self::Blocked => "The data is held by another tab, which seems to run an older version of Turns. Close it, and this one goes on.".to_owned(),
            Self::Full { .. } => "This device is full. Changes are kept and sent, but the lists may have to be fetched again at the next start.".to_owned(),
            Self::MemoryOnly { why } => {
                format!("This browser keeps nothing at the moment ({why}). Leave this page open until all changes are sent, or export them.")
            }
            Self::Superseded => "A newer version of Turns has been here. Load this page again; what you have changed is kept.".to_owned(),
        })
    }

    /// The state that a storage is in of which nothing is known but that it could not be used.
    pub(super) fn in_memory(error: &StoreError) -> Self {
        Self::MemoryOnly { why: error.to_string() }
    }
}
