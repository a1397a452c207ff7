//! Asks the worker to send, now and whenever the network comes back.
//!
//! Background Sync reaches the worker even when the app has been closed; where it does not exist (Safari, Firefox) the
//! message does while a page is open.
//!
//! **Invariant:** asking too often is harmless: the drainer finds nothing to do.

use crate::{channel::Signal, drainer, runs::WokenBy, scope, store::DeviceStore};
use js_sys::{Object, Promise, Reflect};
use protocol::SYNC_TAG;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ServiceWorkerContainer, ServiceWorkerRegistration};

/// `kind` of the message that asks the worker to send.
pub const DRAIN_MESSAGE: &str = "drain";
/// Why, in such a message: [`WokenBy::name`].
pub const WHY: &str = "why";
/// `kind` of the message that lets a waiting worker take over.
pub const SKIP_WAITING_MESSAGE: &str = "skip-waiting";

// web-sys does not know Background Sync.
#[wasm_bindgen]
extern "C" {
    type SyncingRegistration;

    #[wasm_bindgen(method, getter)]
    fn sync(this: &SyncingRegistration) -> Option<SyncManager>;

    type SyncManager;

    #[wasm_bindgen(method)]
    fn register(this: &SyncManager, tag: &str) -> Promise;

    #[wasm_bindgen(thread_local_v2, js_name = navigator)]
    static NAVIGATOR: WorkerOwner;

    type WorkerOwner;

    #[wasm_bindgen(method, getter, js_name = serviceWorker)]
    fn service_worker(this: &WorkerOwner) -> Option<ServiceWorkerContainer>;
}

/// The browser's workers; `None` on pages without TLS.
pub fn workers() -> Option<ServiceWorkerContainer> {
    NAVIGATOR.with(WorkerOwner::service_worker)
}

/// The app's worker, if it is installed.
pub async fn registration() -> Option<ServiceWorkerRegistration> {
    let registration = JsFuture::from(workers()?.get_registration()).await.ok()?;
    registration.dyn_into().ok()
}

/// Has the outbox sent. Where there is no worker yet, or it cannot see this page's memory, this page sends it itself, and `tell`s what
/// changes on the way.
pub async fn wake(store: &DeviceStore, why: WokenBy, tell: &impl Fn(&Signal)) {
    let active = match registration().await {
        _ if store.is_in_memory() => None,
        Some(registration) => {
            ask_for_sync(&registration).await;
            registration.active()
        }
        None => None,
    };
    if !scope::is_online() {
        return;
    }
    match active {
        Some(worker) => {
            let message = message(DRAIN_MESSAGE);
            set(&message, WHY, why.name());
            let _ = worker.post_message(&message);
        }
        // A storage that fails has told its user by now: what is unsent is seen on the screen.
        None => drop(drainer::run(store, tell, false).await),
    }
}

/// A message to the worker.
pub fn message(kind: &str) -> JsValue {
    let message = Object::new().into();
    set(&message, "kind", kind);
    message
}

fn set(message: &JsValue, name: &str, value: &str) {
    // Setting a property of a fresh object cannot fail.
    let _ = Reflect::set(message, &name.into(), &value.into());
}

/// Refused where there is no permission: the message, the timer and the next start do it then.
async fn ask_for_sync(registration: &ServiceWorkerRegistration) {
    if let Some(sync) = registration.unchecked_ref::<SyncingRegistration>().sync() {
        let _ = JsFuture::from(sync.register(SYNC_TAG)).await;
    }
}
