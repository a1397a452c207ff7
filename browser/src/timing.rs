//! How long a tap takes, as the browser's own User Timing: seen in its developer tools, and by whoever observes `measure` entries.
//!
//! **Invariant:** nothing is gathered: an entry is handed to observers and forgotten.

use js_sys::{Object, Reflect};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use web_sys::Performance;

// web-sys knows only the measure between two named marks.
#[wasm_bindgen]
extern "C" {
    type UserTiming;

    #[wasm_bindgen(method, catch)]
    fn measure(this: &UserTiming, name: &str, options: &Object) -> Result<JsValue, JsValue>;
}

/// From a tap until the view has changed and whoever shows it has been told.
pub const TAP_TO_VIEW: &str = "turns:view";
/// From a tap until its write is stored, strictly.
pub const TAP_TO_DURABLE: &str = "turns:durable";

/// A moment of the page's monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Moment(f64);

impl Moment {
    /// Now; `None` where the browser has no such clock.
    pub fn now() -> Option<Self> {
        Some(Self(performance()?.now()))
    }

    /// How long ago it was.
    pub fn elapsed_ms(self) -> f64 {
        performance().map_or(f64::INFINITY, |performance| performance.now() - self.0)
    }

    /// Tells observers how long it has been since.
    pub fn measure(self, name: &str) {
        let Some(performance) = performance() else { return };
        let options = Object::new();
        // Setting a property of a fresh object cannot fail; a measurement that fails is no measurement.
        let _ = Reflect::set(&options, &"start".into(), &self.0.into());
        let _ = performance.unchecked_ref::<UserTiming>().measure(name, &options);
        performance.clear_measures_with_measure_name(name);
    }
}

fn performance() -> Option<Performance> {
    Reflect::get(&js_sys::global(), &"performance".into()).ok()?.dyn_into().ok()
}
