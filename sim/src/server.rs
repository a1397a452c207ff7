//! The other end, as the simulation sees it: one trait, behind which stands the [`crate::office::Office`] in memory or the
//! real server over SQLite.
//!
//! **Invariant:** a call is one moment: what it commits is there when it returns.

use domain::{Operation, Row, RowId, Table, UserId, WriteId};
use protocol::{BatchRequest, Problem, ShapeRequest, User, WriteAnswer};
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
}

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
}
