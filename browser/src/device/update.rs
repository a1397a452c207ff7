//! The worker's registration, and newer versions of the app.
//!
//! **Invariant:** a page is never loaded anew under its user's hands: only [`apply`] does it, when they ask for it.

use super::{Inner, News};
use crate::{clock, runs::WokenBy, scope::Listener, wake};
use std::rc::{Rc, Weak};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{RegistrationOptions, ServiceWorkerRegistration, ServiceWorkerState, ServiceWorkerUpdateViaCache};

const SCRIPT: &str = "/sw.js";
const LOOK_EVERY_MS: i64 = 60 * 60 * 1_000;

/// Keeps the app for offline use and lets the worker send in the background. Without workers the page does without.
pub(super) async fn register(device: Weak<Inner>) {
    let Some(workers) = wake::workers() else { return };
    let options = RegistrationOptions::new();
    options.set_scope("/");
    options.set_update_via_cache(ServiceWorkerUpdateViaCache::None);
    let Ok(registered) = JsFuture::from(workers.register_with_options(SCRIPT, &options)).await else {
        return;
    };
    let registration: ServiceWorkerRegistration = registered.unchecked_into();
    watch(&device, &registration);
    // From here on the worker can be woken for what waits already.
    if let Ok(ready) = workers.ready()
        && JsFuture::from(ready).await.is_ok()
        && let Some(device) = device.upgrade()
    {
        device.beat(WokenBy::Start);
    }
}

/// Lets a waiting worker take over and loads the page with it.
pub(super) async fn apply() {
    let reload = || {
        // Nothing more can be done for a page that may not load itself.
        let _ = web_sys::window().map(|window| window.location().reload());
    };
    let waiting = wake::registration().await.and_then(|registration| registration.waiting());
    let (Some(waiting), Some(workers)) = (waiting, wake::workers()) else {
        return reload();
    };
    // The page goes away with its listener.
    std::mem::forget(Listener::new(&workers, "controllerchange", move |_| reload()));
    let _ = waiting.post_message(&wake::message(wake::SKIP_WAITING_MESSAGE));
}

impl Inner {
    /// An app that is never closed would never hear of a newer one.
    pub(super) fn look_for_newer(&self) {
        let now_ms = clock::now_ms();
        if now_ms - self.looked_for_newer_at_ms.get() < LOOK_EVERY_MS {
            return;
        }
        self.looked_for_newer_at_ms.set(now_ms);
        spawn_local(async {
            if let Some(Ok(looking)) = wake::registration().await.map(|registration| registration.update()) {
                // Without a network there is nothing newer to be had.
                let _ = JsFuture::from(looking).await;
            }
        });
    }
}

fn watch(device: &Weak<Inner>, registration: &ServiceWorkerRegistration) {
    let Some(strong) = device.upgrade() else { return };
    tell_if_waiting(&strong, registration);
    let (device, found_in) = (device.clone(), registration.clone());
    let found = Listener::new(registration, "updatefound", move |_| {
        let (Some(strong), Some(installing)) = (device.upgrade(), found_in.installing()) else {
            return;
        };
        let (device, registration, worker) = (device.clone(), found_in.clone(), installing.clone());
        let changed = Listener::new(&installing, "statechange", move |_| {
            if let (ServiceWorkerState::Installed, Some(device)) = (worker.state(), device.upgrade()) {
                tell_if_waiting(&device, &registration);
            }
        });
        strong.listeners.borrow_mut().push(changed);
    });
    strong.listeners.borrow_mut().push(found);
}

/// The first worker of all is no update: nothing is replaced.
fn tell_if_waiting(device: &Rc<Inner>, registration: &ServiceWorkerRegistration) {
    if registration.waiting().is_some() && registration.active().is_some() {
        device.tell(News::NewVersion);
    }
}
