//! Photos in a real browser: made smaller, kept in one step with their documents, given up with them, and nobody else's.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/camera.rs"]
mod camera;
mod common;
#[path = "common/tablet.rs"]
mod tablet;

use browser::{
    Leaving, PhotoError,
    channel::Signal,
    drainer::{self, Run},
    photos::picture::{NotAPicture, Picture},
    store::{DeviceStore, IdbStore, StoreError},
};
use camera::{TURN, contents, count, in_the_office, photo_of, signal_returns, take, the_photo, without_signal};
use common::fresh_name;
use domain::{Operation, Table};
use js_sys::{Array, Function, Promise, Uint8Array};
use sync::{Amendment, PhotoState, Store, WriteState};
use tablet::{network_returns, notes, office, requests, turn, until};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::File;

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(module = "/tests/common/pictures.js")]
extern "C" {
    fn turned_picture(width: u32, height: u32) -> Promise;
    fn file_of(bytes: &Uint8Array, name: &str, kind: &str) -> File;
    fn size_of(bytes: &Uint8Array) -> Promise;
    fn says(bytes: &Uint8Array, text: &str) -> bool;
}

#[wasm_bindgen(module = "/tests/common/faults.js")]
extern "C" {
    fn no_room_for(stores: &str, until_cleared: bool) -> Function;
    fn no_network() -> Function;
}

#[wasm_bindgen_test]
async fn a_photo_is_kept_upright_and_small_and_says_nothing_of_where_it_was_taken() {
    let size = async |bytes: &Uint8Array| -> Vec<f64> {
        let size: Array = JsFuture::from(size_of(bytes)).await.unwrap().unchecked_into();
        size.iter().filter_map(|side| side.as_f64()).collect()
    };
    let large = Picture::of(&photo_of(3_000, 1_500).await).await.unwrap();
    assert_eq!(
        (large.content_type.as_str(), large.file_name.as_str(), size(&large.bytes).await),
        ("image/jpeg", "hall.jpg", vec![2_048.0, 1_024.0])
    );
    let file: File = JsFuture::from(turned_picture(60, 30)).await.unwrap().unchecked_into();
    let raw = Uint8Array::new(&JsFuture::from(file.array_buffer()).await.unwrap());
    assert!(says(&raw, "Maple Avenue"));
    let turned = Picture::of(&file).await.unwrap();
    assert_eq!(size(&turned.bytes).await, [30.0, 60.0]);
    assert!(!says(&turned.bytes, "Maple Avenue"));
}

#[wasm_bindgen_test]
async fn what_the_browser_cannot_draw_is_kept_as_it_is_or_refused() {
    let bytes = Uint8Array::from([1_u8, 2, 3].as_slice());
    let heic = Picture::of(&file_of(&bytes, "IMG_1.HEIC", "image/heic")).await.unwrap();
    assert_eq!((heic.bytes.to_vec(), heic.file_name.as_str()), (vec![1, 2, 3], "IMG_1.heic"));
    let refused = Picture::of(&file_of(&bytes, "page.html", "text/html")).await;
    assert_eq!(refused.err(), Some(NotAPicture));
}

#[wasm_bindgen_test]
async fn a_full_device_refuses_the_photo_and_keeps_text_working() {
    let name = fresh_name();
    let device = without_signal(&name).await;
    let end = no_room_for("photo-bytes", false);
    let refused = take(&device, &photo_of(40, 30).await).await;
    assert!(matches!(refused, Err(PhotoError::Storage(StoreError::Full))), "{refused:?}");
    assert_eq!(
        refused.unwrap_err().to_string(),
        "this photo could not be kept: there is no room left on this device"
    );
    device.tap_durable(TURN, turn(), Operation::Update, notes("Text")).await.unwrap();
    let left = contents(&name).await;
    assert_eq!(
        ["outbox", "photos", "photo-bytes"].map(|store| count(&left, store)),
        [1, 0, 0],
        "all of it or nothing"
    );
    assert_eq!(device.with_view(|view| view.count(Table::Documents)), 0);
    assert!(device.photos().is_empty());
    end.call0(&JsValue::NULL).unwrap();
    take(&device, &photo_of(40, 30).await).await.unwrap();
    let left = contents(&name).await;
    assert_eq!(["outbox", "photos", "photo-bytes"].map(|store| count(&left, store)), [2, 1, 1]);
    device.close();
}

#[wasm_bindgen_test]
async fn a_photo_that_is_given_up_goes_with_its_document() {
    let name = fresh_name();
    let device = without_signal(&name).await;
    let end = no_network();
    let (removed, discarded) = (
        take(&device, &photo_of(40, 30).await).await.unwrap(),
        take(&device, &photo_of(40, 31).await).await.unwrap(),
    );
    device.remove_photo(removed).await.unwrap();
    let left = contents(&name).await;
    assert_eq!(["outbox", "photos", "photo-bytes"].map(|store| count(&left, store)), [1, 1, 1]);
    // In the inspector it is the write that is discarded.
    device.discard(device.photo(discarded).unwrap().write_id).await;
    until(|| device.photos().is_empty()).await;
    let sent_by_nobody = take(&device, &photo_of(40, 32).await).await.unwrap();
    let discards = IdbStore::open(&name).await.unwrap();
    let record = device.outbox().remove(0);
    assert!(discards.amend(vec![Amendment::of(record.in_state(WriteState::Discarded))]).await.unwrap());
    discards.close();
    assert_eq!(
        device.photos()[0].document_id,
        sent_by_nobody,
        "a page that ended before it had forgotten the photo"
    );
    requests();
    end.call0(&JsValue::NULL).unwrap();
    signal_returns();
    until(|| device.photos().is_empty()).await;
    let left = contents(&name).await;
    assert_eq!(["outbox", "photos", "photo-bytes"].map(|store| count(&left, store)), [0, 0, 0]);
    assert!(!requests().contains("upload"));
    device.close();
}

#[wasm_bindgen_test]
async fn a_photo_whose_document_may_be_there_already_goes_with_a_delete() {
    let name = fresh_name();
    let device = without_signal(&name).await;
    let document = take(&device, &photo_of(40, 30).await).await.unwrap();
    until(|| device.outbox().first().is_some_and(|record| record.is_unanswered)).await;
    device.remove_photo(document).await.unwrap();
    let deeds: Vec<Operation> = device.outbox().iter().map(|record| record.operation).collect();
    assert_eq!(deeds, [Operation::Create, Operation::Delete]);
    let left = contents(&name).await;
    assert_eq!(["photos", "photo-bytes"].map(|store| count(&left, store)), [0, 0]);
    device.close();
}

#[wasm_bindgen_test]
async fn nobody_else_sees_or_sends_a_photo_and_its_user_finds_it_again() {
    let name = fresh_name();
    let device = without_signal(&name).await;
    let document = take(&device, &photo_of(900, 700).await).await.unwrap();
    let photo = the_photo(&device);
    let plain = device.photo_address(document).await.unwrap();
    web_sys::Url::revoke_object_url(&plain).unwrap();
    device.sign_out(Leaving::KeepSealed).await.unwrap();
    assert!(device.photos().is_empty());
    let left = contents(&name).await;
    assert_eq!(
        ["outbox", "keys", "seals", "photos", "photo-bytes"].map(|store| count(&left, store)),
        [0, 0, 1, 1, 1]
    );
    let kept = &left["photo-bytes"][0];
    let encrypted = format!("{} bytes", photo.size_bytes + 16);
    assert_eq!((&kept["content"], &kept["nonce"]), (&encrypted.into(), &"12 bytes".into()));

    office(2);
    device.sign_in("ben@example.com", "right").await.unwrap();
    until(|| device.first_sync_done()).await;
    network_returns();
    assert!(device.photos().is_empty() && device.photo_address(document).await.is_none());
    let handover = device.export_unsent("of no use to Anna").await.unwrap();
    assert_eq!((handover.photos, handover.photos_left_out), (0, 0), "they are not Ben's");
    let store = DeviceStore::open_on_disk(&name).await.unwrap();
    assert_eq!(drainer::run(&store, &|_: &Signal| (), true).await, Ok(Run::Empty));
    assert!(store.photo_bytes(&photo).await.unwrap().is_none(), "nobody has the key");
    store.close();
    assert!(!requests().contains("upload"));
    device.sign_out(Leaving::KeepSealed).await.unwrap();

    office(1);
    device.sign_in("anna@example.com", "right").await.unwrap();
    until(|| device.photos().first().is_some_and(|photo| photo.state == PhotoState::Sent)).await;
    assert_eq!(in_the_office().await[document.to_string()]["hash"], photo.content_hash.as_str());

    // What the server has does not stay for the next one.
    device.sign_out(Leaving::KeepSealed).await.unwrap();
    let left = contents(&name).await;
    assert_eq!(["photos", "photo-bytes"].map(|store| count(&left, store)), [0, 0]);
    device.close();
}

#[wasm_bindgen_test]
async fn who_gives_up_what_was_not_sent_leaves_no_photo() {
    let name = fresh_name();
    let device = without_signal(&name).await;
    take(&device, &photo_of(40, 30).await).await.unwrap();
    device.sign_out(Leaving::Discard).await.unwrap();
    let left = contents(&name).await;
    assert_eq!(["outbox", "photos", "photo-bytes"].map(|store| count(&left, store)), [0, 0, 0]);
    device.close();
}
