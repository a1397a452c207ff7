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
    /// A newer version of the app, in another tab, has changed the database's form, or it is being deleted.
    #[error("a newer version of Turns runs in another tab: load this page again")]
    Superseded,
    /// The disk or the browser's share of it is full.
    #[error("there is no room left on this device")]
    Full,
    /// Rows arrived for a user who is not signed in here any more.
    #[error("somebody else has signed in meanwhile")]
    NotOurs,
    /// A synced row cannot be read: it is forgotten and asked for again.
    #[error("a stored row cannot be read: {0}")]
    UnreadableRow(String),
    /// Anything else, in the browser's words.
    #[error("{0}")]
    Browser(String),
}

impl From<IdbError> for StoreError {
    fn from(error: IdbError) -> Self {
        let IdbError::DomException(exception) = error else {
            return Self::Browser(error.to_string());
        };
        let exception = web_sys::DomException::from(exception);
        match exception.name().as_str() {
            // `UnknownError` is what Safari says when its storage process has gone.
            "InvalidStateError" | "UnknownError" => Self::Lost,
            "QuotaExceededError" => Self::Full,
            "VersionError" => Self::Superseded,
            name => Self::Browser(format!("{name}: {}", exception.message())),
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
