//! One photo, large, with how it stands and what can be done about it.

use super::{picture::Picture, thumb::standing_of};
use crate::{
    components::dialog::Dialog,
    facts::{fields, photos},
    state::{AppState, topics::Topic},
};
use domain::{RowId, Table};
use leptos::prelude::*;
use sync::{Photo, PhotoState};
use wasm_bindgen_futures::spawn_local;

mod text {
    pub const CLOSE: &str = "Close";
    pub const REMOVE: &str = "Remove photo";
    pub const AGAIN: &str = "Try again";
}

/// See the module.
#[component]
pub fn Large(document: RowId, #[prop(into)] on_close: Callback<()>) -> impl IntoView {
    let state = AppState::of_context();
    let name = state.peek(|view| {
        let row = view.row(Table::Documents, document);
        row.and_then(|row| row.text("file_name")).unwrap_or_default().to_owned()
    });
    let standing = standing_of(state, document);
    // Whoever removes it has seen it.
    Effect::new(move |_| {
        if state.row(Table::Documents, document, |row| row.is_none()) {
            on_close.run(());
        }
    });
    let reason = move || {
        photo_here(state, document)
            .as_ref()
            .and_then(photos::reason)
            .map(|reason| view! { <p class="reason">{reason}</p> })
    };
    view! {
        <Dialog title=name on_close>
            <div class="photo-large"><Picture document pixels=1280 /></div>
            <p><span class="tag" data-tone=move || standing.get().tone()>{move || fields::capital(&standing.get().in_words())}</span></p>
            {reason}
            <div class="actions">
                <PhotoActions document />
                <form method="dialog"><button class="button primary" autofocus>{text::CLOSE}</button></form>
            </div>
        </Dialog>
    }
}

/// What can be done about a photo that the server does not have.
#[component]
pub fn PhotoActions(document: RowId) -> impl IntoView {
    let state = AppState::of_context();
    let remove = move |_| {
        spawn_local(async move {
            if let Err(refusal) = state.device().remove_photo(document).await {
                state.toasts.warn(fields::refusal_text(&refusal));
            }
        });
    };
    let again = move |_| spawn_local(async move { state.device().send_photo_again(document).await });
    move || {
        let photo = photo_here(state, document).filter(Photo::is_unsent)?;
        let may_go_again = photo.state == PhotoState::Refused;
        Some(view! {
            {may_go_again.then(|| view! { <button type="button" class="button" on:click=again>{text::AGAIN}</button> })}
            <button type="button" class="button danger" on:click=remove>{text::REMOVE}</button>
        })
    }
}

fn photo_here(state: AppState, document: RowId) -> Option<Photo> {
    state.read([Topic::Photos], |_| ());
    state.device().photo(document)
}
