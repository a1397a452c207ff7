//! What was not sent as a file: opened by other means than those that made it.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/tablet.rs"]
mod tablet;

use browser::{Device, HandoverError, Leaving};
use common::fresh_name;
use domain::{Operation, Table};
use js_sys::Promise;
use protocol::handover::{DeviceWrites, HANDOVER_VERSION, Standing};
use tablet::{notes, office, office_goes, signed_in_on, turn, until};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const PASSPHRASE: &str = "Schlüssel unter der Matte";

#[wasm_bindgen(module = "/tests/common/faults.js")]
extern "C" {
    fn opened_file(file: &str, passphrase: &str) -> Promise;
}

#[wasm_bindgen_test]
async fn the_file_holds_its_users_writes_and_opens_with_its_passphrase_only() {
    let name = fresh_name();
    let (device, _) = signed_in_on(&name, 1).await;
    until(|| device.first_sync_done()).await;
    office_goes("down");
    device.tap_durable(Table::Turns, turn(), Operation::Update, notes("Annas")).await.unwrap();
    device.sign_out(Leaving::KeepSealed).await.unwrap();
    office(2);
    device.sign_in("ben@example.com", "right").await.unwrap();
    until(|| device.first_sync_done()).await;
    device.tap_durable(Table::Turns, turn(), Operation::Update, notes("Sent")).await.unwrap();
    until(|| device.outbox().is_empty()).await;
    office_goes("down");
    let unsent = device.tap_durable(Table::Turns, turn(), Operation::Update, notes("Not sent")).await.unwrap();

    let handover = device.export_unsent(PASSPHRASE).await.unwrap();
    assert_eq!((handover.unsent, handover.left_out, device.outbox().len()), (1, 0, 1));
    assert!(!handover.file.contains("Not sent"));
    assert_eq!(opened(&handover.file, "Schlüssel unter der Mappe").await, None);
    let writes: DeviceWrites = serde_json::from_str(&opened(&handover.file, PASSPHRASE).await.unwrap()).unwrap();
    assert_eq!((Some(writes.user.clone()), writes.version), (device.user(), HANDOVER_VERSION));
    assert_eq!(
        writes.writes.iter().map(|write| write.standing).collect::<Vec<_>>(),
        [Standing::Applied, Standing::Waiting]
    );
    assert!(writes.writes[0].txid.is_some() && writes.writes[0].seq < writes.writes[1].seq);
    let write = &writes.writes[1].write;
    assert_eq!((write.write_id, write.table.as_deref(), write.version), (Some(unsent), Some("turns"), Some(2)));
    assert_eq!(write.data, notes("Not sent"));
    assert!(writes.complete_since_ms <= writes.writes[0].made_at_ms && writes.writes[1].made_at_ms <= writes.exported_at_ms);
    device.close();
}

#[wasm_bindgen_test]
async fn a_short_passphrase_and_nobody_are_refused() {
    let (device, _) = signed_in_on(&fresh_name(), 1).await;
    let refused = device.export_unsent("elf Zeichen").await.unwrap_err();
    assert_eq!(refused, HandoverError::ShortPassphrase);
    assert!(refused.to_string().contains("12 characters"));
    device.close();
    let device = Device::open_on(&fresh_name(), |_| {}).await.unwrap();
    assert_eq!(device.export_unsent(PASSPHRASE).await.unwrap_err(), HandoverError::NobodySignedIn);
    device.close();
}

async fn opened(file: &str, passphrase: &str) -> Option<String> {
    JsFuture::from(opened_file(file, passphrase)).await.unwrap().as_string()
}
