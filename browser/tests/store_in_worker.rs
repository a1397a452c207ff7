//! The same promises in a service worker, where the outbox is sent from.
#![cfg(target_arch = "wasm32")]

mod common;

use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_service_worker);

#[wasm_bindgen_test]
async fn it_is_a_store() {
    sync::store::conformance::run(common::fresh, common::reopened).await;
}
