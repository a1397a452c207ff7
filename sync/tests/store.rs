//! The memory store keeps every store's promises.

use sync::store::{conformance, memory::MemoryStore};

#[test]
fn memory_conforms() {
    futures::executor::block_on(conformance::run(async || MemoryStore::default(), async |store| store));
}
