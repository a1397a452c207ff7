//! The scope walk: room by room, what is to be done and what it costs.
//!
//! Made for one hand on a tablet: large targets, Enter adds, and the room stays for the next item.
//!
//! **Invariant:** the running total is the sum of the lines on the screen, whether they are sent or not.

mod add;
mod form;
mod item;

use crate::{
    components::{heading::Heading, resolve::ParkedUnseen},
    facts::scope::{self, Room},
    format,
    pages::turn::{name_of, with_turn},
    state::{AppState, scope_group, topics::Topic},
};
use add::AddItem;
use domain::{Cents, RowId};
use item::Item;
use leptos::prelude::*;

mod text {
    pub const TITLE: &str = "Scope of work";
    pub const BACK: &str = "Back to the turn";
    pub const EMPTY: &str = "Nothing in the scope yet";
    pub const EMPTY_HINT: &str = "Begin with the room you stand in: what has to be done, how much of it, and what one costs.";
    pub const TOTAL: &str = "Total";
}

/// See the module.
#[component]
pub fn Scope() -> impl IntoView {
    with_turn(|turn| view! { <Page turn /> }.into_any())
}

#[component]
fn Page(turn: RowId) -> impl IntoView {
    let state = AppState::of_context();
    let rooms = Memo::new(move |_| state.read([Topic::Within(scope_group(turn))], |view| scope::rooms(view, turn)));
    let names = Memo::new(move |_| rooms.with(|rooms| rooms.iter().map(|room| room.name.clone()).collect::<Vec<_>>()));
    let editing = RwSignal::new(None::<RowId>);
    let name = name_of(state, turn);
    view! {
        <div class="page scope">
            <nav aria-label="Breadcrumb"><a class="back" href=format!("/turns/{turn}")>{text::BACK}</a></nav>
            <header class="scope-head">
                <Heading title=Signal::derive(move || format!("{}: {}", text::TITLE, name.get())) />
                <Total turn />
            </header>
            <ParkedUnseen turn />
            <div class="scope-columns">
                <AddItem turn />
                <div class="rooms">
                    <For each=move || names.get() key=Clone::clone let:name>
                        <RoomPanel name rooms editing />
                    </For>
                    {move || names.with(Vec::is_empty).then(|| view! {
                        <div class="empty">
                            <h2>{text::EMPTY}</h2>
                            <p>{text::EMPTY_HINT}</p>
                        </div>
                    })}
                </div>
            </div>
        </div>
    }
}

#[component]
fn Total(turn: RowId) -> impl IntoView {
    let state = AppState::of_context();
    let totals = Memo::new(move |_| state.read([Topic::Within(scope_group(turn))], |view| scope::totals(view, turn)));
    view! {
        <p class="total" aria-live="polite">
            <span class="muted">{text::TOTAL}</span> " "
            <strong class="amount">{move || totals.get().amount.to_string()}</strong> " "
            <span class="muted">{move || {
                let totals = totals.get();
                format!("{}, {} done", format::count(totals.items, "item", "items"), totals.done)
            }}</span>
        </p>
    }
}

#[component]
fn RoomPanel(name: String, rooms: Memo<Vec<Room>>, editing: RwSignal<Option<RowId>>) -> impl IntoView {
    let wanted = name.clone();
    let room = Memo::new(move |_| rooms.with(|rooms| rooms.iter().find(|room| room.name == wanted).cloned()));
    let items = move || room.with(|room| room.as_ref().map(|room| room.items.clone()).unwrap_or_default());
    let total = move || room.with(|room| room.as_ref().map_or(Cents(0), |room| room.total)).to_string();
    view! {
        <section class="panel room">
            <header class="room-head"><h2>{name}</h2><span class="amount">{total}</span></header>
            <ul class="items">
                <For each=items key=|id| *id let:item>
                    <Item item editing />
                </For>
            </ul>
        </section>
    }
}
