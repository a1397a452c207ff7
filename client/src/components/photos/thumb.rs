//! One photo, small: the picture, a mark while it waits, and how much of it has arrived.

use super::picture::Picture;
use crate::{
    components::mark::mark,
    facts::photos::{self, Standing},
    state::{AppState, topics::Topic},
};
use domain::{RowId, Table};
use leptos::prelude::*;
use sync::view::Mark;

mod text {
    pub const PHOTO: &str = "Photo";
    pub const SENT: &str = "Sent";
}

/// How a photo stands, followed.
pub fn standing_of(state: AppState, document: RowId) -> Memo<Standing> {
    Memo::new(move |_| {
        let photo = state.device().photo(document);
        state.read([Topic::Photos, Topic::Row(Table::Documents, document)], |view| {
            photos::standing(photo.as_ref(), view.mark(Table::Documents, document))
        })
    })
}

/// See the module. A tap shows it large.
#[component]
pub fn Thumb(document: RowId, open: RwSignal<Option<RowId>>) -> impl IntoView {
    let state = AppState::of_context();
    let standing = standing_of(state, document);
    let name = state.peek(|view| {
        let row = view.row(Table::Documents, document);
        row.and_then(|row| row.text("file_name")).unwrap_or_default().to_owned()
    });
    let label = move || format!("{} {name}, {}", text::PHOTO, standing.get().in_words());
    let state_mark = move || match standing.get() {
        Standing::Saved => None,
        Standing::Waiting | Standing::Sending(_) => mark(Mark::Waiting),
        Standing::NeedsYou => mark(Mark::NeedsYou),
    };
    let progress = move || match standing.get() {
        Standing::Sending(percent) => Some(view! { <progress max="100" value=percent.to_string() aria-label=text::SENT></progress> }),
        _ => None,
    };
    view! {
        <button type="button" class="photo" aria-label=label on:click=move |_| open.set(Some(document))>
            <Picture document pixels=480 />
            {state_mark}
            {progress}
        </button>
    }
}
