//! Ids as types of their own, so that a user's id cannot be passed where a row's is meant.
//!
//! All are UUIDv7, made at the edges; this crate never makes one.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

id!(
    /// One row of one table; made by the device that creates the row.
    RowId
);
id!(
    /// A person who signs in.
    UserId
);
id!(
    /// One intent of one user on one device; the idempotency key of the write path.
    WriteId
);
id!(
    /// One browser profile on one tablet.
    DeviceId
);

impl From<UserId> for RowId {
    /// A user is also a row of the `users` table.
    fn from(user: UserId) -> Self {
        Self(user.0)
    }
}
