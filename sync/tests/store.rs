//! The memory store keeps every store's promises, and what other versions of the app have left in it.

use futures::executor::block_on;
use serde_json::json;
use sync::{
    OutboxRecord, Store, Stored,
    outbox::drain::own_records,
    store::{
        conformance::{self, record},
        memory::MemoryStore,
    },
};

#[test]
fn memory_conforms() {
    block_on(conformance::run(async || MemoryStore::default(), async |store| store));
}

#[test]
fn an_envelope_of_another_version_is_kept_with_its_reason_and_in_nobodys_way() {
    let store = MemoryStore::default();
    let foreign = [
        (json!({"schema": 999, "writeId": "w"}), "made by a newer version of Turns"),
        (json!({"of": "long ago"}), "made by an unknown version of Turns"),
    ];
    for (raw, _) in &foreign {
        store.put_foreign_envelope(raw.clone());
    }
    let mine: OutboxRecord = block_on(store.enqueue(vec![record(10, 1)])).unwrap().remove(0);
    assert_eq!(block_on(own_records(&store, mine.user_id)).unwrap(), [mine]);
    let parked: Vec<_> = block_on(store.outbox())
        .unwrap()
        .into_iter()
        .filter(|stored| matches!(stored, Stored::Unreadable { .. }))
        .collect();
    let expected = foreign.map(|(raw, reason)| Stored::Unreadable {
        raw,
        reason: reason.to_owned(),
    });
    assert_eq!(parked, expected);
}
