//! What an error of the database means for whoever asked.
//!
//! **Invariant:** what is not known to pass by itself, nor to be the caller's, is the server's own fault.

use sea_orm::{DbErr, RuntimeErr, SqlxError};

/// Whose it is to mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nobody's: asked again later, it may go well.
    Passing,
    /// The caller's: this database cannot hold a value that was given.
    Unstorable,
    /// The server's.
    Own,
}

impl Fault {
    /// Reads an error.
    pub fn of(error: &DbErr) -> Self {
        if matches!(error, DbErr::ConnectionAcquire(_)) {
            return Self::Passing;
        }
        match driver_error(error) {
            Some(SqlxError::Database(said)) => said.code().map_or(Self::Own, |code| Self::of_code(&code)),
            Some(SqlxError::Io(_) | SqlxError::Tls(_) | SqlxError::PoolTimedOut | SqlxError::PoolClosed | SqlxError::WorkerCrashed) => Self::Passing,
            _ => Self::Own,
        }
    }

    /// By PostgreSQL's SQLSTATE (five characters), or SQLite's result code (a number).
    fn of_code(code: &str) -> Self {
        match code.as_bytes() {
            // Numbers, dates and characters beyond what a type holds.
            b"22003" | b"22008" | b"22021" | b"22P05" => Self::Unstorable,
            // Connection lost, transaction rolled back, out of disk or connections, shut down or cancelled.
            [b'0', b'8', ..] | [b'4', b'0', ..] | [b'5', b'3', ..] | [b'5', b'7', _, _, _] => Self::Passing,
            // Waited too long for a lock; a primary that has become a standby; a transaction that stood still for too long.
            b"55P03" | b"25006" | b"25P03" => Self::Passing,
            _ if code.parse::<u32>().is_ok_and(is_passing_in_sqlite) => Self::Passing,
            _ => Self::Own,
        }
    }
}

/// What the driver said, where it was the driver.
pub(super) fn driver_error(error: &DbErr) -> Option<&SqlxError> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error)) | DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

/// `SQLITE_BUSY` and `SQLITE_FULL`; the rest of an extended code's bits say more of it.
const fn is_passing_in_sqlite(code: u32) -> bool {
    const BUSY: u32 = 5;
    const FULL: u32 = 13;
    code < 10_000 && matches!(code & 0xff, BUSY | FULL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_both_databases_are_told_apart() {
        for passing in ["40001", "40P01", "53100", "53300", "57P01", "57P03", "08006", "55P03", "5", "13", "517"] {
            assert_eq!(Fault::of_code(passing), Fault::Passing, "{passing}");
        }
        for unstorable in ["22003", "22008", "22021"] {
            assert_eq!(Fault::of_code(unstorable), Fault::Unstorable, "{unstorable}");
        }
        for own in ["42P01", "42601", "23505", "22P02", "P0001", "1", "8", "1555", "2067", "57", ""] {
            assert_eq!(Fault::of_code(own), Fault::Own, "{own}");
        }
    }
}
