//! Photos on their way in a real browser: behind the text, piece by piece, and on from where they were after whatever happened.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/camera.rs"]
mod camera;
mod common;
#[path = "common/tablet.rs"]
mod tablet;

use browser::{
    channel::Signal,
    drainer::{self, Run},
    locks,
    store::DeviceStore,
};
use camera::{TURN, forget_uploads, in_the_office, photo_of, signal_returns, take, the_photo, upload_faults, without_signal};
use common::fresh_name;
use domain::Operation;
use sync::{PhotoState, SyncStatus, photos::plan::PIECE_BYTES};
use tablet::{network_returns, notes, office_goes, requests, turn, until};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

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
    let another_sends = locks::acquire(locks::PHOTOS).await;
    signal_returns();
    until(|| device.status().photos == 1 && device.status().waiting == 0).await;
    office_goes("signed-out");
    drop(another_sends);
    network_returns();
    until(|| device.status().needs_sign_in).await;
    assert_eq!((the_photo(&device).attempts, the_photo(&device).state), (0, PhotoState::Waiting));
    device.sign_in("anna@example.com", "right").await.unwrap();
    until(|| the_photo(&device).state == PhotoState::Sent).await;
    device.close();
}

/// Signed in again while the request was on its way: the refusal was about the session before.
#[wasm_bindgen_test]
async fn a_refusal_under_a_session_that_stands_is_asked_about_once_more() {
    let name = fresh_name();
    let device = without_signal(&name).await;
    take(&device, &photo_of(40, 30).await).await.unwrap();
    upload_faults("[401]");
    requests();
    signal_returns();
    until(|| the_photo(&device).state == PhotoState::Sent).await;
    let asked = requests();
    assert_eq!(asked.matches("POST /api/upload/resumable").count(), 2, "{asked}");
    assert!(!device.status().needs_sign_in);
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
