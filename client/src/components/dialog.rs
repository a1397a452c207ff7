//! A question that has to be answered before anything else.
//!
//! The browser's own modal dialog: it keeps the focus inside, closes with Escape and gives the focus back. One may open another, so each says
//! its own name.

use leptos::{html, prelude::*};

/// See the module. The answers are its children.
#[component]
pub fn Dialog(
    /// The question.
    #[prop(into)]
    title: Signal<String>,
    /// It was closed without an answer.
    #[prop(into)]
    on_close: Callback<()>,
    children: Children,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    dialog.on_load(|dialog| {
        // Fails only where the dialog is open already.
        request_animation_frame(move || drop(dialog.show_modal()));
    });
    view! {
        <dialog class="dialog" node_ref=dialog aria-label=move || title.get() on:close=move |_| on_close.run(())>
            <h2>{move || title.get()}</h2>
            {children()}
        </dialog>
    }
}
