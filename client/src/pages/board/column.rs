//! One stage's column: its name, how many turns, what they cost, and their cards.

use super::card::Card;
use crate::{
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

/// So many cards at first, and with every “Show more”: a screen holds a dozen, a person scrolls through some hundreds.
const STEP: usize = 300;

/// See the module.
#[component]
pub fn Column(stage: Stage, found: Memo<Option<HashSet<RowId>>>) -> impl IntoView {
    let state = AppState::of_context();
    let id = stage.id;
    let topic = move || [Topic::Within(column_group(id))];
    let turns = Memo::new(move |_| found.with(|found| state.read(topic(), |view| board::column(view, id, found.as_ref()))));
    let total = Memo::new(move |_| turns.with(|turns| state.read(topic(), |view| sum(state, view, turns))));
    let limit = RwSignal::new(STEP);
    let shown = Memo::new(move |_| turns.with(|turns| turns.iter().copied().take(limit.get()).collect::<Vec<_>>()));
    let is_empty = Memo::new(move |_| turns.with(Vec::is_empty));
    let hidden = Memo::new(move |_| turns.with(Vec::len).saturating_sub(limit.get()));
    view! {
        <section class="column" role="region" aria-label=stage.name data-stage=id.to_string() style=("--stage", stage.color)>
            <header class="column-head">
                <h2><span class="stage-dot"></span>{stage.name.clone()}</h2>
                <p class="column-sum">
                    <span class="count">{move || turns.with(|turns| format::count(turns.len(), "turn", "turns"))}</span>
                    <span class="amount">{move || total.get().to_string()}</span>
                </p>
            </header>
            <div class="cards">
                <For each=move || shown.get() key=|id| *id let:turn>
                    <Card turn />
                </For>
                {move || (hidden.get() > 0).then(|| view! {
                    <button type="button" class="button" on:click=move |_| limit.update(|limit| *limit += STEP)>
                        {text::SHOW_MORE} " (" {hidden} ")"
                    </button>
                })}
                {move || is_empty.get().then(|| view! { <p class="column-empty">{text::EMPTY}</p> })}
            </div>
        </section>
    }
}

fn sum(state: AppState, view: &sync::LocalView, turns: &[RowId]) -> Cents {
    turns
        .iter()
        .filter_map(|turn| view.row(Table::Turns, *turn))
        .filter_map(|turn| state.amount(view, turn))
        .sum()
}
