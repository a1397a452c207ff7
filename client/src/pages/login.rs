//! Signing in: the only page that needs a network.
//!
//! **Invariant:** whoever is signed in on this device passes it by, unless their session has ended.

use crate::{components::heading::Heading, state::AppState};
use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    components::Redirect,
    hooks::{use_navigate, use_query_map},
};
use protocol::{Problem, ProblemCode};
use wasm_bindgen_futures::spawn_local;
use web_sys::SubmitEvent;

mod text {
    pub const TITLE: &str = "Sign in";
    pub const TAGLINE: &str = "Make homes ready, with or without a signal.";
    pub const EMAIL: &str = "Email";
    pub const PASSWORD: &str = "Password";
    pub const SIGN_IN: &str = "Sign in";
    pub const SIGNING_IN: &str = "Signing in…";
    pub const OFFLINE: &str = "There is no connection to the server. Signing in needs one; everything after it does not.";
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
            <Form />
        </div>
    }
    .into_any()
}

/// What is typed, and how signing in stands.
#[derive(Clone, Copy)]
struct Attempt {
    state: AppState,
    email: RwSignal<String>,
    password: RwSignal<String>,
    is_busy: RwSignal<bool>,
    problem: RwSignal<Option<String>>,
}

impl Attempt {
    fn new(state: AppState) -> Self {
        let email = state
            .user
            .with_untracked(|user| user.as_ref().map(|user| user.email.clone()).unwrap_or_default());
        Self {
            state,
            email: RwSignal::new(email),
            password: RwSignal::new(String::new()),
            is_busy: RwSignal::new(false),
            problem: RwSignal::new(None),
        }
    }

    /// Signs in; `then` runs when it is done.
    fn make(self, then: impl FnOnce() + 'static) {
        let (email, password) = (self.email.get_untracked().trim().to_owned(), self.password.get_untracked());
        if self.is_busy.get_untracked() {
            return;
        }
        if email.is_empty() || password.is_empty() {
            self.problem.set(Some(text::EMPTY.to_owned()));
            return;
        }
        self.is_busy.set(true);
        self.problem.set(None);
        spawn_local(async move {
            let answer = self.state.device().sign_in(&email, &password).await;
            self.is_busy.set(false);
            match answer {
                Ok(_) => then(),
                Err(refused) => self.problem.set(Some(reason(&refused))),
            }
        });
    }
}

#[component]
fn Form() -> impl IntoView {
    let attempt = Attempt::new(AppState::of_context());
    let Attempt {
        email,
        password,
        is_busy,
        problem,
        ..
    } = attempt;
    let navigate = use_navigate();
    let target = target();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let (navigate, target) = (navigate.clone(), target.clone());
        attempt.make(move || {
            navigate(
                &target,
                NavigateOptions {
                    replace: true,
                    ..Default::default()
                },
            )
        });
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
            {move || problem.get().map(|problem| view! { <p class="problem boxed" role="alert">{problem}</p> })}
            <button class="button primary large" disabled=move || is_busy.get() aria-busy=move || is_busy.get().then_some("true")>
                {move || if is_busy.get() { text::SIGNING_IN } else { text::SIGN_IN }}
            </button>
        </form>
    }
}

/// Where the person came from; only ever a page of this app.
fn target() -> String {
    let from = use_query_map().with_untracked(|query| query.get("from"));
    from.filter(|from| from.starts_with('/') && !from.starts_with("//") && !from.starts_with("/login"))
        .unwrap_or_else(|| "/board".to_owned())
}

fn reason(problem: &Problem) -> String {
    match problem.code {
        ProblemCode::Unavailable => text::OFFLINE.to_owned(),
        _ => problem.message.clone(),
    }
}
