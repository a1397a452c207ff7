//! A server to test, and people who use it.

mod app;
mod change;
mod database;
mod electric;
mod figures;
mod files;
mod person;
mod process;
mod recording;
mod standby;
mod stub;

pub use app::{Another, TestApp};
pub use change::{audit_of_nobody, commit_one_change};
pub use database::{TestDatabase, is_postgres, number};
pub use electric::{Front, SECRET, electric_at};
pub use figures::{figures, value};
pub use files::{BOUNDARY, form, photo, turned_photo};
pub use person::{Answer, Person, ShapePage, send};
pub use process::Process;
pub use recording::Recording;
pub use standby::Standby;
pub use stub::{Asked, Line, Stub, shape_answer};

use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

/// The shapes of whoever looks after homes, parents first.
pub const SHAPES: [&str; 9] = [
    "turn-stages",
    "property-types",
    "vendors",
    "properties",
    "turns",
    "scope-items",
    "approvals",
    "documents",
    "notifications",
];

/// An id that no other call gives.
pub fn new_id() -> String {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let number = LAST.fetch_add(1, Ordering::Relaxed) + 1;
    Uuid::from_u128(0x01aa_0000_0000_7000_8000_0000_0000_0000 + u128::from(number)).to_string()
}

/// A seeded sequence of small numbers (Knuth's MMIX generator).
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}
