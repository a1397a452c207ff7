//! Has the storage fold what has changed, when it has been quiet for a while.
//!
//! **Invariant:** nothing is folded while something comes, and nothing while nothing has come.

use crate::{breath::Breath, clock, scope, store::DeviceStore};
use domain::Table;
use std::{cell::Cell, rc::Rc};

const LOOK_EVERY_MS: i64 = 60_000;
const QUIET_MS: u64 = 10_000;

/// Cheap to clone.
#[derive(Clone)]
pub struct Tidying(Rc<Inner>);

struct Inner {
    store: DeviceStore,
    tables: Vec<Table>,
    /// When something was stored last, if anything was since the last time.
    stored_at_ms: Cell<Option<i64>>,
}

impl Tidying {
    pub fn new(store: &DeviceStore, tables: &[Table]) -> Self {
        Self(Rc::new(Inner {
            store: store.clone(),
            tables: tables.to_vec(),
            // An earlier leader may have left something.
            stored_at_ms: Cell::new(Some(clock::now_ms())),
        }))
    }

    /// Something was stored just now.
    pub fn note_stored(&self) {
        self.0.stored_at_ms.set(Some(clock::now_ms()));
    }

    /// Runs for ever.
    pub async fn run(&self) {
        loop {
            scope::sleep(LOOK_EVERY_MS).await;
            // A clock that was set back only delays it.
            let is_quiet = |at_ms: i64| clock::now_ms().abs_diff(at_ms) >= QUIET_MS;
            if self.0.stored_at_ms.get().is_some_and(is_quiet) {
                self.0.stored_at_ms.set(None);
                self.fold().await;
            }
        }
    }

    async fn fold(&self) {
        let mut breath = Breath::begin();
        for table in &self.0.tables {
            while self.0.stored_at_ms.get().is_none() && self.0.store.fold(*table).await {
                breath.take().await;
            }
        }
    }
}
