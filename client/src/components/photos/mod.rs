//! The photos that lie with a turn or a scope item: shown at once, each with how far it is on its way.
//!
//! **Invariant:** what lies on this device is shown from this device; the server is asked only for what others have taken.

mod large;
mod picture;
mod take;
mod thumb;

use crate::{
    facts::photos,
    state::{AppState, documents_group, topics::Topic},
};
use domain::RowId;
use large::Large;
use leptos::prelude::*;
use thumb::Thumb;

pub use large::PhotoActions;
pub use take::TakePhotos;

mod text {
    pub const PHOTOS: &str = "Photos";
}

/// The photos of one kind; nothing where there are none.
#[component]
pub fn Photos(
    /// What they are of.
    of: RowId,
    /// `scope_photo`, `before`, `after`
    kind: &'static str,
) -> impl IntoView {
    let state = AppState::of_context();
    let ids = Memo::new(move |_| state.read([Topic::Within(documents_group(of))], |view| photos::of(view, of, kind)));
    let is_empty = Memo::new(move |_| ids.with(Vec::is_empty));
    let open = RwSignal::new(None::<RowId>);
    let close = move |()| open.set(None);
    move || {
        (!is_empty.get()).then(|| {
            view! {
                <ul class="photos" aria-label=text::PHOTOS>
                    <For each=move || ids.get() key=|id| *id let:document>
                        <li><Thumb document open /></li>
                    </For>
                </ul>
                {move || open.get().map(|document| view! { <Large document on_close=close /> })}
            }
            .into_any()
        })
    }
}
