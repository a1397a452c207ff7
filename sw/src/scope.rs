//! The worker's surroundings, typed: its events, what xtask put into its script, and promises that events wait for.
//!
//! **Invariant:** a failure is written to the console, and fails the promise of the event it belongs to.

use js_sys::Reflect;
use serde::Deserialize;
use std::{collections::HashSet, future::Future};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, convert::FromWasmAbi, prelude::wasm_bindgen};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{ExtendableEvent, ServiceWorkerGlobalScope, console};

/// The worker's global scope.
pub type Scope = ServiceWorkerGlobalScope;

// web-sys does not know Background Sync.
#[wasm_bindgen]
extern "C" {
    /// The browser has a network, and something was waiting for it.
    #[wasm_bindgen(extends = ExtendableEvent)]
    pub type SyncEvent;

    /// Which registration this is for.
    #[wasm_bindgen(method, getter)]
    pub fn tag(this: &SyncEvent) -> String;

    /// The browser will not try again.
    #[wasm_bindgen(method, getter, js_name = lastChance)]
    pub fn last_chance(this: &SyncEvent) -> bool;
}

/// The files that make up the app, named by the build.
#[derive(Clone, Debug, Deserialize)]
pub struct Precache {
    /// Changes with any of them.
    pub version: String,
    /// Addresses; the page itself is `/`.
    pub files: HashSet<String>,
}

/// `self`
pub fn global() -> Scope {
    js_sys::global().unchecked_into()
}

/// What the build wrote before the script, if this worker was built that way.
pub fn precache() -> Option<Precache> {
    let listed = Reflect::get(&global(), &"__PRECACHE".into()).ok()?;
    serde_wasm_bindgen::from_value(listed).ok()
}

/// Hears an event for as long as the worker lives.
pub fn on<E: FromWasmAbi + 'static>(scope: &Scope, event: &str, hear: impl Fn(E) + 'static) {
    let listener = Closure::<dyn Fn(E)>::new(hear);
    if let Err(error) = scope.add_event_listener_with_callback(event, listener.as_ref().unchecked_ref()) {
        console::warn_2(&format!("cannot hear {event}").into(), &error);
    }
    listener.forget();
}

/// Keeps the worker alive until this is done.
pub fn wait_until(event: &ExtendableEvent, work: impl Future<Output = Result<(), String>> + 'static) {
    let promise = future_to_promise(async move {
        work.await.map(|()| JsValue::UNDEFINED).map_err(|failure| {
            console::warn_1(&failure.as_str().into());
            failure.into()
        })
    });
    // Fails only outside of the event, where there is nothing to keep alive.
    let _ = event.wait_until(&promise);
}

/// Becomes the active worker without waiting for the old one's pages to close.
pub async fn skip_waiting(scope: &Scope) -> Result<(), JsValue> {
    JsFuture::from(scope.skip_waiting()?).await.map(drop)
}

/// A text in a page's message.
pub fn property(message: &JsValue, name: &str) -> Option<String> {
    Reflect::get(message, &name.into()).ok()?.as_string()
}

/// A failure in words: what was being done, and what the browser said.
pub fn reason(doing: &str, error: &JsValue) -> String {
    format!("{doing}: {error:?}")
}
