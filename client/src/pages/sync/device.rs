//! This device: where it keeps things, how much room there is, which tab leads, when the worker ran and why.

use crate::{
    format,
    state::{AppState, topics::Topic},
};
use browser::{StorageState, WokenBy, WorkerRun};
use leptos::prelude::*;

mod text {
    pub const TITLE: &str = "This device";
    pub const STORAGE: &str = "Storage";
    pub const ROOM: &str = "Room";
    pub const TABS: &str = "Tabs";
    pub const WORKER: &str = "Background worker";
    pub const EARLIER: &str = "Earlier runs";
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
        let device = state.device();
        let (this, leading) = (device.tab(), device.leading_tab());
        match leading {
            Some(leading) if leading == this => format!("This tab ({this}) keeps the device up to date."),
            Some(leading) => format!("Tab {leading} keeps the device up to date; this one ({this}) hears of everything."),
            None => format!("Another tab keeps the device up to date; this one ({this}) hears of everything."),
        }
    };
    // While they are read again, those that were read last stay.
    let runs = Memo::new(move |before: Option<&Vec<WorkerRun>>| runs.get().or_else(|| before.cloned()).unwrap_or_default());
    let last = move || match runs.with(|runs| runs.first().cloned()) {
        Some(run) => run_line(state, &run).into_any(),
        None => view! { <span class="muted">{text::NEVER}</span> }.into_any(),
    };
    let earlier = move || runs.with(|runs| runs.iter().skip(1).map(|run| view! { <li>{run_line(state, run)}</li> }).collect_view());
    view! {
        <section aria-label=text::TITLE>
            <h2>{text::TITLE}</h2>
            <div class="panel">
                <dl class="pairs">
                    <dt>{text::STORAGE}</dt><dd>{storage}</dd>
                    <dt>{text::ROOM}</dt><dd>{room}</dd>
                    <dt>{text::TABS}</dt><dd>{leads}</dd>
                    <dt>{text::WORKER}</dt><dd>{last}</dd>
                </dl>
                <details hidden=move || runs.with(|runs| runs.len() < 2)>
                    <summary>{text::EARLIER}</summary>
                    <ul class="plain-list">{earlier}</ul>
                </details>
            </div>
        </section>
    }
}

fn run_line(state: AppState, run: &WorkerRun) -> impl IntoView + use<> {
    let why = match run.woken_by {
        WokenBy::Sync => "woken by the browser",
        WokenBy::Tap => "after a change here",
        WokenBy::Asked => "because of “Retry now”",
        WokenBy::Timer => "on a timer",
        WokenBy::Online => "because the network came back",
        WokenBy::Server => "because the office answered again",
        WokenBy::Visible => "because somebody came back to the app",
        WokenBy::Start => "because the app was opened",
        WokenBy::HeldCheck => "to ask about held changes",
        WokenBy::Page | WokenBy::Other => "asked by a page",
    };
    let at_ms = run.at_ms;
    let (outcome, ago) = (run.outcome.clone(), move || format::since(at_ms, state.now_ms.get()));
    view! { <span>{ago} ", " {why} ": " {outcome}</span> }
}
