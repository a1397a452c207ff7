//! Long work in slices, so that a screen is painted and a tap is heard between two.
//!
//! **Invariant:** nobody who takes a breath after each small piece holds the thread much longer than [`SLICE_MS`].

use crate::{scope, timing::Moment};
use js_sys::Promise;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

/// Half a frame.
const SLICE_MS: f64 = 8.0;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_name = scheduler)]
    static SCHEDULER: Option<Scheduler>;

    type Scheduler;

    #[wasm_bindgen(method, catch, js_name = yield)]
    fn give_way(this: &Scheduler) -> Result<Promise, JsValue>;
}

/// Somebody's work.
pub struct Breath {
    since: Option<Moment>,
}

impl Breath {
    /// The work begins.
    pub fn begin() -> Self {
        Self { since: Moment::now() }
    }

    /// Lets others have the thread, if this work has had it for its slice.
    pub async fn take(&mut self) {
        if self.since.is_none_or(|since| since.elapsed_ms() >= SLICE_MS) {
            give_way().await;
            self.since = Moment::now();
        }
    }
}

/// A timer is the poorer way: browsers make those wait that follow one another.
async fn give_way() {
    let turn = SCHEDULER.with(|scheduler| scheduler.as_ref().and_then(|scheduler| scheduler.give_way().ok()));
    match turn {
        Some(turn) => drop(JsFuture::from(turn).await),
        None => scope::sleep(0).await,
    }
}
