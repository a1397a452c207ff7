//! The page that the peers' harness measures as `turns`: the app's own store and view, and nothing else.
//!
//! It sets `window.__bench`; the functions are those of the harness's README.
//!
//! **Invariant:** a call that cannot be carried out is a rejected promise, never a wrong figure.

mod device;
mod office;
mod rows;
mod view;

use browser::clock::BrowserClock;
use device::{BenchDevice, StageChange};
use futures::future::LocalBoxFuture;
use js_sys::{Array, Function, JsString, Object, Promise, Reflect, Uint8Array};
use office::HarnessOffice;
use std::{cell::RefCell, collections::HashMap, rc::Rc};
use sync::{Drained, OutboxRecord, Store};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::{future_to_promise, spawn_local};

#[wasm_bindgen]
extern "C" {
    type TextEncoder;

    #[wasm_bindgen(constructor)]
    fn new() -> TextEncoder;

    #[wasm_bindgen(method)]
    fn encode(this: &TextEncoder, text: &JsString) -> Uint8Array;
}

/// What the page holds between two calls.
struct Bench {
    device: BenchDevice,
    on_view: RefCell<Option<Function>>,
    /// Writes that the server has not confirmed, by the harness's ids.
    unconfirmed: RefCell<HashMap<String, OutboxRecord>>,
}

type Work = LocalBoxFuture<'static, Result<JsValue, JsValue>>;

/// Offers the page to the harness.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
    let bench = Rc::new(Bench {
        device: BenchDevice::new(),
        on_view: RefCell::default(),
        unconfirmed: RefCell::default(),
    });
    let page = Object::new();
    set(&page, "name", &"Turns".into());
    set(&page, "version", &env!("CARGO_PKG_VERSION").into());
    set(&page, "variants", &variants());
    offer(&page, "p1Open", &bench, |bench, call| Box::pin(async move { bench.p1_open(&call).await }));
    offer(&page, "p1Settle", &bench, |bench, call| Box::pin(async move { bench.p1_settle(&call) }));
    offer(&page, "p2Open", &bench, |bench, call| Box::pin(async move { bench.open(&call).await }));
    offer(&page, "p2Tap", &bench, |bench, call| Box::pin(async move { bench.p2_tap(&call).await }));
    offer(&page, "p3", &bench, |bench, call| Box::pin(async move { bench.p3(&call).await }));
    offer(&page, "p4", &bench, |bench, _| Box::pin(async move { bench.p4().await }));
    offer(&page, "p5Queue", &bench, |bench, call| Box::pin(async move { bench.p5_queue(&call).await }));
    offer(&page, "p5Drain", &bench, |bench, call| Box::pin(async move { bench.p5_drain(&call).await }));
    offer(&page, "close", &bench, |bench, _| Box::pin(async move { bench.close() }));
    // Not a promise: the clock runs until the subscriber has the view, which is before this returns.
    let tap = Closure::<dyn Fn(JsValue) -> Result<(), JsValue>>::new(move |call| bench.p1_tap(&call));
    set(&page, "p1Tap", &tap.into_js_value());
    set(&js_sys::global(), "__bench", &page);
}

fn variants() -> JsValue {
    let variants = Object::new();
    for item in ["p1", "p2", "p3", "p4", "p5"] {
        let name = if item == "p2" { "row+outbox strict" } else { "" };
        set(&variants, item, &Array::of1(&name.into()));
    }
    variants.into()
}

fn offer(page: &Object, name: &str, bench: &Rc<Bench>, work: impl Fn(Rc<Bench>, JsValue) -> Work + 'static) {
    let bench = bench.clone();
    let call = Closure::<dyn Fn(JsValue) -> Promise>::new(move |call| future_to_promise(work(bench.clone(), call)));
    set(page, name, &call.into_js_value());
}

impl Bench {
    async fn p1_open(&self, call: &JsValue) -> Result<JsValue, JsValue> {
        self.open(call).await?;
        for write in Array::from(&get(call, "pending")).iter() {
            self.tap(&write)?;
        }
        self.on_view.replace(get(call, "onView").dyn_into().ok());
        self.show()?;
        Ok(JsValue::UNDEFINED)
    }

    fn p1_tap(&self, call: &JsValue) -> Result<(), JsValue> {
        let record = self.tap(call)?;
        self.show()?;
        let device = self.device.clone();
        // As in the app: stored behind the view.
        spawn_local(async move { drop(device.keep(record).await) });
        Ok(())
    }

    fn p1_settle(&self, call: &JsValue) -> Result<JsValue, JsValue> {
        let record = self.unconfirmed.borrow_mut().remove(&text(call, "write_id")).ok_or("nobody made this write")?;
        self.device.confirm(&record, &text(call, "stage"));
        self.show()?;
        Ok(JsValue::UNDEFINED)
    }

    async fn open(&self, call: &JsValue) -> Result<JsValue, JsValue> {
        self.device.know_stages().await?;
        self.sync(call, || {}).await?;
        Ok(JsValue::UNDEFINED)
    }

    async fn p2_tap(&self, call: &JsValue) -> Result<JsValue, JsValue> {
        let record = self.tap(call)?;
        self.device.keep(record).await?;
        Ok(JsValue::UNDEFINED)
    }

    async fn p3(&self, call: &JsValue) -> Result<JsValue, JsValue> {
        let mark: Function = get(call, "mark").dyn_into()?;
        self.sync(call, || drop(mark.call1(&JsValue::NULL, &"durable".into()))).await?;
        Ok(self.device.shown().into())
    }

    async fn p4(&self) -> Result<JsValue, JsValue> {
        self.device.load().await?;
        Ok(self.device.shown().into())
    }

    async fn p5_queue(&self, call: &JsValue) -> Result<JsValue, JsValue> {
        let (mut drafts, mut latest) = (Vec::new(), HashMap::new());
        for write in Array::from(&get(call, "writes")).iter() {
            // As with a tap: the id is of the device's making, and the write to its turn that it builds on is named.
            let mut draft = self.device.draft(&change(&write)?);
            draft.depends_on.extend(latest.insert(draft.row_id, draft.write_id));
            drafts.push(draft);
        }
        self.device.store.enqueue(drafts).await.map_err(|error| error.to_string())?;
        Ok(JsValue::UNDEFINED)
    }

    async fn p5_drain(&self, call: &JsValue) -> Result<JsValue, JsValue> {
        let (device, office) = (&self.device, HarnessOffice { url: text(call, "url") });
        let drained = sync::drain(&device.store, &office, &BrowserClock, device.user, || {}).await;
        match drained.map_err(|error| error.to_string())? {
            Drained::Empty => Ok(JsValue::UNDEFINED),
            other => Err(format!("the queue is not empty: {other:?}").into()),
        }
    }

    fn close(&self) -> Result<JsValue, JsValue> {
        self.device.store.close();
        Ok(JsValue::UNDEFINED)
    }

    /// The text's bytes are what a network would have brought.
    async fn sync(&self, call: &JsValue, stored: impl FnOnce()) -> Result<(), JsValue> {
        let text: JsString = get(call, "text").dyn_into()?;
        let bytes = TextEncoder::new().encode(&text).to_vec();
        let text = str::from_utf8(&bytes).map_err(|error| error.to_string())?;
        Ok(self.device.sync(text, stored).await?)
    }

    fn tap(&self, write: &JsValue) -> Result<OutboxRecord, JsValue> {
        let record = self.device.tap(&change(write)?)?;
        self.unconfirmed.borrow_mut().insert(text(write, "write_id"), record.clone());
        Ok(record)
    }

    /// Hands the subscriber the view.
    fn show(&self) -> Result<(), JsValue> {
        if let Some(on_view) = &*self.on_view.borrow() {
            on_view.call1(&JsValue::NULL, &self.device.shown().into())?;
        }
        Ok(())
    }
}

fn change(write: &JsValue) -> Result<StageChange, JsValue> {
    Ok(StageChange {
        turn: text(write, "id").parse().map_err(|_| "no id")?,
        stage: text(write, "stage"),
    })
}

fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or_default()
}

fn text(object: &JsValue, name: &str) -> String {
    get(object, name).as_string().unwrap_or_default()
}

fn set(object: &JsValue, name: &str, value: &JsValue) {
    // A fresh object, and the global one, take every property.
    let _ = Reflect::set(object, &name.into(), value);
}
