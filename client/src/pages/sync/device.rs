//! This device: where it keeps things, how much room there is, which tab leads, when the worker ran and why.

use crate::{
    format,
    state::{AppState, topics::Topic},
};
use browser::{StorageState, WokenBy, WorkerRun};
use leptos::prelude::*;

mod text {
    pub const TITLE: &str = "This device";
    pub const LEADS: &str = "This tab keeps the device up to date.";
    pub const FOLLOWS: &str = "Another tab keeps the device up to date; this one hears of everything.";
    pub const STORAGE: &str = "Storage";
    pub const ROOM: &str = "Room";
    pub const TABS: &str = "Tabs";
    pub const WORKER: &str = "Background worker";
    pub const NEVER: &str = "It has not run yet.";
    pub const PROMISED: &str = "Kept on the disk; the browser has promised not to clear it.";
    pub const NOT_PROMISED: &str = "Kept on the disk; the browser may clear it when space is very short.";
    pub const UNKNOWN: &str = "The browser does not say.";
}

/// See the module.
#[component]
pub fn ThisDevice() -> impl IntoView {
    let state = AppState::of_context();
    let room = LocalResource::new(move || {
        state.read([Topic::Writes], |_| ());
        let device = state.device();
        async move { device.storage_estimate().await }
    });
    let runs = LocalResource::new(move || {
        state.read([Topic::Writes], |_| ());
        let device = state.device();
        async move { device.worker_runs().await }
    });
    let storage = move || match state.storage.get() {
        StorageState::Persistent { persisted: true } => text::PROMISED.to_owned(),
        StorageState::Persistent { .. } => text::NOT_PROMISED.to_owned(),
        other => other.warning().unwrap_or_default(),
    };
    let room = move || match room.get().flatten() {
        Some(room) => format!("{} of {} used", format::bytes(room.used_bytes), format::bytes(room.granted_bytes)),
        None => text::UNKNOWN.to_owned(),
    };
    let leads = move || {
        state.read([Topic::Writes], |_| ());
        if state.device().is_leader() { text::LEADS } else { text::FOLLOWS }
    };
    let worker = move || match runs.get() {
        Some(runs) if !runs.is_empty() => view! { <ul class="plain-list">{runs.iter().map(|run| run_line(state, run)).collect_view()}</ul> }.into_any(),
        _ => view! { <p class="muted">{text::NEVER}</p> }.into_any(),
    };
    view! {
        <section aria-label=text::TITLE>
            <h2>{text::TITLE}</h2>
            <div class="panel">
                <dl class="pairs">
                    <dt>{text::STORAGE}</dt><dd>{storage}</dd>
                    <dt>{text::ROOM}</dt><dd>{room}</dd>
                    <dt>{text::TABS}</dt><dd>{leads}</dd>
                    <dt>{text::WORKER}</dt><dd>{worker}</dd>
                </dl>
            </div>
        </section>
    }
}

fn run_line(state: AppState, run: &WorkerRun) -> impl IntoView + use<> {
    let why = match run.woken_by {
        WokenBy::Sync => "woken by the browser",
        WokenBy::Page | WokenBy::Other => "asked by a page",
        WokenBy::HeldCheck => "asked about held changes",
    };
    let at_ms = run.at_ms;
    let (outcome, ago) = (run.outcome.clone(), move || format::since(at_ms, state.now_ms.get()));
    view! { <li>{ago} ", " {why} ": " {outcome}</li> }
}
