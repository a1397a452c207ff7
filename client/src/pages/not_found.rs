//! An address that leads nowhere.

use crate::components::heading::Heading;
use leptos::prelude::*;

mod text {
    pub const TITLE: &str = "This page does not exist";
    pub const HINT: &str = "The address may be mistyped, or what it led to has moved.";
    pub const BACK: &str = "Back to the board";
}

/// See the module.
#[component]
pub fn NotFound() -> impl IntoView {
    view! { <Nowhere title=text::TITLE hint=text::HINT /> }
}

/// A friendly dead end with a way out.
#[component]
pub fn Nowhere(
    /// What is not there.
    title: &'static str,
    /// Why that may be.
    hint: &'static str,
) -> impl IntoView {
    view! {
        <div class="page narrow empty">
            <Heading title=title.to_owned() />
            <p>{hint}</p>
            <p><a class="button primary" href="/board">{text::BACK}</a></p>
        </div>
    }
}
