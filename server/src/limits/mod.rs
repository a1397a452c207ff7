//! How often somebody may ask for something.
//!
//! Read it in this order: [`quota`] (what may be, from the settings), [`window`] (the rule, pure), [`ledger`] (who keeps the
//! count: [`memory`] of this process, or [`shared`] between servers in Redis), [`limiter`] (chooses between them),
//! [`meter`] (requests of signed-in people), [`sign_in`] (passwords), [`answer`] (what the caller is told).
//!
//! **Invariant:** no limit ever loses work: whoever is refused is told when to come again, and a failing Redis refuses nobody.

mod answer;
mod ledger;
mod limiter;
mod memory;
mod meter;
mod quota;
mod shared;
mod sign_in;
mod window;

pub use answer::Exceeded;
pub use limiter::Limiter;
pub use meter::{Counts, meter};
pub use quota::{Budget, Quota, RateLimits};
pub use sign_in::Attempt;
