//! The read path: shapes in Electric's HTTP protocol, followed from the change log.
//!
//! Read it in this order: [`handlers`], [`request`] (what was asked), [`shape`] (what the session may see, narrowed by [`clause`]; [`known`] by heart),
//! [`read`] (where from), [`snapshot`] (the rows at one position), [`log`] (what happened since), [`answer`] (headers), [`live`] and [`stream`] (waiting
//! for more, at the [`hub`]). Beside them [`subset`], for who wants some of the rows and no log, [`upstream`], for programs that take whole tables, the
//! [`doorbell`], one connection per device that says which shapes have news, and [`trim`].
//!
//! **Invariant:** nothing is stored per shape. Any server with the database can go on where another left off, and a
//! restart forgets nothing.

mod answer;
mod clause;
mod doorbell;
pub mod electric;
mod handlers;
pub mod hub;
mod known;
mod live;
mod log;
mod message;
mod methods;
mod offset;
mod read;
mod refusal;
mod request;
mod shape;
mod snapshot;
mod stream;
mod subset;
pub mod trim;
pub mod upstream;

pub use handlers::routes;
pub use known::KnownShapes;
