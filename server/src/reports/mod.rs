//! What the office reads: the dashboard's figures and exports of whole tables.
//!
//! Both read the replica where there is one. They show the past too, which the shapes leave out: ten-year-old turns are
//! not on a tablet, but they are in a report.
//!
//! **Invariant:** a report shows nobody a row that their role does not give them; a filter only ever narrows that.

mod dashboard;
mod export;
mod filters;
mod handlers;
mod parameters;
mod scope;
mod sql;

pub use handlers::routes;
