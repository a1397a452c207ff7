//! **Take photo**: the camera where the device has one, or files that are there already.
//!
//! **Invariant:** a photo that is not kept is told, with the reason, and the others are kept all the same.

use crate::{facts::fields, state::AppState};
use browser::PhotoError;
use domain::{Operation, RowId, Table};
use leptos::{html, prelude::*};
use wasm_bindgen_futures::spawn_local;
use web_sys::File;

mod text {
    pub const TAKE: &str = "Take photo";
    pub const CHOOSE: &str = "Choose photos";
    pub const CHOOSE_SHORT: &str = "Choose";
    pub const KEEPING: &str = "Keeping…";
}

/// See the module. Nothing for those who may add none.
#[component]
pub fn TakePhotos(
    /// What the photos are of.
    of: (Table, RowId),
    /// `scope_photo`, `before`, `after`
    kind: &'static str,
    /// The same in words, for who does not see where the buttons stand.
    #[prop(into)]
    subject: String,
) -> impl IntoView {
    let state = AppState::of_context();
    let may_add = state
        .user
        .with_untracked(|user| user.as_ref().is_some_and(|user| user.role.may(Operation::Create, Table::Documents)));
    let is_busy = RwSignal::new(false);
    let (camera, files) = (NodeRef::<html::Input>::new(), NodeRef::<html::Input>::new());
    let keep = move |input: NodeRef<html::Input>| {
        let chosen = input.get_untracked().map(|input| chosen(&input)).unwrap_or_default();
        is_busy.set(true);
        spawn_local(async move {
            for file in chosen {
                if let Err(error) = state.device().take_photo(of, kind, &file).await {
                    state.toasts.warn(in_words(&error));
                }
            }
            // The page may be another one by now.
            is_busy.try_set(false);
        });
    };
    let ask = |input: NodeRef<html::Input>| input.get_untracked().into_iter().for_each(|input| input.click());
    let take = move || if is_busy.get() { text::KEEPING } else { text::TAKE };
    may_add.then(|| {
        view! {
            <input type="file" accept="image/*" capture="environment" multiple hidden node_ref=camera on:change=move |_| keep(camera) />
            <input type="file" accept="image/*" multiple hidden node_ref=files on:change=move |_| keep(files) />
            <button type="button" class="button quiet" aria-label=format!("{}: {subject}", text::TAKE) disabled=is_busy on:click=move |_| ask(camera)>{take}</button>
            <button type="button" class="button quiet choose" aria-label=format!("{}: {subject}", text::CHOOSE) disabled=is_busy on:click=move |_| ask(files)>{text::CHOOSE_SHORT}</button>
        }
        .into_any()
    })
}

/// Takes the files out of the field, so that the same one can be chosen again.
fn chosen(input: &web_sys::HtmlInputElement) -> Vec<File> {
    let Some(list) = input.files() else { return Vec::new() };
    let files = (0..list.length()).filter_map(|index| list.get(index)).collect();
    input.set_value("");
    files
}

fn in_words(error: &PhotoError) -> String {
    match error {
        PhotoError::Refused(refusal) => fields::refusal_text(refusal),
        other => format!("{}.", fields::capital(&other.to_string())),
    }
}
