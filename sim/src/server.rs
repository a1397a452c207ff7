//! The other end, as the simulation sees it: one trait, behind which stands the [`crate::office::Office`] in memory or the
//! real server over SQLite.
//!
//! **Invariant:** a call is one moment: what it commits is there when it returns.

use crate::office::ids;
use domain::{Operation, Row, RowId, Table, UserId, WriteId};
use protocol::{BatchRequest, Problem, ProblemCode, ShapeRequest, User, WriteAnswer, handover::DeviceWrites};
use sync::shape_stream::Event;

/// A session's name, as a browser keeps it in a cookie.
pub type Token = u64;

/// Who is signed in, and which tables their device follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// URL names of tables.
    pub shapes: Vec<String>,
}

/// One write that was applied, as the server's own records tell it.
#[derive(Clone, Debug)]
pub struct Applied {
    /// Which write.
    pub write_id: WriteId,
    /// Under whose session.
    pub author: UserId,
    /// Which table.
    pub table: Table,
    /// Which row.
    pub row_id: RowId,
    /// What was done.
    pub operation: Operation,
    /// The row just before.
    pub before: Option<Row>,
    /// The row just after.
    pub after: Option<Row>,
    /// A supervisor has carried it out, who has seen what its author had not.
    pub is_adopted: bool,
}

/// What came of one write in a file that an administrator has imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Which write.
    pub write_id: WriteId,
    /// Why it is not applied; none where it is, now or before.
    pub refused: Option<ProblemCode>,
}

/// Who adopts and refuses what is held, and imports what is handed over: the administrator of the cast.
pub const SUPERVISOR: UserId = ids::user(0);

/// See the module.
pub trait Server {
    /// A right password: a new session.
    fn sign_in(&mut self, user: UserId) -> (Token, SignedIn);
    /// Ends one session.
    fn sign_out(&mut self, token: Token);
    /// Whose session it is; none for one that has ended.
    fn session(&mut self, token: Token) -> Option<SignedIn>;
    /// Ends every session of a person, as another password does.
    fn end_sessions(&mut self, user: UserId);
    /// `POST /api/write/batch`. `at_ms` is true time.
    fn write(&mut self, token: Token, batch: &BatchRequest, at_ms: i64) -> Result<Vec<WriteAnswer>, Problem>;
    /// `GET /api/sync/…`: what the answer means to a stream. Nothing is waited for.
    fn shape(&mut self, token: Token, request: &ShapeRequest) -> Event;
    /// Where the log ends; greater after every commit.
    fn position(&mut self) -> i64;
    /// The tables in which something happened behind a position that this session sees.
    fn news(&mut self, token: Token, since: i64) -> Vec<Table>;
    /// The log forgets everything up to now.
    fn trim(&mut self);
    /// Stops and starts again on the same data.
    fn restart(&mut self);
    /// All rows of a table, whoever may see them.
    fn rows(&mut self, table: Table) -> Vec<Row>;
    /// The writes that were applied since so many, in order.
    fn applied_after(&mut self, count: usize) -> Vec<Applied>;
    /// Who works here.
    fn people(&mut self) -> Vec<User>;
    /// The writes that are held and not applied, the oldest first.
    fn quarantined(&mut self) -> Vec<WriteId>;
    /// A supervisor adopts a held write; where others have changed what it changes, `looked_at` says which version of the row was seen
    /// beside it.
    fn adopt(&mut self, write: WriteId, looked_at: Option<i64>, at_ms: i64) -> Result<(), Problem>;
    /// A supervisor refuses a held write.
    fn refuse(&mut self, write: WriteId, reason: &str, at_ms: i64) -> Result<(), Problem>;
    /// An administrator imports what a device has handed over; what came of each write that its
    /// user had not given up.
    fn import(&mut self, device: &DeviceWrites, at_ms: i64) -> Result<Vec<Imported>, Problem>;

    /// A supervisor looks at a held write and at its row, and decides; what cannot be adopted is refused. Says whether it is applied.
    fn decide(&mut self, write: WriteId, is_wanted: bool, at_ms: i64) -> bool {
        if !is_wanted {
            return self.refuse(write, "somebody else has done it", at_ms).is_err();
        }
        let mut adopted = self.adopt(write, None, at_ms);
        if let Err(Problem { conflicts: Some(both), .. }) = &adopted {
            adopted = self.adopt(write, Some(both.server_version), at_ms);
        }
        match adopted {
            Ok(()) => true,
            // What it builds on is decided first.
            Err(problem) if problem.code == ProblemCode::Blocked => false,
            Err(problem) => self.refuse(write, &problem.message, at_ms).is_err(),
        }
    }
}
