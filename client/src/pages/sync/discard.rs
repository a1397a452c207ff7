//! The question before a write is given up, with everything that would go with it.

use crate::{components::dialog::Dialog, facts::writes, state::AppState};
use domain::WriteId;
use leptos::prelude::*;
use sync::outbox::resolve::descendants;

mod text {
    pub const TITLE: &str = "Discard this change?";
    pub const ALONE: &str = "It is taken back on this device and never sent.";
    pub const WITH: &str = "It is taken back on this device and never sent, and with it what builds on it:";
    pub const KEEP: &str = "Keep it";
    pub const DISCARD: &str = "Discard";
}

/// See the module.
#[component]
pub fn DiscardDialog(write: WriteId, #[prop(into)] on_close: Callback<()>) -> impl IntoView {
    let state = AppState::of_context();
    let (sentence, others) = sentences(state, write);
    let discard = move |_| state.discard(write);
    view! {
        <Dialog title=text::TITLE on_close>
            <p><strong>{sentence}</strong></p>
            <p>{if others.is_empty() { text::ALONE } else { text::WITH }}</p>
            {(!others.is_empty()).then(|| view! { <ul class="plain-list">{others.into_iter().map(|other| view! { <li>{other}</li> }).collect_view()}</ul> })}
            <form method="dialog" class="actions">
                <button class="button" autofocus>{text::KEEP}</button>
                <button class="button danger" on:click=discard>{text::DISCARD}</button>
            </form>
        </Dialog>
    }
}

/// What the write does, and what the writes do that build on it.
fn sentences(state: AppState, write: WriteId) -> (String, Vec<String>) {
    let outbox = state.device().outbox();
    let with_it = descendants(&outbox, write);
    state.peek(|view| {
        let sentence = |id: WriteId| outbox.iter().find(|record| record.write_id == id).map(|record| writes::sentence(view, record));
        (sentence(write).unwrap_or_default(), with_it.into_iter().filter_map(sentence).collect())
    })
}
