//! Where a photo's picture comes from: this device, or the server, asked again now and then while it has none.
//!
//! **Invariant:** an address that was made for this page is given back when the page does not show it any more.

use crate::state::{AppState, topics::Topic};
use domain::RowId;
use leptos::{leptos_dom::helpers::set_timeout_with_handle, prelude::*};
use std::time::Duration;
use wasm_bindgen_futures::spawn_local;

mod text {
    pub const NO_SIGNAL: &str = "Not on this device";
    pub const NOT_YET: &str = "Not here yet";
    pub const UNSHOWN: &str = "Kept, but this browser cannot show it";
}

/// The server is asked again after so long, and then half as often each time, but every minute.
const FIRST_PAUSE_S: u64 = 3;
const LONGEST_PAUSE_S: u64 = 60;

/// The picture itself, or a quiet word in its place.
#[component]
pub fn Picture(
    document: RowId,
    /// The longest edge of what the server sends.
    pixels: u32,
) -> impl IntoView {
    let state = AppState::of_context();
    let here = address_here(state, document);
    let tries = RwSignal::new(0_u32);
    let has_failed = RwSignal::new(false);
    let is_offline = Memo::new(move |_| state.status.with(|status| status.is_offline));
    let is_here = Memo::new(move |_| here.with(Option::is_some));
    Effect::new(move |_| {
        if is_here.get() {
            has_failed.set(false);
        }
    });
    // What came in vain is asked for again in its time, and when the signal is back.
    Effect::new(move |_| {
        if !has_failed.get() || is_offline.get() || is_here.get() {
            return;
        }
        let pause_s = (FIRST_PAUSE_S << tries.get_untracked().min(5)).min(LONGEST_PAUSE_S);
        let again = move || {
            tries.try_update(|tries| *tries += 1);
            has_failed.try_set(false);
        };
        if let Ok(timer) = set_timeout_with_handle(again, Duration::from_secs(pause_s)) {
            on_cleanup(move || timer.clear());
        }
    });
    let source = move || match here.get() {
        _ if has_failed.get() => None,
        Some(address) => Some(address),
        None => Some(format!("/api/documents/{document}/thumbnail?size={pixels}&try={}", tries.get())),
    };
    let instead = move || match (is_here.get(), is_offline.get()) {
        (true, _) => text::UNSHOWN,
        (false, true) => text::NO_SIGNAL,
        (false, false) => text::NOT_YET,
    };
    move || match source() {
        Some(source) => view! { <img src=source alt="" decoding="async" on:error=move |_| has_failed.set(true) /> }.into_any(),
        None => view! { <span class="photo-away">{instead}</span> }.into_any(),
    }
}

/// The address of what lies on this device, once it is there.
fn address_here(state: AppState, document: RowId) -> RwSignal<Option<String>> {
    let address = RwSignal::new(None::<String>);
    let is_here = Memo::new(move |_| {
        state.read([Topic::Photos], |_| ());
        state.device().photo(document).is_some()
    });
    let give_back = move || {
        if let Some(Some(address)) = address.try_get_untracked() {
            // Fails only for what is none.
            let _ = web_sys::Url::revoke_object_url(&address);
        }
    };
    Effect::new(move |_| {
        if !is_here.get() {
            give_back();
            address.set(None);
            return;
        }
        spawn_local(async move {
            let made = state.device().photo_address(document).await;
            give_back();
            // Nobody looks at it any more: then nobody would give it back.
            if let Some(Some(unseen)) = address.try_set(made) {
                let _ = web_sys::Url::revoke_object_url(&unseen);
            }
        });
    });
    on_cleanup(give_back);
    address
}
