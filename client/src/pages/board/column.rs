//! One stage's column: its name, how many turns, what they cost, and their cards.

use super::card::Card;
use crate::{
    dom,
    facts::{board, stages::Stage},
    format,
    state::{AppState, column_group, topics::Topic},
};
use domain::{Cents, RowId, Table};
use leptos::prelude::*;
use std::collections::HashSet;

mod text {
    pub const EMPTY: &str = "No turn here";
    pub const SHOW_MORE: &str = "Show more";
}

/// So many cards at first, and as many more whenever the last ones come near: a screen holds six, and each card
/// that is there costs a little of every frame.
const STEP: usize = 40;
/// How near the end, in CSS pixels.
const NEAR_END: i32 = 1_200;

/// See the module.
#[component]
pub fn Column(stage: Stage, found: Memo<Option<HashSet<RowId>>>) -> impl IntoView {
    let state = AppState::of_context();
    let id = stage.id;
    let topic = move || [Topic::Within(column_group(id))];
    let turns = Memo::new(move |_| found.with(|found| state.read(topic(), |view| board::column(view, id, found.as_ref()))));
    let total = Memo::new(move |_| turns.with(|turns| state.read(topic(), |view| sum(state, view, turns))));
    let limit = RwSignal::new(STEP);
    // Whoever moves a turn wants to see where it went.
    let reach = Memo::new(move |_| limit.get().max(turns.with(|turns| place_of(state.last_moved.get(), turns))));
    let shown = Memo::new(move |_| turns.with(|turns| turns.iter().copied().take(reach.get()).collect::<Vec<_>>()));
    let is_empty = Memo::new(move |_| turns.with(Vec::is_empty));
    let hidden = Memo::new(move |_| turns.with(Vec::len).saturating_sub(reach.get()));
    let follow_scroll = move |event: web_sys::Event| {
        if hidden.get_untracked() > 0 && is_near_end(&event) {
            show_more(limit);
        }
    };
    view! {
        <section class="column" role="region" aria-label=stage.name data-stage=id.to_string() style=("--stage", stage.color)>
            <header class="column-head">
                <h2><span class="stage-dot"></span>{stage.name.clone()}</h2>
                <p class="column-sum">
                    <span class="count">{move || turns.with(|turns| format::count(turns.len(), "turn", "turns"))}</span>
                    <span class="amount">{move || total.get().to_string()}</span>
                </p>
            </header>
            <div class="cards" on:scroll=follow_scroll>
                <For each=move || shown.get() key=|id| *id let:turn>
                    <Card turn />
                </For>
                {move || (hidden.get() > 0).then(|| view! {
                    <button type="button" class="button" on:click=move |_| show_more(limit)>
                        {text::SHOW_MORE} " (" {hidden} ")"
                    </button>
                })}
                {move || is_empty.get().then(|| view! { <p class="column-empty">{text::EMPTY}</p> })}
            </div>
        </section>
    }
}

fn show_more(limit: RwSignal<usize>) {
    limit.update(|limit| *limit += STEP);
}

fn is_near_end(event: &web_sys::Event) -> bool {
    dom::closest(event, ".cards").is_some_and(|cards| cards.scroll_height() - cards.scroll_top() - cards.client_height() < NEAR_END)
}

/// The place of a turn in the column, counted from one.
fn place_of(turn: Option<RowId>, turns: &[RowId]) -> usize {
    turns.iter().position(|id| Some(*id) == turn).map_or(0, |at| at + 1)
}

fn sum(state: AppState, view: &sync::LocalView, turns: &[RowId]) -> Cents {
    turns
        .iter()
        .filter_map(|turn| view.row(Table::Turns, *turn))
        .filter_map(|turn| state.amount(view, turn))
        .sum()
}
