//! Web Locks: of all tabs and the worker, one does a thing at a time.
//!
//! A lock goes with its holder: when a tab crashes, the next one in line has it.
//!
//! **Invariant:** where a browser has no locks (pages without TLS), everybody has them: sending twice is harmless.

use futures::channel::oneshot;
use js_sys::{Function, Object, Promise, Reflect};
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortController;

/// Held by the one who sends.
pub const DRAIN: &str = "turns-drain";
/// Held by the one who sends photos. Not the same: text never waits for a long upload.
pub const PHOTOS: &str = "turns-photos";
/// Held by the tab that runs the streams.
pub const LEADER: &str = "turns-leader";

// web-sys has Web Locks only behind a compiler flag.
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_name = navigator)]
    static NAVIGATOR: LockNavigator;

    type LockNavigator;

    #[wasm_bindgen(method, getter)]
    fn locks(this: &LockNavigator) -> Option<LockManager>;

    type LockManager;

    #[wasm_bindgen(method, catch)]
    fn request(this: &LockManager, name: &str, options: &JsValue, callback: &Function) -> Result<Promise, JsValue>;
}

/// A held lock; dropping it lets the next one have it.
pub struct Held(Option<Function>);

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(release) = &self.0 {
            let _ = release.call0(&JsValue::NULL);
        }
    }
}

/// Waits in line for a lock. Dropping the future leaves the line.
pub async fn acquire(name: &str) -> Held {
    request(name, false).await.unwrap_or(Held(None))
}

/// Takes a lock that is free, or gives `None`.
pub async fn try_acquire(name: &str) -> Option<Held> {
    request(name, true).await
}

async fn request(name: &str, if_available: bool) -> Option<Held> {
    let Some(locks) = NAVIGATOR.with(LockNavigator::locks) else {
        return Some(Held(None));
    };
    let line = Line(AbortController::new().ok());
    let (answer, answered) = oneshot::channel::<Option<Held>>();
    let answer = Rc::new(RefCell::new(Some(answer)));
    let granted = Closure::once(move |lock: JsValue| -> Promise {
        let is_granted = !lock.is_null();
        let mut release = None;
        let held = Promise::new(&mut |resolve, _| release = Some(resolve));
        let held_lock = Held(release);
        // Where nobody waits any more, the lock is given back by dropping it.
        if let Some(answer) = answer.take() {
            let _ = answer.send(is_granted.then_some(held_lock));
        }
        held
    });
    let promise = locks.request(name, &options(if_available, &line), granted.as_ref().unchecked_ref());
    // The promise lasts as long as the lock is held, and fails when its line is left; neither is news.
    if let Ok(promise) = promise {
        wasm_bindgen_futures::spawn_local(async move {
            let _ = JsFuture::from(promise).await;
            drop(granted);
        });
    }
    let held = answered.await.unwrap_or(Some(Held(None)));
    line.leave_quietly();
    held
}

/// A place in the line for a lock.
struct Line(Option<AbortController>);

impl Line {
    fn leave_quietly(mut self) {
        self.0 = None;
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }
}

fn options(if_available: bool, line: &Line) -> JsValue {
    let options = Object::new();
    let set = |name: &str, value: &JsValue| {
        // Setting a property of a fresh object cannot fail.
        let _ = Reflect::set(&options, &name.into(), value);
    };
    match (&line.0, if_available) {
        // The standard refuses both together; a lock that is not waited for needs no way out.
        (_, true) => set("ifAvailable", &JsValue::TRUE),
        (Some(controller), false) => set("signal", &controller.signal()),
        (None, false) => {}
    }
    options.into()
}
