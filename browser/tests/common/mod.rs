//! What the suites share: stores of their own, and turns to put into them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "each suite is a program of its own and uses a part")]

use browser::store::IdbStore;
use domain::WriteId;
use sync::store::conformance::row_id;

/// An empty store that no other test has.
pub async fn fresh() -> IdbStore {
    IdbStore::open(&fresh_name()).await.unwrap()
}

/// The same store after a restart of the app.
pub async fn reopened(store: IdbStore) -> IdbStore {
    let name = store.name().to_owned();
    store.close();
    IdbStore::open(&name).await.unwrap()
}

/// A name for such a store.
pub fn fresh_name() -> String {
    format!("test-{}", browser::ids::row_id())
}

/// An id that ends in `n`.
pub fn write_id(n: u64) -> WriteId {
    WriteId(row_id(n).0)
}
