//! What lies in the database, worked out from one of each thing that the app stores: the stores, their keys, and the forms of what is in them.
//!
//! Outbox records, rows and their text are `sync`'s and `domain`'s, and written down there; here counts that they lie where they do.

use super::{
    camera::{photo_of, take},
    common::write_id,
    form::Form,
    tablet::{notes, office_goes, signed_in_on, turn, until},
};
use browser::{
    runs::{WokenBy, WorkerRun},
    store::{DeviceStore, Holdings, Leaving},
};
use domain::{Operation, Table};
use js_sys::Promise;
use serde_json::{Value as Json, json};
use sync::{Place, RowChange, ShapeBatch, Store, store::conformance::row_id};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen(module = "/tests/common/laid_out.js")]
extern "C" {
    fn laid_out(name: &str) -> Promise;
    fn sealed_text(name: &str, byte: u8) -> Promise;
}

/// What the office's key of user 1 is made of: the last character of their id, and the key ring.
const KEY_BYTE: u8 = b'1' + 1;
/// Stores whose contents are somebody else's form.
const RECORDS_AND_ROWS: [&str; 4] = ["outbox", "history", "snapshots", "rows"];

/// The version of today's layout, and its form.
pub async fn today(name: &str) -> (u32, String) {
    let mut form = Form::default();
    let device = one_of_each(name).await;
    let signed_in = text_of(laid_out(name)).await;
    device.sign_out(Leaving::KeepSealed).await.unwrap();
    device.close();
    let signed_out = text_of(laid_out(name)).await;
    for store in signed_in["stores"].as_array().unwrap() {
        let name = store["store"].as_str().unwrap();
        form.spellings(&format!("store {name}"), &[&store["how"]]);
    }
    for laid_out in [&signed_in, &signed_out] {
        for store in laid_out["stores"].as_array().unwrap() {
            for entry in store["entries"].as_array().unwrap() {
                note_entry(&mut form, store["store"].as_str().unwrap(), &entry[0], &entry[1]);
            }
        }
    }
    let sealed = text_of(sealed_text(name, KEY_BYTE)).await;
    form.sample("what a seal holds, as text", &bare(&sealed));
    (signed_in["version"].as_u64().unwrap() as u32, form.to_string())
}

/// A device whose user has settled and unsettled writes and a photo, with everything noted that is ever noted.
async fn one_of_each(name: &str) -> browser::Device {
    let (device, _) = signed_in_on(name, 1).await;
    until(|| device.first_sync_done()).await;
    device.tap_durable(Table::Turns, turn(), Operation::Update, notes("Settled")).await.unwrap();
    until(|| device.outbox().is_empty()).await;
    office_goes("down");
    device.tap_durable(Table::Turns, turn(), Operation::Update, notes("Waiting")).await.unwrap();
    take(&device, &photo_of(40, 30).await).await.unwrap();
    let store = DeviceStore::open_on_disk(name).await.unwrap();
    while store.note("storage-promise").await.unwrap().is_none() {
        browser::scope::sleep(20).await;
    }
    let run = WorkerRun {
        at_ms: 1,
        woken_by: WokenBy::Sync,
        outcome: "everything is sent".to_owned(),
    };
    run.note(&store).await.unwrap();
    let gone = ShapeBatch {
        table: Table::Turns,
        reset: false,
        changes: vec![RowChange::Remove(row_id(78))],
        place: Place {
            handle: "1".into(),
            offset: "9_0".into(),
        },
        is_up_to_date: true,
    };
    store.apply_shape(&gone).await.unwrap();
    store.close();
    // A write that a page held, and the browser had cleared.
    let mut held = device.outbox().remove(0);
    (held.write_id, held.seq) = (write_id(99), 99);
    let cleared = browser::store::IdbStore::open(name).await.unwrap();
    let holdings = Holdings {
        writes: vec![held],
        ..Holdings::default()
    };
    cleared.restore(&holdings).await.unwrap();
    cleared.close();
    device
}

fn note_entry(form: &mut Form, store: &str, key: &Json, value: &Json) {
    let (name, value) = match value.as_str() {
        Some(text) => (format!("{store}, as text"), serde_json::from_str(text).unwrap_or_else(|_| value.clone())),
        None => (store.to_owned(), value.clone()),
    };
    if store == "notes" {
        // Its key is its name.
        return form.sample(&format!("note {}", key.as_str().unwrap()), &value);
    }
    form.sample(&format!("key of {store}"), key);
    let is_anothers = RECORDS_AND_ROWS.contains(&store);
    form.sample(&name, &if is_anothers { bare(&value) } else { value });
}

/// That there are objects, and not what is in them.
fn bare(value: &Json) -> Json {
    match value {
        Json::Array(values) => values.iter().map(bare).collect(),
        Json::Object(_) => json!({}),
        other => other.clone(),
    }
}

async fn text_of(promise: Promise) -> Json {
    let text = JsFuture::from(promise).await.unwrap().as_string().unwrap();
    serde_json::from_str(&text).unwrap()
}
