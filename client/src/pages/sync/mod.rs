//! The inspector: everything this device has not settled with the server, why, and what can be done about it.
//!
//! **Invariant:** no write is hidden: what is not settled stands here, also what this version cannot read.

mod device;
mod discard;
mod history;
mod photos;
mod tables;
mod write;

use crate::{
    components::{export::ExportButton, heading::Heading},
    state::{AppState, topics::Topic},
};
use ::sync::{OutboxRecord, SyncStatus};
use device::ThisDevice;
use discard::DiscardDialog;
use domain::WriteId;
use history::{History, Unreadable};
use leptos::prelude::*;
use photos::WaitingPhotos;
use tables::Tables;
use wasm_bindgen_futures::spawn_local;
use write::Write;

pub use write::Columns;

mod text {
    pub const TITLE: &str = "Sync";
    pub const UNSETTLED: &str = "Changes on their way";
    pub const NOTHING: &str = "Nothing is waiting. Every change on this device is with the server.";
    pub const RETRY: &str = "Retry now";
}

/// See the module.
#[component]
pub fn Sync() -> impl IntoView {
    let discarding = RwSignal::new(None::<WriteId>);
    view! {
        <div class="page sync">
            <Heading title=text::TITLE.to_owned() />
            <Summary />
            <Unsettled discarding />
            <WaitingPhotos />
            <Unreadable />
            <ThisDevice />
            <Tables />
            <History />
            {move || discarding.get().map(|write| view! { <DiscardDialog write on_close=move |()| discarding.set(None) /> })}
        </div>
    }
}

#[component]
fn Summary() -> impl IntoView {
    let state = AppState::of_context();
    let retry = move |_| spawn_local(async move { state.device().retry_now().await });
    view! {
        <section class="panel sync-summary" aria-label="Summary">
            <div>
                <p class="sentence">{move || state.status.with(SyncStatus::to_string)}</p>
            </div>
            <div class="actions">
                <button type="button" class="button primary" on:click=retry>{text::RETRY}</button>
                <ExportButton />
            </div>
        </section>
    }
}

#[component]
fn Unsettled(discarding: RwSignal<Option<WriteId>>) -> impl IntoView {
    let state = AppState::of_context();
    let outbox = Memo::new(move |_| {
        state.read([Topic::Writes], |_| ());
        needs_user_first(&state.device().outbox())
    });
    view! {
        <section aria-label=text::UNSETTLED>
            <h2>{text::UNSETTLED}</h2>
            {move || outbox.with(Vec::is_empty).then(|| view! { <p class="panel muted">{text::NOTHING}</p> })}
            <ul class="writes">
                <For each=move || outbox.get() key=|write| *write let:write>
                    <li><Write write discarding /></li>
                </For>
            </ul>
        </section>
    }
}

/// What is shown and not stored yet is the latest.
fn needs_user_first(outbox: &[OutboxRecord]) -> Vec<WriteId> {
    let (needing, others): (Vec<_>, Vec<_>) = outbox.iter().partition(|record| record.state.needs_user());
    needing.into_iter().chain(others).map(|record| record.write_id).collect()
}
