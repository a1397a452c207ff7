//! The small dot that says that something has not reached the server.

use leptos::prelude::*;
use sync::view::Mark;

/// A dot, or nothing where everything is saved.
pub fn mark(mark: Mark) -> Option<impl IntoView> {
    let (tone, text) = match mark {
        Mark::Saved => return None,
        Mark::Held => ("waiting", "With a supervisor"),
        Mark::Waiting => ("waiting", "Not sent yet"),
        Mark::NeedsYou => ("needs-you", "Needs you"),
    };
    Some(view! {
        <span class="mark" data-tone=tone title=text>
            <span class="visually-hidden">{text}</span>
        </span>
    })
}
