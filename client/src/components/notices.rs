//! Bars under the header for what concerns the whole device: storage that fails, a session that has ended, a new version; and what was
//! decided about one's held changes, of which no page shows the home any more.
//!
//! **Invariant:** a new version never takes over by itself; somebody may be in the middle of a sentence.

use super::export::ExportButton;
use crate::{
    facts::decided::{self, Decision},
    state::{AppState, topics::Topic},
};
use browser::StorageState;
use domain::Table;
use leptos::prelude::*;

mod text {
    pub const NOTICES: &str = "Notices";
    pub const STORAGE: &str = "This device could not keep your last change: ";
    pub const SESSION: &str = "Your session has ended. Your work is safe on this device and is sent when you sign in.";
    pub const SIGN_IN: &str = "Sign in";
    pub const NEW_VERSION: &str = "A new version is ready";
    pub const DISMISS: &str = "Dismiss";
    pub const UPDATE: &str = "Update";
    pub const SEEN: &str = "Got it";
}

/// See the module.
#[component]
pub fn Notices() -> impl IntoView {
    let state = AppState::of_context();
    let decisions = Memo::new(move |_| state.read([Topic::Any(Table::Notifications)], decided::unseen));
    view! {
        <section class="notices" aria-label=text::NOTICES>
            // Not to be dismissed: it is true for as long as it stands here.
            {move || state.storage.with(StorageState::warning).map(|warning| view! {
                <div class="notice" data-tone="needs-you" role="alert">
                    <p>{warning}</p>
                    {state.storage.with(StorageState::is_fleeting).then(|| view! { <ExportButton /> })}
                </div>
            })}
            {move || state.storage_failure.get().map(|reason| view! {
                <div class="notice" data-tone="needs-you" role="alert">
                    <p>{text::STORAGE}{reason}</p>
                    <button type="button" class="button" on:click=move |_| state.storage_failure.set(None)>{text::DISMISS}</button>
                </div>
            })}
            {move || (state.needs_sign_in() && state.user.with(Option::is_some)).then(|| view! {
                <div class="notice" data-tone="waiting">
                    <p>{text::SESSION}</p>
                    <a class="button" href="/login">{text::SIGN_IN}</a>
                </div>
            })}
            {move || decisions.get().into_iter().map(|decision| view! { <Decided decision /> }).collect_view()}
            {move || state.has_new_version.get().then(|| view! {
                <div class="notice">
                    <p>{text::NEW_VERSION}</p>
                    <button type="button" class="button" on:click=move |_| state.device().apply_update()>{text::UPDATE}</button>
                </div>
            })}
        </section>
    }
}

/// What a supervisor made of a change that was held, until its author has seen it.
#[component]
fn Decided(decision: Decision) -> impl IntoView {
    let state = AppState::of_context();
    let Decision {
        notification,
        sentence,
        is_refusal,
    } = decision;
    let seen = move |_| state.note_seen(notification);
    view! {
        <div class="notice" data-tone=if is_refusal { "needs-you" } else { "saved" } role=if is_refusal { "alert" } else { "status" }>
            <p>{sentence}</p>
            <button type="button" class="button" on:click=seen>{text::SEEN}</button>
        </div>
    }
}
