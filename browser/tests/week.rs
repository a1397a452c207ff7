//! A tab that stays open for a week: what others do, what is tapped, and logs that are lost, again and again. Its memory does not grow with them.
//!
//! By default a part of it, some seconds; `WHOLE_WEEK=1` at build time makes it ten thousand live batches, five thousand writes and two hundred
//! reloads of each stream.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/tablet.rs"]
mod tablet;

use browser::{Device, scope::sleep};
use common::fresh_name;
use domain::{Operation, RowId, Table};
use js_sys::{ArrayBuffer, WebAssembly::Memory};
use serde_json::json;
use sync::store::conformance::row_id;
use tablet::{colleague_writes, notes, notes_of, office_of};
use wasm_bindgen::{JsCast, prelude::wasm_bindgen};
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// Rows on the device.
const TURNS: u64 = 500;
/// Parts of the week, each with so many live batches and writes, and two reloads.
const PARTS: u64 = if option_env!("WHOLE_WEEK").is_some() { 100 } else { 6 };
const BATCHES: u64 = 100;
const WRITES: u64 = 50;
/// After so many parts everything has been as large as it gets.
const WARM: u64 = 2;

#[wasm_bindgen(module = "/tests/common/office.js")]
extern "C" {
    fn lose_logs();
}

#[wasm_bindgen_test]
async fn a_tab_that_is_open_for_a_week_does_not_grow() {
    office_of(1, (0..TURNS).map(turn));
    let device = Device::open_on(&fresh_name(), |_| {}).await.unwrap();
    device.sign_in("anna@example.com", "right").await.unwrap();
    soon(|| device.with_view(|view| view.count(Table::Turns)) == TURNS as usize).await;
    let mut version = 1;
    let mut warm = 0;
    for part in 0..PARTS {
        for n in 0..BATCHES {
            version += 1;
            let id = turn(n % TURNS);
            let said = format!("said {version}");
            colleague_writes("turns", &id.to_string(), &json!({"notes": said, "version": version.to_string()}).to_string());
            soon(|| notes_of(&device, id) == said).await;
            if n % (BATCHES / WRITES) == 0 {
                let mine = format!("mine {version}");
                device.tap_durable(Table::Turns, id, Operation::Update, notes(&mine)).await.unwrap();
                version += 1;
                soon(|| device.outbox().is_empty() && notes_of(&device, id) == mine).await;
            }
            if n % (BATCHES / 2) == 0 {
                lose_logs();
            }
        }
        if part + 1 == WARM {
            warm = memory_bytes();
        }
    }
    let (begun, end) = (warm / 1_024, memory_bytes() / 1_024);
    assert_eq!(device.with_view(|view| view.count(Table::Turns)), TURNS as usize);
    console_log!("{begun} kB after {WARM} parts of {PARTS}, {end} kB in the end");
    // It comes in pages of 64 kB.
    assert!(end <= begun + 64, "{begun} kB after {WARM} parts of {PARTS}, {end} kB in the end");
    device.close();
}

fn turn(n: u64) -> RowId {
    row_id(1_000 + n)
}

/// All that the app's code has, also what it has given back: WebAssembly's memory never shrinks.
fn memory_bytes() -> u32 {
    let memory: Memory = wasm_bindgen::memory().unchecked_into();
    memory.buffer().unchecked_into::<ArrayBuffer>().byte_length()
}

/// Waits for what comes within milliseconds.
async fn soon(holds: impl Fn() -> bool) {
    for _ in 0..30_000 {
        if holds() {
            return;
        }
        sleep(1).await;
    }
    panic!("it did not come within half a minute");
}
