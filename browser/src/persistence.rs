//! The browser's promise not to clear the app's data, and how much room there is.
//!
//! **Invariant:** nothing depends on the promise: a browser may refuse it, or not know it.

use js_sys::{Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::StorageManager;

/// What the app takes of the device, and how much it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageEstimate {
    /// Bytes in use, by all of this site's storage: data and the app itself.
    pub used_bytes: u64,
    /// Bytes that the browser grants.
    pub granted_bytes: u64,
}

/// Whether the browser has promised it.
pub async fn is_persisted() -> bool {
    yes(manager().map(|manager| manager.persisted())).await
}

/// Asks for the promise, and says whether it was given. Some browsers ask their user.
pub async fn ask() -> bool {
    yes(manager().map(|manager| manager.persist())).await
}

/// `None` where the browser does not say.
pub async fn estimate() -> Option<StorageEstimate> {
    let estimate = JsFuture::from(manager()?.estimate().ok()?).await.ok()?;
    let bytes = |name: &str| Reflect::get(&estimate, &name.into()).ok()?.as_f64();
    Some(StorageEstimate {
        used_bytes: bytes("usage")? as u64,
        granted_bytes: bytes("quota")? as u64,
    })
}

/// Pages without TLS have none, whatever the type says.
fn manager() -> Option<StorageManager> {
    let navigator = web_sys::window()?.navigator();
    Reflect::get(&navigator, &"storage".into()).ok()?.dyn_into().ok()
}

async fn yes(asked: Option<Result<Promise, JsValue>>) -> bool {
    match asked {
        Some(Ok(asked)) => JsFuture::from(asked).await.is_ok_and(|answer| answer.is_truthy()),
        _ => false,
    }
}
