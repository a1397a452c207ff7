//! Signing in: the only page that needs a network.
//!
//! **Invariant:** whoever is signed in on this device passes it by, unless their session has ended.

use crate::{
    components::{
        heading::Heading,
        submission::{Submission, Submit},
    },
    state::{Absence, AppState},
};
use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    components::Redirect,
    hooks::{use_navigate, use_query_map},
};
use web_sys::SubmitEvent;

mod text {
    pub const TITLE: &str = "Sign in";
    pub const TAGLINE: &str = "Make homes ready, with or without a signal.";
    pub const EMAIL: &str = "Email";
    pub const PASSWORD: &str = "Password";
    pub const SIGN_IN: &str = "Sign in";
    pub const SIGNING_IN: &str = "Signing in…";
    pub const OFFLINE: &str = "There is no connection to the server. Signing in needs one; everything after it does not.";
    pub const CLEARED: &str = "This browser has cleared what Turns kept on this device. What had been sent is safe with the office; changes that had not been sent are gone. Sign in, and your turns are fetched again.";
    pub const EMPTY: &str = "Enter your email and your password.";
}

/// See the module.
#[component]
pub fn Login() -> impl IntoView {
    let state = AppState::of_context();
    // Decided once: signing in navigates by itself, to where the person came from.
    let may_pass = state.user.with_untracked(Option::is_some) && !state.status.with_untracked(|status| status.needs_sign_in);
    if may_pass {
        return view! { <Redirect path="/board" /> }.into_any();
    }
    view! {
        <div class="login">
            <img src="/icons/icon.svg" alt="" width="72" height="72" />
            <Heading title=text::TITLE.to_owned() />
            <p class="muted">{text::TAGLINE}</p>
            {move || (state.absence.get() == Absence::Cleared).then(|| view! { <p class="problem boxed" role="alert">{text::CLEARED}</p> })}
            <Form />
        </div>
    }
    .into_any()
}

#[component]
fn Form() -> impl IntoView {
    let state = AppState::of_context();
    let known = state.user.with_untracked(|user| user.as_ref().map(|user| user.email.clone()));
    let (email, password) = (RwSignal::new(known.unwrap_or_default()), RwSignal::new(String::new()));
    let submission = Submission::new(text::OFFLINE);
    let (navigate, target) = (use_navigate(), target());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let (email, password) = (email.get_untracked().trim().to_owned(), password.get_untracked());
        if email.is_empty() || password.is_empty() {
            return submission.refuse(text::EMPTY);
        }
        let (navigate, target) = (navigate.clone(), target.clone());
        let sign_in = async move { state.device().sign_in(&email, &password).await };
        submission.send(sign_in, move || navigate(&target, replacing()));
    };
    view! {
        <form class="stack" on:submit=submit novalidate>
            <label class="field">
                <span class="field-label">{text::EMAIL}</span>
                <input type="email" name="email" autocomplete="username" inputmode="email" autofocus bind:value=email />
            </label>
            <label class="field">
                <span class="field-label">{text::PASSWORD}</span>
                <input type="password" name="password" autocomplete="current-password" bind:value=password />
            </label>
            <Submit submission label=text::SIGN_IN busy=text::SIGNING_IN />
        </form>
    }
}

/// Goes on without leaving this page in the history.
pub fn replacing() -> NavigateOptions {
    NavigateOptions {
        replace: true,
        ..Default::default()
    }
}

/// Where the person came from; only ever a page of this app.
fn target() -> String {
    let from = use_query_map().with_untracked(|query| query.get("from"));
    from.filter(|from| from.starts_with('/') && !from.starts_with("//") && !from.starts_with("/login"))
        .unwrap_or_else(|| "/board".to_owned())
}
