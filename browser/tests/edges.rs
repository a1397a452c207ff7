//! Locks, channel, clock and ids, in a page.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use browser::{
    channel::{Channel, Signal},
    clock, ids, locks,
    scope::{Nudge, Timer, sleep},
};
use domain::Table;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use sync::store::conformance::row_id;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
async fn a_lock_has_one_holder_and_goes_on_when_it_is_dropped() {
    let held = locks::acquire("test-one").await;
    assert!(locks::try_acquire("test-one").await.is_none());
    let waiting = Rc::new(Cell::new(true));
    let waits = waiting.clone();
    wasm_bindgen_futures::spawn_local(async move {
        let _held = locks::acquire("test-one").await;
        waits.set(false);
    });
    sleep(20).await;
    assert!(waiting.get());
    drop(held);
    sleep(20).await;
    assert!(!waiting.get());
    assert!(locks::try_acquire("test-one").await.is_some());
}

#[wasm_bindgen_test]
async fn who_waits_no_more_leaves_the_line() {
    let held = locks::acquire("test-line").await;
    let (waiting, stop) = futures::future::abortable(locks::acquire("test-line"));
    wasm_bindgen_futures::spawn_local(async move { drop(waiting.await) });
    sleep(10).await;
    stop.abort();
    sleep(10).await;
    drop(held);
    sleep(10).await;
    assert!(locks::try_acquire("test-line").await.is_some(), "nobody may hold it for one who has gone");
}

#[wasm_bindgen_test]
async fn a_signal_reaches_the_others_and_not_its_sender() {
    let heard = Rc::new(RefCell::new(Vec::new()));
    let (one, two) = (heard.clone(), heard.clone());
    let first = Channel::join(move |signal| one.borrow_mut().push((1, signal)));
    let _second = Channel::join(move |signal| two.borrow_mut().push((2, signal)));
    let changed = Signal::RowsChanged {
        table: Table::ScopeItems,
        ids: Some(vec![row_id(7)]),
    };
    first.tell(&changed);
    sleep(50).await;
    assert_eq!(*heard.borrow(), [(2, changed)]);
}

#[wasm_bindgen_test]
async fn what_a_newer_tab_says_is_passed_over() {
    let heard = Rc::new(Cell::new(0));
    let count = heard.clone();
    let _tab = Channel::join(move |_| count.set(count.get() + 1));
    let newer = web_sys::BroadcastChannel::new("turns").unwrap();
    newer.post_message(&r#"{"kind":"ofNextYear"}"#.into()).unwrap();
    newer.post_message(&7.into()).unwrap();
    newer.post_message(&r#"{"kind":"outboxChanged"}"#.into()).unwrap();
    sleep(50).await;
    newer.close();
    assert_eq!(heard.get(), 1);
}

#[wasm_bindgen_test]
async fn a_dropped_timer_does_not_fire_and_a_nudge_ends_a_pause() {
    let fired = Rc::new(Cell::new(false));
    let fire = fired.clone();
    drop(Timer::after(1, move || fire.set(true)));
    let nudge = Nudge::default();
    let early = nudge.clone();
    let _soon = Timer::after(20, move || early.now());
    let start = clock::now_ms();
    nudge.pause(60_000).await;
    assert!(clock::now_ms() - start < 10_000 && !fired.get());
}

#[wasm_bindgen_test]
fn ids_sort_by_their_making_and_today_is_near() {
    let made: Vec<_> = (0..1_000).map(|_| ids::write_id()).collect();
    assert!(made.is_sorted());
    let utc = domain::Timestamp::from_millis(clock::now_ms()).date_utc();
    assert!(clock::today().days_since(utc).abs() <= 1);
}
