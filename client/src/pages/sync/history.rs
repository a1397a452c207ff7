//! What is over, and what this version of the app cannot read.

use super::write::tone;
use crate::{
    facts::writes,
    state::{AppState, topics::Topic},
};
use leptos::prelude::*;
use serde_json::Value as Json;
use sync::OutboxRecord;

mod text {
    pub const HISTORY: &str = "Recently settled";
    pub const EMPTY: &str = "Nothing yet.";
    pub const UNREADABLE: &str = "Not understood";
    pub const UNREADABLE_HINT: &str = "These changes are kept as they are. A newer version of Turns may read them.";
    pub const CONTENT: &str = "Content";
}

/// So many are shown.
const MOST: usize = 50;

/// The latest writes that are over.
#[component]
pub fn History() -> impl IntoView {
    let state = AppState::of_context();
    let history = LocalResource::new(move || {
        state.read([Topic::Writes], |_| ());
        let device = state.device();
        async move { device.history(MOST).await }
    });
    view! {
        <section aria-label=text::HISTORY>
            <h2>{text::HISTORY}</h2>
            <div class="panel">
                {move || match history.get() {
                    Some(records) if !records.is_empty() => view! { <ul class="history">{records.into_iter().map(|record| line(state, &record)).collect_view()}</ul> }.into_any(),
                    _ => view! { <p class="muted">{text::EMPTY}</p> }.into_any(),
                }}
            </div>
        </section>
    }
}

fn line(state: AppState, record: &OutboxRecord) -> impl IntoView + use<> {
    let sentence = state.peek(|view| writes::sentence(view, record));
    let receipt = record.receipt.as_ref().map(|receipt| format!("transaction {}", receipt.txid));
    view! {
        <li>
            <span>{sentence}</span>
            <span class="muted">{receipt}</span>
            <span class="tag" data-tone=tone(record.state)>{writes::state_label(record.state)}</span>
        </li>
    }
}

/// Envelopes of another version; nothing where there are none.
#[component]
pub fn Unreadable() -> impl IntoView {
    let state = AppState::of_context();
    let unreadable = LocalResource::new(move || {
        state.read([Topic::Writes], |_| ());
        let device = state.device();
        async move { device.unreadable().await }
    });
    let item = |(reason, raw): (String, Json)| {
        let content = serde_json::to_string_pretty(&raw).unwrap_or_default();
        view! { <li><p>{reason}</p><details><summary>{text::CONTENT}</summary><pre>{content}</pre></details></li> }
    };
    move || {
        unreadable.get().filter(|envelopes| !envelopes.is_empty()).map(|envelopes| {
            view! {
                <section aria-label=text::UNREADABLE>
                    <h2>{text::UNREADABLE}</h2>
                    <div class="panel">
                        <p class="muted">{text::UNREADABLE_HINT}</p>
                        <ul class="plain-list">{envelopes.into_iter().map(item).collect_view()}</ul>
                    </div>
                </section>
            }
        })
    }
}
