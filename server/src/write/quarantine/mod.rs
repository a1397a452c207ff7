//! Writes of people who have lost sight of the row since they saw it.
//!
//! A manager works a week without signal; meanwhile the home is given to somebody else. What she wrote is neither hers to apply any
//! more nor anything to throw away. It is kept here, beside the tables, and a supervisor who sees the row adopts it or refuses it.
//! Read it in this order: [`past`] (what somebody could see and do, and when), [`hold`] (a refusal that becomes a wait), [`docket`]
//! (which of them are whose to decide), [`adopt`] and [`refuse`], [`tell`] (who is told), [`handlers`] (HTTP).
//!
//! **Invariant:** only what its author could do to the row as they saw it is held; a guess at a row that they never saw is refused
//! as before. A held write is applied by its receipt and nothing else, so never twice.

mod adopt;
mod docket;
mod handlers;
mod hold;
mod past;
mod refuse;
mod tell;

pub use handlers::routes;
pub use hold::instead_of;
