//! The bar on top of every page: where one is, whether everything is saved, who is signed in.

use super::{dialog::Dialog, export::ExportButton};
use crate::{format, state::AppState};
use browser::{Leaving, StorageState};
use leptos::prelude::*;
use leptos_router::components::A;
use sync::SyncStatus;

mod text {
    pub const BRAND: &str = "Turns";
    pub const BOARD: &str = "Board";
    pub const SYNC: &str = "Sync";
    pub const HELD: &str = "Held changes";
    pub const PASSWORD: &str = "Change your password";
    pub const SIGN_OUT: &str = "Sign out";
    pub const UNSENT_TITLE: &str = "Sign out with unsent work?";
    pub const UNSENT_HINT: &str = "What waits is sent when you sign in here again; nobody else on this device sees it.";
    pub const FLEETING_TITLE: &str = "Export your work before you sign out";
    pub const FLEETING_HINT: &str = "This browser keeps nothing for Turns: what waits is lost with this page, unless it is exported before.";
    pub const STAY: &str = "Stay signed in";
    pub const SIGN_OUT_ANYWAY: &str = "Sign out anyway";
    pub const GIVE_UP: &str = "Give them up and sign out";
    pub const SURE: &str = "Give up for good?";
}

/// See the module.
#[component]
pub fn Header() -> impl IntoView {
    let state = AppState::of_context();
    let name = Memo::new(move |_| state.user.get().map(|user| user.name));
    move || {
        name.get().map(|name| {
            view! {
                <header class="header">
                    <A href="/board" attr:class="brand">
                        <Logo />
                        <span class="brand-name">{text::BRAND}</span>
                    </A>
                    <nav class="nav" aria-label="Main">
                        <A href="/board">{text::BOARD}</A>
                        <A href="/sync">{text::SYNC}</A>
                        {state.user.with(|user| user.as_ref().is_some_and(|user| user.role.supervises())).then(|| view! { <A href="/held">{text::HELD}</A> })}
                    </nav>
                    <Status />
                    <div class="person">
                        <A href="/password" attr:class="person-name" attr:title=text::PASSWORD>{name}</A>
                        <SignOut />
                    </div>
                </header>
            }
        })
    }
}

/// The one sentence about saving; it opens the inspector.
#[component]
fn Status() -> impl IntoView {
    let state = AppState::of_context();
    view! {
        <div class="status" role="status" aria-label="Sync status" data-tone=move || state.status.with(tone)>
            <a href="/sync">{move || state.status.with(SyncStatus::to_string)}</a>
        </div>
    }
}

fn tone(status: &SyncStatus) -> &'static str {
    match status {
        SyncStatus { need_user: 1.., .. } => "needs-you",
        SyncStatus { waiting: 1.., .. } | SyncStatus { photos: 1.., .. } => "waiting",
        SyncStatus { is_offline: true, .. } => "offline",
        _ => "saved",
    }
}

/// Signs out; with unsent work only after a question.
#[component]
fn SignOut() -> impl IntoView {
    let state = AppState::of_context();
    let asking = RwSignal::new(None::<usize>);
    let is_sure = RwSignal::new(false);
    let ask = move |_| match state.status.get_untracked() {
        status if status.has_unsent() => {
            // Whoever thought better of it before is asked again from the beginning.
            is_sure.set(false);
            asking.set(Some(status.unsent()));
        }
        _ => state.sign_out(Leaving::KeepSealed),
    };
    let leave_anyway = move |_| {
        // The dialog covers the message that would tell of a failure.
        asking.set(None);
        state.sign_out(Leaving::KeepSealed);
    };
    let give_up = move |_| {
        // The first press asks, the second does it: what is given up is gone.
        if is_sure.get_untracked() {
            asking.set(None);
            state.sign_out(Leaving::Discard);
        }
        is_sure.update(|is_sure| *is_sure = !*is_sure);
    };
    view! {
        <button type="button" class="button quiet" on:click=ask>{text::SIGN_OUT}</button>
        {move || asking.get().map(|unsent| {
            let (title, changes, hint) = match state.storage.with(StorageState::is_fleeting) {
                true => (text::FLEETING_TITLE, format::count(unsent, "change is", "changes are") + " not sent yet. ", text::FLEETING_HINT),
                false => (text::UNSENT_TITLE, format::count(unsent, "change stays", "changes stay") + " on this device. ", text::UNSENT_HINT),
            };
            view! {
                <Dialog title on_close=move |()| asking.set(None)>
                    <p>{changes}{hint}</p>
                    <form method="dialog" class="actions">
                        <button class="button primary" autofocus>{text::STAY}</button>
                        <ExportButton />
                        <button type="button" class="button" on:click=leave_anyway>{text::SIGN_OUT_ANYWAY}</button>
                        <button type="button" class="button danger" on:click=give_up>{move || if is_sure.get() { text::SURE } else { text::GIVE_UP }}</button>
                    </form>
                </Dialog>
            }
        })}
    }
}

#[component]
fn Logo() -> impl IntoView {
    view! { <img class="logo" src="/icons/icon.svg" alt="" width="28" height="28" /> }
}
