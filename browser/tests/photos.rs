//! Photos in a real browser: made smaller, kept in one step with their documents, sent behind the text, nobody else's.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/tablet.rs"]
mod tablet;

use browser::{
    Device, Leaving, PhotoError,
    channel::Signal,
    drainer::{self, Run},
    locks,
    photos::picture::{NotAPicture, Picture},
    store::{DeviceStore, StoreError},
};
use common::fresh_name;
use domain::{Operation, RowId, Table};
use js_sys::{Array, Function, Promise, Uint8Array};
use serde_json::Value as Json;
use sync::{Photo, PhotoState, SyncStatus, photos::plan::PIECE_BYTES};
use tablet::{network_returns, notes, office, office_goes, requests, signed_in_on, turn, until};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::File;

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(module = "/tests/common/pictures.js")]
extern "C" {
    fn picture(width: u32, height: u32, name: &str) -> Promise;
    fn turned_picture(width: u32, height: u32) -> Promise;
    fn file_of(bytes: &Uint8Array, name: &str, kind: &str) -> File;
    fn size_of(bytes: &Uint8Array) -> Promise;
    fn says(bytes: &Uint8Array, text: &str) -> bool;
}

#[wasm_bindgen(module = "/tests/common/office.js")]
extern "C" {
    fn upload_faults(faults: &str);
    fn uploaded() -> Promise;
    fn forget_uploads();
}

#[wasm_bindgen(module = "/tests/common/faults.js")]
extern "C" {
    fn no_room_for(stores: &str, until_cleared: bool) -> Function;
    fn everything_in(name: &str) -> Promise;
}

const TURN: Table = Table::Turns;

async fn photo_of(width: u32, height: u32) -> File {
    JsFuture::from(picture(width, height, "hall.jpeg")).await.unwrap().unchecked_into()
}

async fn take(device: &Device, file: &File) -> Result<RowId, PhotoError> {
    device.take_photo((TURN, turn()), "before", file).await
}

fn the_photo(device: &Device) -> Photo {
    device.photos().first().unwrap().clone()
}

/// What the office has whole, by document.
async fn in_the_office() -> Json {
    let text = JsFuture::from(uploaded()).await.unwrap().as_string().unwrap();
    serde_json::from_str(&text).unwrap()
}

async fn contents(name: &str) -> Json {
    let text = JsFuture::from(everything_in(name)).await.unwrap().as_string().unwrap();
    serde_json::from_str(&text).unwrap()
}

fn count(contents: &Json, store: &str) -> usize {
    contents[store].as_array().unwrap().len()
}

/// A tablet without signal, on which its user is at work.
async fn without_signal(name: &str) -> Device {
    upload_faults("[]");
    let (device, _) = signed_in_on(name, 1).await;
    until(|| device.first_sync_done()).await;
    office_goes("down");
    device
}

fn signal_returns() {
    office_goes("up");
    network_returns();
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
async fn a_photo_taken_without_signal_waits_for_its_text_and_arrives_as_it_was_kept() {
    let name = fresh_name();
    let device = without_signal(&name).await;
    device.tap_durable(TURN, turn(), Operation::Update, notes("First")).await.unwrap();
    let document = take(&device, &photo_of(900, 700).await).await.unwrap();
    let photo = the_photo(&device);
    assert!(photo.size_bytes > PIECE_BYTES, "{} bytes are one piece", photo.size_bytes);
    assert_eq!((photo.document_id, photo.state), (document, PhotoState::Waiting));
    assert_eq!(device.status().to_string(), "Offline · 2 changes waiting", "photo and document are one");
    let address = device.photo_address(document).await.unwrap();
    assert!(address.starts_with("blob:"));
    web_sys::Url::revoke_object_url(&address).unwrap();

    requests();
    signal_returns();
    until(|| the_photo(&device).state == PhotoState::Sent).await;
    let asked = requests();
    let place = |what: &str| asked.find(what).unwrap_or_else(|| panic!("{what} is not in {asked}"));
    assert!(place("accepted writes") < place("POST /api/upload/resumable"), "{asked}");
    let arrived = &in_the_office().await[document.to_string()];
    assert_eq!(arrived["hash"], photo.content_hash.as_str());
    assert_eq!((&arrived["entityType"], &arrived["kind"]), (&"turn".into(), &"before".into()));
    assert_eq!(arrived["entityId"], turn().to_string());
    assert_eq!(arrived["writeId"], photo.write_id.to_string());
    assert!(device.photo_address(document).await.is_some(), "it is still to be looked at");
    device.close();
}

#[wasm_bindgen_test]
async fn text_that_comes_while_a_photo_is_sent_goes_first() {
    let name = fresh_name();
    let device = without_signal(&name).await;
    take(&device, &photo_of(1_600, 1_200).await).await.unwrap();
    signal_returns();
    until(|| the_photo(&device).sent_bytes > 0).await;
    device.tap_durable(TURN, turn(), Operation::Update, notes("In the middle")).await.unwrap();
    until(|| the_photo(&device).state == PhotoState::Sent).await;
    let asked = requests();
    let (text, last) = (asked.rfind("accepted writes").unwrap(), asked.rfind("PATCH").unwrap());
    assert!(text < last, "{asked}");
    device.close();
}

#[wasm_bindgen_test]
async fn whatever_happens_on_the_way_it_goes_on_where_it_was() {
    let name = fresh_name();
    let device = without_signal(&name).await;
    let document = take(&device, &photo_of(1_600, 1_200).await).await.unwrap();
    let size = the_photo(&device).size_bytes;
    // The address; a piece whose answer is lost; how much there is; a piece that is lost; the server busy for a moment.
    upload_faults(r#"[null, "answer-lost", null, "request-lost", 503, null, null]"#);
    requests();
    office_goes("up");
    while the_photo(&device).state != PhotoState::Sent {
        network_returns();
        browser::scope::sleep(50).await;
    }
    let asked = requests();
    let sent: u64 = asked.split(", ").filter_map(|asked| asked.strip_suffix(" bytes")?.parse::<u64>().ok()).sum();
    assert_eq!(sent, size, "no byte that the server had was sent again: {asked}");
    assert_eq!(asked.matches("POST /api/upload/resumable").count(), 1);
    assert!(asked.contains("HEAD /api/upload/resumable/1"), "{asked}");
    assert_eq!(in_the_office().await[document.to_string()]["hash"], the_photo(&device).content_hash.as_str());
    device.close();
}

/// Dead between any two steps: whoever wakes next goes on from what is stored.
#[wasm_bindgen_test]
async fn who_wakes_after_a_death_goes_on_with_what_is_stored() {
    let name = fresh_name();
    let device = without_signal(&name).await;
    let document = take(&device, &photo_of(1_600, 1_200).await).await.unwrap();
    let size = the_photo(&device).size_bytes;
    device.close();
    office_goes("up");
    let mut sent_before = 0;
    for (round, fault) in [r#"["answer-lost"]"#, r#"[null, "answer-lost"]"#, r#"[null, null, "answer-lost"]"#]
        .into_iter()
        .enumerate()
    {
        upload_faults(fault);
        let store = DeviceStore::open_on_disk(&name).await.unwrap();
        let run = drainer::run(&store, &|_: &Signal| (), true).await.unwrap();
        assert!(matches!(run, Run::WaitsUntil(_)), "round {round}: {run:?}");
        let photo = store.photos().await.unwrap().remove(0);
        assert!(
            photo.sent_bytes >= sent_before && photo.state == PhotoState::Waiting,
            "round {round}: {photo:?}"
        );
        sent_before = photo.sent_bytes;
        store.close();
    }
    upload_faults("[]");
    let store = DeviceStore::open_on_disk(&name).await.unwrap();
    assert_eq!(drainer::run(&store, &|_: &Signal| (), true).await, Ok(Run::Empty));
    let photo = store.photos().await.unwrap().remove(0);
    assert_eq!((photo.state, photo.sent_bytes), (PhotoState::Sent, size));
    assert_eq!(in_the_office().await[document.to_string()]["hash"], photo.content_hash.as_str());
    store.close();
}

#[wasm_bindgen_test]
async fn an_upload_that_the_server_has_forgotten_begins_again() {
    let name = fresh_name();
    let device = without_signal(&name).await;
    let document = take(&device, &photo_of(1_600, 1_200).await).await.unwrap();
    upload_faults(r#"[null, null, "request-lost"]"#);
    office_goes("up");
    network_returns();
    until(|| the_photo(&device).attempts > 0).await;
    forget_uploads();
    while the_photo(&device).state != PhotoState::Sent {
        network_returns();
        device.retry_now().await;
        browser::scope::sleep(50).await;
    }
    assert_eq!(the_photo(&device).begun_again, 0, "a retry by its user forgives it");
    assert_eq!(in_the_office().await[document.to_string()]["hash"], the_photo(&device).content_hash.as_str());
    device.close();
}

#[wasm_bindgen_test]
async fn a_photo_that_the_server_refuses_says_why_and_holds_up_nobody() {
    for (status, why) in [(413, "too large"), (415, "kind of picture")] {
        let name = fresh_name();
        let device = without_signal(&name).await;
        let refused = take(&device, &photo_of(40, 30).await).await.unwrap();
        take(&device, &photo_of(40, 31).await).await.unwrap();
        upload_faults(&format!("[{status}]"));
        signal_returns();
        until(|| device.photos().iter().any(|photo| photo.state == PhotoState::Sent)).await;
        let photo = device.photo(refused).unwrap();
        assert_eq!(photo.state, PhotoState::Refused);
        assert!(photo.last_error.unwrap().problem.message.contains(why));
        assert_eq!(
            SyncStatus {
                is_offline: false,
                ..device.status()
            }
            .to_string(),
            "1 change needs you"
        );
        device.send_photo_again(refused).await;
        until(|| device.photo(refused).unwrap().state == PhotoState::Sent).await;
        device.close();
    }
}

#[wasm_bindgen_test]
async fn a_photo_waits_for_the_sign_in_and_nothing_is_charged() {
    let name = fresh_name();
    let device = without_signal(&name).await;
    take(&device, &photo_of(40, 30).await).await.unwrap();
    // The text goes; then the session ends.
    upload_faults("[401]");
    office_goes("up");
    network_returns();
    until(|| device.status().photos == 1).await;
    office_goes("signed-out");
    network_returns();
    until(|| device.status().needs_sign_in).await;
    assert_eq!((the_photo(&device).attempts, the_photo(&device).state), (0, PhotoState::Waiting));
    device.sign_in("anna@example.com", "right").await.unwrap();
    until(|| the_photo(&device).state == PhotoState::Sent).await;
    device.close();
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
    let (removed, discarded) = (
        take(&device, &photo_of(40, 30).await).await.unwrap(),
        take(&device, &photo_of(40, 31).await).await.unwrap(),
    );
    device.remove_photo(removed).await.unwrap();
    let left = contents(&name).await;
    assert_eq!(["outbox", "photos", "photo-bytes"].map(|store| count(&left, store)), [1, 1, 1]);
    // In the inspector only the write is discarded; whoever sends next forgets the photo.
    device.discard(device.photo(discarded).unwrap().write_id).await;
    requests();
    signal_returns();
    until(|| device.photos().is_empty()).await;
    let left = contents(&name).await;
    assert_eq!(["outbox", "photos", "photo-bytes"].map(|store| count(&left, store)), [0, 0, 0]);
    assert!(!requests().contains("upload"));
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

#[wasm_bindgen_test]
async fn one_sends_photos_and_text_does_not_wait_for_it() {
    let name = fresh_name();
    let device = without_signal(&name).await;
    take(&device, &photo_of(40, 30).await).await.unwrap();
    let another_sends = locks::acquire(locks::PHOTOS).await;
    signal_returns();
    until(|| device.status().photos == 1 && device.status().waiting == 0).await;
    device.tap_durable(TURN, turn(), Operation::Update, notes("Goes")).await.unwrap();
    until(|| device.status().waiting == 0).await;
    assert_eq!(the_photo(&device).state, PhotoState::Waiting);
    drop(another_sends);
    until(|| the_photo(&device).state == PhotoState::Sent).await;
    device.close();
}
