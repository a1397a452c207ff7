//! What a request to the server can come to.

use protocol::{Problem, WriteAnswer};

/// What became of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Delivery {
    /// The server answered each write.
    Results(Vec<WriteAnswer>),
    /// The server refused the request as a whole.
    Refused {
        /// Why.
        problem: Problem,
        /// What `Retry-After` said.
        retry_after_ms: Option<i64>,
    },
    /// No answer, or one that is not our server's (a hotel's sign-in page, a proxy's error).
    Lost,
}
