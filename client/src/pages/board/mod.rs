//! The board: every active turn as a card in its stage's column.
//!
//! Cards and columns subscribe to their own rows; this module only knows which columns there are.
//!
//! **Invariant:** one tap renders one card and two column headers anew, however many turns there are.

mod card;
mod column;
mod drag;
mod filters;
mod keys;

use crate::{
    components::{awaited::Awaited, heading::Heading, resolve::ParkedStarts},
    facts::{stages, wanted::Wanted},
    format,
    state::{AppState, topics::Topic},
};
use browser::Lists;
use column::Column;
use domain::{RowId, Table};
use filters::Filters;
use leptos::{html, prelude::*};
use leptos_router::hooks::use_navigate;
use std::collections::HashSet;

mod text {
    pub const TITLE: &str = "Board";
    pub const EMPTY: &str = "No turns yet";
    pub const EMPTY_HINT: &str = "When a home of yours is to be made ready, its turn appears here by itself.";
    pub const NOT_FOUND: &str = "No turn matches";
    pub const NOT_FOUND_HINT: &str = "Search by the property's name, address or number, or ask for less at once.";
    pub const SHOW_ALL: &str = "Show all turns";
}

/// See the module.
#[component]
pub fn Board() -> impl IntoView {
    let state = AppState::of_context();
    let wanted = state.wanted();
    let found = Memo::new(move |_| find(state, &wanted.read()));
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
                <Filters />
            </div>
            <Awaited />
            <ParkedStarts />
            {move || match is_awaited.get() {
                true => view! { <Skeleton /> }.into_any(),
                false => view! { <Columns found count /> <Nothing count /> }.into_any(),
            }}
        </div>
    }
}

/// Follows the rows only while not all are wanted.
fn find(state: AppState, wanted: &Wanted) -> Option<HashSet<RowId>> {
    if wanted.is_everything() {
        return None;
    }
    let me = state.user.with(|user| user.as_ref().map(|user| user.id));
    let today = state.today.get();
    state.read([Topic::Any(Table::Turns), Topic::Any(Table::Properties)], |view| wanted.find(view, me, today))
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
fn Nothing(count: Memo<usize>) -> impl IntoView {
    let state = AppState::of_context();
    let is_empty = Memo::new(move |_| count.get() == 0 && state.lists.get() == Lists::Here);
    let wanted = state.wanted();
    let wants_everything = Memo::new(move |_| wanted.with(Wanted::is_everything));
    move || {
        is_empty.get().then(|| match wants_everything.get() {
            true => view! {
                <div class="empty board-empty">
                    <h2>{text::EMPTY}</h2>
                    <p>{text::EMPTY_HINT}</p>
                </div>
            }
            .into_any(),
            false => view! {
                <div class="empty board-empty">
                    <h2>{text::NOT_FOUND}{move || wanted.with(|wanted| quoted(&wanted.words))}</h2>
                    <p>{text::NOT_FOUND_HINT}</p>
                    <p><button type="button" class="button" on:click=move |_| wanted.set(Wanted::default())>{text::SHOW_ALL}</button></p>
                </div>
            }
            .into_any(),
        })
    }
}

fn quoted(words: &str) -> Option<String> {
    let words = words.trim();
    (!words.is_empty()).then(|| format!(" “{words}”"))
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
