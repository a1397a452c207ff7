//! What page and worker have in common: timers, listeners, and whether there is a network.
//!
//! **Invariant:** what is dropped here stops: a timer does not fire and a listener does not hear any more.

use futures::channel::oneshot;
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen::{JsCast, closure::Closure, prelude::wasm_bindgen};
use web_sys::{Event, EventTarget};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &js_sys::Function, pause_ms: f64) -> f64;

    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(id: f64);

    #[wasm_bindgen(thread_local_v2, js_name = navigator)]
    static NAVIGATOR: AnyNavigator;

    type AnyNavigator;

    #[wasm_bindgen(method, getter, js_name = onLine)]
    fn on_line(this: &AnyNavigator) -> Option<bool>;
}

/// The longest pause that a browser's timer can count.
const LONGEST_TIMER_MS: i64 = i32::MAX as i64;

/// Whether the browser believes that there is a network. It is often wrong, but never when it says no.
pub fn is_online() -> bool {
    NAVIGATOR.with(|navigator| navigator.on_line().unwrap_or(true))
}

/// A timer that runs once.
pub struct Timer {
    id: f64,
    _callback: Closure<dyn FnMut()>,
}

impl Timer {
    /// Calls `then` after so long.
    pub fn after(pause_ms: i64, then: impl FnOnce() + 'static) -> Self {
        let callback = Closure::once(then);
        let id = set_timeout(callback.as_ref().unchecked_ref(), pause_ms.clamp(0, LONGEST_TIMER_MS) as f64);
        Self { id, _callback: callback }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        clear_timeout(self.id);
    }
}

/// Waits.
pub async fn sleep(pause_ms: i64) {
    let (ring, rung) = oneshot::channel();
    let _timer = Timer::after(pause_ms, move || {
        // Nobody waits any more: then nobody is to be woken.
        let _ = ring.send(());
    });
    let _ = rung.await;
}

/// Ends pauses early, as when the network has come back.
#[derive(Clone, Default)]
pub struct Nudge(Rc<RefCell<Vec<oneshot::Sender<()>>>>);

impl Nudge {
    /// Ends every pause that runs now.
    pub fn now(&self) {
        for waiting in self.0.take() {
            let _ = waiting.send(());
        }
    }

    /// Waits, but not beyond the next [`Nudge::now`].
    pub async fn pause(&self, pause_ms: i64) {
        let rung = self.next();
        futures::future::select(Box::pin(sleep(pause_ms)), Box::pin(rung)).await;
    }

    /// Waits for the next [`Nudge::now`] from here on, whenever it is first polled.
    pub fn next(&self) -> impl Future<Output = ()> + use<> {
        let (ring, rung) = oneshot::channel();
        let mut waiting = self.0.borrow_mut();
        waiting.retain(|other| !other.is_canceled());
        waiting.push(ring);
        async move {
            // Never cancelled: whoever nudges rings.
            let _ = rung.await;
        }
    }
}

/// Hears an event for as long as it lives.
pub struct Listener {
    target: EventTarget,
    event: &'static str,
    callback: Closure<dyn FnMut(Event)>,
}

impl Listener {
    /// Calls `hear` for each event of this name.
    pub fn new(target: &EventTarget, event: &'static str, hear: impl FnMut(Event) + 'static) -> Self {
        let callback = Closure::new(hear);
        // Fails only for a listener that is no function.
        let _ = target.add_event_listener_with_callback(event, callback.as_ref().unchecked_ref());
        Self {
            target: target.clone(),
            event,
            callback,
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self
            .target
            .remove_event_listener_with_callback(self.event, self.callback.as_ref().unchecked_ref());
    }
}
