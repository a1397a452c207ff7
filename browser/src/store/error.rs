//! Why the device's storage failed, sorted by what can be done about it.

use indexed_db_futures::error::{Error as IdbError, OpenDbError};

/// The device's storage failed. Nothing of the call that failed is stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The browser has taken the connection away. The store opens another one by itself; this comes out when that did not help.
    #[error("the browser closed the storage")]
    Lost,
    /// This handle was closed by its owner.
    #[error("the storage is closed")]
    Closed,
    /// A newer version of the app has changed the database's form: this one cannot read it, and leaves it alone.
    #[error("a newer version of Turns has been here: load this page again")]
    Superseded,
    /// Another tab holds the database open in an older form, and does not let go.
    #[error("another tab still runs an older version of Turns")]
    Blocked,
    /// The disk or the browser's share of it is full.
    #[error("there is no room left on this device")]
    Full,
    /// A photo is kept on the disk or not at all: the page's memory would lose it.
    #[error("this browser keeps nothing at the moment, and a photo would be lost with this page")]
    OnlyInMemory,
    /// Rows arrived for a user who is not signed in here any more.
    #[error("somebody else has signed in meanwhile")]
    NotOurs,
    /// Another tab has given the next number meanwhile: it is read, and nobody hears of this.
    #[error("another tab was faster")]
    Overtaken,
    /// A synced row cannot be read: it is forgotten and asked for again.
    #[error("a stored row cannot be read: {0}")]
    UnreadableRow(String),
    /// Anything else, in the browser's words.
    #[error("{0}")]
    Browser(String),
}

impl StoreError {
    /// Whether the storage itself is in trouble, so that opening it again may help.
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Lost | Self::Browser(_))
    }

    /// What the browser said, by its name.
    pub(super) fn of_exception(exception: &web_sys::DomException) -> Self {
        match exception.name().as_str() {
            // `UnknownError` is what Safari says when its storage process has gone, `AbortError` what a transaction says that ended with its connection.
            "InvalidStateError" | "UnknownError" | "AbortError" => Self::Lost,
            "QuotaExceededError" => Self::Full,
            "VersionError" => Self::Superseded,
            name => Self::Browser(format!("{name}: {}", exception.message())),
        }
    }
}

impl From<IdbError> for StoreError {
    fn from(error: IdbError) -> Self {
        match error {
            IdbError::DomException(exception) => Self::of_exception(&exception.into()),
            other => Self::Browser(other.to_string()),
        }
    }
}

impl From<OpenDbError> for StoreError {
    fn from(error: OpenDbError) -> Self {
        match error {
            OpenDbError::Base(error) => error.into(),
            other => Self::Browser(other.to_string()),
        }
    }
}
