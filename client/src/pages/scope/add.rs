//! Adding an item: always at hand, because that is what a walk consists of.

use super::form::{Draft, Fields};
use crate::{dom, facts::scope, state::AppState};
use domain::{RowId, Table};
use leptos::prelude::*;
use serde_json::Value as Json;
use web_sys::SubmitEvent;

mod text {
    pub const ADD: &str = "Add item";
    pub const TITLE: &str = "New item";
}

/// See the module.
#[component]
pub fn AddItem(turn: RowId) -> impl IntoView {
    let state = AppState::of_context();
    let draft = Draft::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        add(state, turn, draft);
    };
    view! {
        <form class="panel add-item" on:submit=submit novalidate aria-label=text::TITLE>
            <h2>{text::TITLE}</h2>
            <Fields draft id_prefix="new".to_owned() suggest_from=turn />
            <button class="button primary large">{text::ADD}</button>
        </form>
    }
}

fn add(state: AppState, turn: RowId, draft: Draft) {
    let mut data = draft.data();
    // Empty quantity, unit or cost means the usual; the rule's default says which.
    data.retain(|_, value| !value.is_null());
    data.insert("turn_id".to_owned(), Json::String(turn.to_string()));
    data.insert("position".to_owned(), state.peek(|view| scope::next_position(view, turn)).into());
    match state.create(Table::ScopeItems, data) {
        Ok(_) => {
            draft.begin_next();
            dom::focus_soon("#new-category".to_owned());
        }
        Err(refusal) => {
            draft.refuse(&refusal);
            dom::focus_soon(".add-item [aria-invalid]".to_owned());
        }
    }
}
