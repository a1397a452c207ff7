//! Shows the short messages of [`crate::state::toasts`].

use crate::state::AppState;
use leptos::prelude::*;

mod text {
    pub const UNDO: &str = "Undo";
    pub const DISMISS: &str = "Dismiss";
}

/// Good news in a region that is always there, so that they are read out; a refusal as an alert of its own.
#[component]
pub fn Toaster() -> impl IntoView {
    let state = AppState::of_context();
    view! {
        <div class="toaster">
            <div role="status" aria-label="Messages">
                {move || state.toasts.polite().map(|toast| view! {
                    <div class="toast">
                        <p>{toast.text}</p>
                        {toast.undo.map(|undo| view! {
                            <button type="button" class="button toast-action" on:click=move |_| state.undo(undo.clone())>{text::UNDO}</button>
                        })}
                    </div>
                })}
            </div>
            {move || state.toasts.alert().map(|toast| view! {
                <div class="toast" data-tone="needs-you" role="alert">
                    <p>{toast.text}</p>
                    <button type="button" class="button toast-action" on:click=move |_| state.toasts.clear()>{text::DISMISS}</button>
                </div>
            })}
        </div>
    }
}
