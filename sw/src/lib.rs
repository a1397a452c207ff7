//! The service worker: sends the outbox when it is woken, and opens the app without a signal.
//!
//! A browser wakes a worker for an event, runs its script once and delivers the event; a listener that is not there by
//! then misses it, and a sync event missed is a write that waits. So everything is registered while the script runs.
//!
//! **Invariant:** the worker keeps nothing between two events: it may be stopped after any of them.

mod drain;
mod scope;
mod shell;

use browser::{
    runs::WokenBy,
    wake::{DRAIN_MESSAGE, SKIP_WAITING_MESSAGE, WHY},
};
use scope::{SyncEvent, on, reason};
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{ExtendableEvent, ExtendableMessageEvent, FetchEvent};

/// Registers every listener, synchronously.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
    let scope = scope::global();
    on(&scope, "install", |event: ExtendableEvent| scope::wait_until(&event, shell::install()));
    on(&scope, "activate", |event: ExtendableEvent| scope::wait_until(&event, shell::activate()));
    on(&scope, "message", |event: ExtendableMessageEvent| hear(&event));
    on(&scope, "sync", |event: SyncEvent| {
        if event.tag() == protocol::SYNC_TAG {
            scope::wait_until(&event, drain::for_sync(event.last_chance()));
        }
    });
    // Without a list of files (a development server) pages come from the network alone.
    if let Some(precache) = scope::precache() {
        on(&scope, "fetch", move |event: FetchEvent| shell::answer(&event, &precache));
    }
}

fn hear(event: &ExtendableMessageEvent) {
    match scope::property(&event.data(), "kind").as_deref() {
        Some(DRAIN_MESSAGE) => {
            let why = WokenBy::from_name(scope::property(&event.data(), WHY).as_deref());
            scope::wait_until(event, drain::for_page(why));
        }
        Some(SKIP_WAITING_MESSAGE) => scope::wait_until(event, async {
            scope::skip_waiting(&scope::global()).await.map_err(|error| reason("taking over", &error))
        }),
        // Of a newer or older page.
        _ => {}
    }
}
