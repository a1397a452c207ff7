//! What a page says of lists that are not all here.
//!
//! **Invariant:** what is not found is never called missing while it may still come.

use crate::{format, state::AppState};
use browser::Lists;
use leptos::prelude::*;

mod text {
    pub const FETCHING: &str = "Fetching your turns for the first time…";
    pub const NO_SIGNAL: &str = "There is no connection yet. Your turns are fetched as soon as there is one, and then stay on this device.";
    pub const RESTORED: &str =
        "The browser had cleared this device's data. Your turns are shown as they were then, perhaps not all of them, until they are fetched anew.";
}

/// One sentence; nothing once everything is here.
#[component]
pub fn Awaited() -> impl IntoView {
    let state = AppState::of_context();
    let is_offline = Memo::new(move |_| state.status.with(|status| status.is_offline));
    let sentence = Memo::new(move |_| match state.lists.get() {
        Lists::Awaited { .. } if is_offline.get() => Some(text::NO_SIGNAL),
        Lists::Awaited { .. } => Some(text::FETCHING),
        Lists::Restored => Some(text::RESTORED),
        Lists::Here => None,
    });
    // Seen, and not read out at every page that comes.
    let so_far = move || match state.lists.get() {
        Lists::Awaited { rows_so_far } if rows_so_far > 0 => Some(format!(" {} so far.", format::count(rows_so_far, "row", "rows"))),
        _ => None,
    };
    move || {
        sentence.get().map(|sentence| {
            view! {
                <p class="fetching muted"><span role="status">{sentence}</span><span aria-hidden="true">{so_far}</span></p>
            }
        })
    }
}
