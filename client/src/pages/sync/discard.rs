//! The question before a write is given up, with everything that would go with it, as it stands at each moment.

use crate::{
    components::dialog::Dialog,
    facts::writes,
    state::{AppState, topics::Topic},
};
use domain::WriteId;
use leptos::prelude::*;
use sync::outbox::resolve::{descendants, may_discard};
use wasm_bindgen_futures::spawn_local;

mod text {
    pub const TITLE: &str = "Discard this change?";
    pub const ALONE: &str = "It is taken back on this device and never sent.";
    pub const WITH: &str = "It is taken back on this device and never sent, and with it what builds on it:";
    pub const TOO_LATE: &str = "It was sent meanwhile and cannot be discarded any more.";
    pub const KEEP: &str = "Keep it";
    pub const DISCARD: &str = "Discard";
}

/// See the module.
#[component]
pub fn DiscardDialog(write: WriteId, #[prop(into)] on_close: Callback<()>) -> impl IntoView {
    let state = AppState::of_context();
    let asked = Memo::new(move |before: Option<&Asked>| read(state, write, before));
    let discard = move |_| spawn_local(state.discard(write));
    let others = move || {
        let others = asked.with(|asked| asked.others.clone());
        (!others.is_empty()).then(|| view! { <ul class="plain-list">{others.into_iter().map(|other| view! { <li>{other}</li> }).collect_view()}</ul> })
    };
    let can_be = move || asked.with(|asked| asked.can_be_discarded);
    let what = move || match asked.with(|asked| (asked.can_be_discarded, asked.others.is_empty())) {
        (false, _) => text::TOO_LATE,
        (true, true) => text::ALONE,
        (true, false) => text::WITH,
    };
    view! {
        <Dialog title=text::TITLE on_close>
            <p><strong>{move || asked.with(|asked| asked.sentence.clone())}</strong></p>
            <p role="status">{what}</p>
            {move || can_be().then(others)}
            <form method="dialog" class="actions">
                <button class="button" autofocus>{text::KEEP}</button>
                {move || can_be().then(|| view! { <button class="button danger" on:click=discard>{text::DISCARD}</button> })}
            </form>
        </Dialog>
    }
}

/// What is asked about.
#[derive(Clone, Default, PartialEq)]
struct Asked {
    /// What the write does.
    sentence: String,
    /// What the writes do that build on it.
    others: Vec<String>,
    /// It was not sent meanwhile.
    can_be_discarded: bool,
}

/// The question as it stands now. Of a write that is over by now, what it was stays.
fn read(state: AppState, write: WriteId, before: Option<&Asked>) -> Asked {
    let outbox = state.device().outbox();
    let with_it = descendants(&outbox, write);
    state.read([Topic::Writes], |view| {
        let sentence = |id: WriteId| view.write(id).map(|record| writes::sentence(view, record));
        Asked {
            sentence: sentence(write).or_else(|| Some(before?.sentence.clone())).unwrap_or_default(),
            others: with_it.into_iter().filter_map(sentence).collect(),
            can_be_discarded: view.write(write).is_some_and(may_discard),
        }
    })
}
