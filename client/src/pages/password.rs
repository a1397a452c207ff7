//! Choosing a password: one's own, at any time; and before anything else where somebody else gave it.
//!
//! **Invariant:** needs a network, as signing in does; what was typed stays until the server has taken it.

use super::login::replacing;
use crate::{
    components::{
        heading::Heading,
        submission::{Submission, Submit},
    },
    state::AppState,
};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use protocol::{PasswordChange, Problem};
use web_sys::SubmitEvent;

mod text {
    pub const CHANGE: &str = "Change your password";
    pub const CHOOSE: &str = "Choose your own password";
    pub const CHANGE_HINT: &str = "You stay signed in here, and are signed out everywhere else.";
    pub const CHOOSE_HINT: &str = "The one that you signed in with was given to you and opens nothing else.";
    pub const CURRENT: &str = "Password now";
    pub const NEW: &str = "New password";
    pub const RULE: &str = "Ten characters or more. Three words that nobody would put together are easy to remember.";
    pub const SAVE: &str = "Save password";
    pub const SAVING: &str = "Saving…";
    pub const SAVED: &str = "Your password is changed";
    pub const EMPTY: &str = "Enter the password as it is now, and the new one.";
    pub const OFFLINE: &str = "There is no connection to the server. Changing the password needs one.";
}

/// See the module.
#[component]
pub fn Password() -> impl IntoView {
    let state = AppState::of_context();
    // Decided once: with the answer the demand is gone, and the page with it.
    let is_demanded = untrack(move || state.must_change_password());
    let (title, hint) = if is_demanded {
        (text::CHOOSE, text::CHOOSE_HINT)
    } else {
        (text::CHANGE, text::CHANGE_HINT)
    };
    view! {
        <div class="login">
            <Heading title=title.to_owned() />
            <p class="muted">{hint}</p>
            <Form />
        </div>
    }
}

#[component]
fn Form() -> impl IntoView {
    let state = AppState::of_context();
    let email = state.user.with_untracked(|user| user.as_ref().map(|user| user.email.clone()));
    let (current, new) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let submission = Submission::new(text::OFFLINE);
    let navigate = use_navigate();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let change = PasswordChange {
            current: current.get_untracked(),
            new: new.get_untracked(),
        };
        if change.current.is_empty() || change.new.is_empty() {
            return submission.refuse(text::EMPTY);
        }
        let navigate = navigate.clone();
        let save = async move { state.device().change_password(&change).await.map_err(in_words) };
        submission.send(save, move || {
            state.toasts.tell(text::SAVED.to_owned(), None);
            navigate("/board", replacing());
        });
    };
    view! {
        <form class="stack" on:submit=submit novalidate>
            // Which account it is, for the program that keeps the passwords.
            <input type="email" name="email" autocomplete="username" value=email hidden />
            <label class="field">
                <span class="field-label">{text::CURRENT}</span>
                <input type="password" name="current" autocomplete="current-password" autofocus bind:value=current />
            </label>
            <label class="field">
                <span class="field-label">{text::NEW}</span>
                <input type="password" name="new" autocomplete="new-password" aria-describedby="password-rule" bind:value=new />
            </label>
            <p id="password-rule" class="muted">{text::RULE}</p>
            <Submit submission label=text::SAVE busy=text::SAVING />
        </form>
    }
}

/// The server says by field what is wrong; on this page that is one sentence.
fn in_words(mut problem: Problem) -> Problem {
    let label = |field: &str| if field == "current" { text::CURRENT } else { text::NEW };
    let sentences: Vec<String> = problem.fields.iter().map(|(field, wrong)| format!("{} {wrong}.", label(field))).collect();
    if !sentences.is_empty() {
        problem.message = sentences.join(" ");
    }
    problem
}
