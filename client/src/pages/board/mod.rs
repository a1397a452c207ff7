//! The board: every active turn as a card in its stage's column.
//!
//! Cards and columns subscribe to their own rows; this module only knows which columns there are.
//!
//! **Invariant:** one tap renders one card and two column headers anew, however many turns there are.

mod card;
mod column;
mod drag;
mod keys;

use crate::{
    components::{awaited::Awaited, heading::Heading, resolve::ParkedStarts},
    facts::{board, stages},
    format,
    state::{AppState, topics::Topic},
};
use browser::Lists;
use column::Column;
use domain::{RowId, Table};
use leptos::{html, prelude::*};
use leptos_router::hooks::use_navigate;
use std::collections::HashSet;

mod text {
    pub const TITLE: &str = "Board";
    pub const SEARCH: &str = "Search turns";
    pub const EMPTY: &str = "No turns yet";
    pub const EMPTY_HINT: &str = "When a home of yours is to be made ready, its turn appears here by itself.";
    pub const NOT_FOUND: &str = "No turn matches";
    pub const NOT_FOUND_HINT: &str = "Search by the property's name, address or number.";
    pub const CLEAR: &str = "Clear the search";
}

/// See the module.
#[component]
pub fn Board() -> impl IntoView {
    let state = AppState::of_context();
    let query = RwSignal::new(String::new());
    let found = Memo::new(move |_| find(state, &query.read()));
    let count = Memo::new(move |_| {
        found
            .with(|found| found.as_ref().map(HashSet::len))
            .unwrap_or_else(|| state.read([Topic::Any(Table::Turns)], |view| view.count(Table::Turns)))
    });
    let is_awaited = Memo::new(move |_| matches!(state.lists.get(), Lists::Awaited { .. }));
    view! {
        <div class="board-page">
            <div class="board-bar">
                <Heading title=text::TITLE.to_owned() />
                <p class="muted" aria-live="polite">{move || (state.lists.get() == Lists::Here).then(|| format::count(count.get(), "turn", "turns"))}</p>
                <input class="search" type="search" aria-label=text::SEARCH placeholder=text::SEARCH bind:value=query />
            </div>
            <Awaited />
            <ParkedStarts />
            {move || match is_awaited.get() {
                true => view! { <Skeleton /> }.into_any(),
                false => view! { <Columns found count /> <Nothing query count /> }.into_any(),
            }}
        </div>
    }
}

/// Follows the rows only while something is searched for.
fn find(state: AppState, query: &str) -> Option<HashSet<RowId>> {
    if query.trim().is_empty() {
        return None;
    }
    state.read([Topic::Any(Table::Turns), Topic::Any(Table::Properties)], |view| board::search(view, query))
}

#[component]
fn Columns(found: Memo<Option<HashSet<RowId>>>, count: Memo<usize>) -> impl IntoView {
    let state = AppState::of_context();
    let stages = Memo::new(move |_| state.read([Topic::Any(Table::TurnStages), Topic::Any(Table::Turns)], stages::stages));
    let element = NodeRef::<html::Div>::new();
    let drag = drag::Drag::new(state);
    element.on_load(move |board| drag.hold_scrolling_of(&board));
    on_cleanup(move || drag.give_up());
    let navigate = use_navigate();
    view! {
        // Without a card in it, the keyboard still has to be able to scroll it.
        <div class="board" node_ref=element tabindex=move || (count.get() == 0).then_some("0")
            on:pointerdown=move |event| drag.press(&event)
            on:pointermove=move |event| drag.move_to(&event)
            on:pointerup=move |event| drag.release(&event)
            on:pointercancel=move |_| drag.give_up()
            on:contextmenu=move |event| drag.keep_menu_away(&event)
            on:keydown=move |event| if !drag.follow_key(&event) { keys::follow(state, &event, &navigate) }
        >
            <For each=move || stages.get() key=Clone::clone let:stage>
                <Column stage found />
            </For>
        </div>
    }
}

/// What is said where there is nothing to show.
#[component]
fn Nothing(query: RwSignal<String>, count: Memo<usize>) -> impl IntoView {
    let state = AppState::of_context();
    let is_empty = Memo::new(move |_| count.get() == 0 && state.lists.get() == Lists::Here);
    move || {
        is_empty.get().then(|| match query.with(|query| query.trim().to_owned()) {
            query_text if query_text.is_empty() => view! {
                <div class="empty board-empty">
                    <h2>{text::EMPTY}</h2>
                    <p>{text::EMPTY_HINT}</p>
                </div>
            }
            .into_any(),
            query_text => view! {
                <div class="empty board-empty">
                    <h2>{text::NOT_FOUND} " “" {query_text} "”"</h2>
                    <p>{text::NOT_FOUND_HINT}</p>
                    <p><button type="button" class="button" on:click=move |_| query.set(String::new())>{text::CLEAR}</button></p>
                </div>
            }
            .into_any(),
        })
    }
}

/// Shown once in a device's life: until the first rows are here.
#[component]
fn Skeleton() -> impl IntoView {
    let cards = |many: usize| (0..many).map(|_| view! { <div class="skeleton-card"></div> }).collect_view();
    view! {
        <div class="board skeleton" aria-hidden="true">
            {[3, 2, 4, 2, 3].into_iter().map(|many| view! { <div class="column"><div class="skeleton-title"></div>{cards(many)}</div> }).collect_view()}
        </div>
    }
}
