//! A form that waits for the server's answer: busy meanwhile, and with the reason under its fields when it is refused.
//!
//! **Invariant:** one request at a time, however often the button is pressed.

use leptos::prelude::*;
use protocol::{Problem, ProblemCode};
use std::future::Future;
use wasm_bindgen_futures::spawn_local;

/// See the module.
#[derive(Clone, Copy)]
pub struct Submission {
    is_busy: RwSignal<bool>,
    problem: RwSignal<Option<String>>,
    /// What is said where there is no connection.
    offline: &'static str,
}

impl Submission {
    /// Nothing is asked yet.
    pub fn new(offline: &'static str) -> Self {
        Self {
            is_busy: RwSignal::new(false),
            problem: RwSignal::new(None),
            offline,
        }
    }

    /// Tells what is wrong before anything is asked.
    pub fn refuse(self, reason: &str) {
        self.problem.set(Some(reason.to_owned()));
    }

    /// Asks; `then` runs when the answer is good.
    pub fn send<T>(self, ask: impl Future<Output = Result<T, Problem>> + 'static, then: impl FnOnce() + 'static) {
        if self.is_busy.get_untracked() {
            return;
        }
        self.is_busy.set(true);
        self.problem.set(None);
        spawn_local(async move {
            let answer = ask.await;
            self.is_busy.set(false);
            match answer {
                Ok(_) => then(),
                Err(problem) => self.problem.set(Some(self.reason(problem))),
            }
        });
    }

    fn reason(self, problem: Problem) -> String {
        match problem.code {
            ProblemCode::Unavailable => self.offline.to_owned(),
            _ => problem.message,
        }
    }
}

/// The reason of a refusal, and the button.
#[component]
pub fn Submit(
    /// Whose.
    submission: Submission,
    /// On the button.
    label: &'static str,
    /// On the button while the answer is awaited.
    busy: &'static str,
) -> impl IntoView {
    let Submission { is_busy, problem, .. } = submission;
    view! {
        {move || problem.get().map(|problem| view! { <p class="problem boxed" role="alert">{problem}</p> })}
        <button class="button primary large" disabled=move || is_busy.get() aria-busy=move || is_busy.get().then_some("true")>
            {move || if is_busy.get() { busy } else { label }}
        </button>
    }
}
