//! Databases of other versions of the app: brought to today's layout, waited for, or left alone. And what today's looks like: it keeps its form,
//! or gets a version.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/camera.rs"]
mod camera;
mod common;
#[path = "../../sync/tests/forms/form.rs"]
mod form;
#[path = "common/tablet.rs"]
mod tablet;
#[path = "layouts/written_down.rs"]
mod written_down;

use browser::{
    Device, News, OpenError, StorageState, TapError,
    runs::{WokenBy, WorkerRun},
    store::{DeviceStore, IdbStore, StoreError},
};
use common::{fresh_name, write_id};
use domain::{Operation, Table};
use indexed_db_futures::database::Database;
use js_sys::Promise;
use std::{cell::RefCell, rc::Rc};
use sync::Store;
use tablet::{notes, office, office_goes, shown_notes, signed_in_on, turn, until};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// What devices had in the released layouts, by version; [`everything_in_an_earlier_layout_is_there_in_todays`] opens each. They stay as they
/// are, for ever.
const DEVICES: [(u32, &str); 2] = [(1, include_str!("layouts/v1.json")), (2, include_str!("layouts/v2.json"))];
/// How what lies in the database is formed, by the layout's version.
const FORMS: [(u32, &str); 2] = [(2, include_str!("layouts/v2.txt")), (3, include_str!("layouts/v3.txt"))];

const WHAT_TO_DO: &str = "Tablets hold databases of the old form. Raise `VERSION` in browser/src/store/layout.rs, add the step in `upgrade`, put what a device of \
    the version before had into browser/tests/layouts/ (`DEVICES`), write the form above down as browser/tests/layouts/v<VERSION>.txt \
    (`FORMS`), and leave the files of older versions as they are. A new note, or a field that may be missing, needs no version, only its line in that file.";

#[wasm_bindgen_test]
async fn what_lies_in_the_database_keeps_its_form_or_gets_a_version() {
    let (version, form) = written_down::today(&fresh_name()).await;
    let written = FORMS.iter().find(|(of, _)| *of == version).map_or("", |(_, written)| *written);
    assert!(
        form == written.replace('\r', ""),
        "The form of what lies in the database of layout {version} is not the one that is written down.\n\n{form}\n{WHAT_TO_DO}\n"
    );
    for before in 1..version {
        let is_there = |device: &(u32, &str)| device.0 == before && !device.1.trim().is_empty();
        assert!(DEVICES.iter().any(is_there), "there is no device of layout {before} to open. {WHAT_TO_DO}");
    }
}

#[wasm_bindgen(module = "/tests/common/released.js")]
extern "C" {
    fn open_released(name: &str, version: u32, content: &str, ignores: bool) -> Promise;
    fn close(database: &JsValue);
}

#[wasm_bindgen_test]
async fn everything_in_an_earlier_layout_is_there_in_todays() {
    for (version, content) in DEVICES {
        everything_is_there(version, content).await;
    }
}

async fn everything_is_there(version: u32, content: &str) {
    let name = fresh_name();
    close(&opened(&name, version, content, false).await);
    office(1);
    office_goes("down");
    let device = Device::open_on(&name, |_| {}).await.unwrap();
    assert_eq!(device.user().unwrap().name, "Anna");
    assert_eq!(shown_notes(&device), "Made by the version before");
    assert_eq!(
        device.with_view(|view| (view.count(Table::Turns), view.synced_row(Table::Turns, turn()).unwrap().version())),
        (2, 1)
    );
    assert_eq!(
        device.outbox().iter().map(|write| (write.write_id, write.seq)).collect::<Vec<_>>(),
        [(write_id(10), 42)]
    );
    assert_eq!(device.history(9).await.iter().map(|write| write.write_id).collect::<Vec<_>>(), [write_id(9)]);
    device.tap_durable(Table::Turns, turn(), Operation::Update, notes("Made today")).await.unwrap();
    assert_eq!(device.outbox()[1].seq, 43, "numbers go on");
    device.close();
    let store = DeviceStore::open_on_disk(&name).await.unwrap();
    assert_eq!(store.place(Table::Turns).await.unwrap().unwrap().offset, "1_0", "and so do the streams");
    assert_eq!(WorkerRun::read_all(&store).await.unwrap()[0].woken_by, WokenBy::Sync);
    store.close();
}

#[wasm_bindgen_test]
async fn an_older_page_lets_go_and_nobody_waits() {
    let name = fresh_name();
    opened_v1(&name, false).await;
    let store = DeviceStore::open_on_disk(&name).await.unwrap();
    assert_eq!(store.outbox().await.unwrap().len(), 1);
    store.close();
}

#[wasm_bindgen_test]
async fn an_older_page_that_does_not_let_go_is_named_and_waited_for() {
    let name = fresh_name();
    let older = opened_v1(&name, true).await;
    assert!(
        matches!(DeviceStore::open_on_disk(&name).await, Err(StoreError::Blocked)),
        "a worker comes again"
    );
    office(1);
    office_goes("down");
    let heard = Rc::new(RefCell::new(Vec::new()));
    let opened = Rc::new(RefCell::new(None));
    let (hear, open, on) = (heard.clone(), opened.clone(), name.clone());
    spawn_local(async move {
        let device = Device::open_on(&on, move |news| hear.borrow_mut().push(news)).await.unwrap();
        *open.borrow_mut() = Some(device);
    });
    until(|| heard.borrow().contains(&News::Storage(StorageState::Blocked))).await;
    assert!(opened.borrow().is_none());
    close(&older);
    until(|| opened.borrow().is_some()).await;
    let device = opened.take().unwrap();
    assert!(matches!(device.storage(), StorageState::Persistent { .. }));
    assert_eq!(device.outbox().len(), 1);
    device.close();
}

#[wasm_bindgen_test]
async fn a_newer_app_gets_its_layout_and_this_page_says_so() {
    let name = fresh_name();
    let (device, heard) = signed_in_on(&name, 1).await;
    until(|| device.first_sync_done()).await;
    office_goes("down");
    device.tap_durable(Table::Turns, turn(), Operation::Update, notes("Before")).await.unwrap();
    let newer = Database::open(name.as_str()).with_version(99_u8).await.unwrap();
    assert_eq!(device.storage(), StorageState::Superseded);
    assert!(heard.borrow().contains(&News::Storage(StorageState::Superseded)));
    let refused = device.tap_durable(Table::Turns, turn(), Operation::Update, notes("After")).await;
    assert!(matches!(refused, Err(TapError::Storage(StoreError::Superseded))));
    assert_eq!(shown_notes(&device), "Before", "what is not kept is not shown");
    device.close();
    newer.close();
    let refused = Device::open_on(&name, |_| {}).await.err().unwrap();
    assert!(matches!(refused, OpenError::Storage(StoreError::Superseded)) && refused.to_string().contains("load this page again"));
    assert_eq!(IdbStore::open(&name).await.err(), Some(StoreError::Superseded));
    let newer = Database::open(name.as_str()).await.unwrap();
    assert_eq!(newer.version(), 99.0, "and the older app has left it alone");
    newer.close();
}

async fn opened_v1(name: &str, ignores: bool) -> JsValue {
    let (version, content) = DEVICES[0];
    opened(name, version, content, ignores).await
}

async fn opened(name: &str, version: u32, content: &str, ignores: bool) -> JsValue {
    JsFuture::from(open_released(name, version, content, ignores)).await.unwrap()
}
