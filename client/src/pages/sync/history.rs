//! What is over, and what this version of the app cannot read.

use super::write::{Columns, Details, tone};
use crate::{
    facts::writes,
    format,
    state::{AppState, topics::Topic},
};
use leptos::prelude::*;
use serde_json::Value as Json;
use sync::{OutboxRecord, WriteState};

mod text {
    pub const HISTORY: &str = "Recently settled";
    pub const EMPTY: &str = "Nothing yet.";
    pub const MORE: &str = "Show more";
    pub const YOURS: &str = "Yours";
    pub const UNREADABLE: &str = "Not understood";
    pub const UNREADABLE_HINT: &str = "These changes are kept as they are. A newer version of Turns may read them.";
    pub const CONTENT: &str = "Content";
}

/// So many more with each **Show more**.
const PAGE: usize = 25;

/// What is over, the latest first, as far back as it is kept: thirty days.
#[component]
pub fn History() -> impl IntoView {
    let state = AppState::of_context();
    let most = RwSignal::new(PAGE);
    let history = LocalResource::new(move || {
        state.read([Topic::Writes], |_| ());
        // One more than is shown tells whether there is more to show.
        let (device, wanted) = (state.device(), most.get() + 1);
        async move { device.history(wanted).await }
    });
    // While it is read again, what was read last stays.
    let records = Memo::new(move |before: Option<&Vec<OutboxRecord>>| history.get().or_else(|| before.cloned()).unwrap_or_default());
    let shown = move || records.with(|records| records.iter().take(most.get()).cloned().collect::<Vec<_>>());
    view! {
        <section aria-label=text::HISTORY>
            <h2>{text::HISTORY}</h2>
            <div class="panel">
                {move || records.with(Vec::is_empty).then(|| view! { <p class="muted">{text::EMPTY}</p> })}
                <ul class="history">
                    // What is over does not change any more.
                    <For each=shown key=|record| (record.write_id, record.revision) let:record><li>{line(state, record)}</li></For>
                </ul>
                {move || records.with(|records| records.len() > most.get()).then(|| view! {
                    <button type="button" class="button" on:click=move |_| most.update(|most| *most += PAGE)>{text::MORE}</button>
                })}
            </div>
        </section>
    }
}

fn line(state: AppState, record: OutboxRecord) -> impl IntoView + use<> {
    let (sentence, columns) = state.peek(|view| (writes::sentence(view, &record), writes::changed_columns(view, &record)));
    // When it was given up is not known: it was made then, or refused.
    let refused_at_ms = record.last_error.as_ref().map_or(record.made_at_ms, |failure| failure.at_ms);
    let over_at_ms = record.receipt.as_ref().map_or(refused_at_ms, |receipt| receipt.received_at_ms);
    let ago = move || format::since(over_at_ms, state.now_ms.get());
    // Why it was refused before it was given up. What was refused once and then taken has no reason any more.
    let reason = writes::reason(&record).filter(|_| record.state == WriteState::Discarded);
    let standing = record.state;
    view! {
        <article aria-label=sentence.clone()>
            <header class="write-head">
                <span>{sentence.clone()}</span>
                <span class="history-end"><span class="muted">{ago}</span> <span class="tag" data-tone=tone(standing)>{writes::state_label(standing)}</span></span>
            </header>
            {reason.map(|reason| view! { <p class="reason">{reason}</p> })}
            <Details record=Signal::stored(record)><Columns columns wanted_by=text::YOURS /></Details>
        </article>
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
