//! One turn's card. Its whole content is one reactive scope: what touches the turn renders this card and no other.

use crate::{
    components::{mark::mark, move_menu::MoveButton, resolve::ResolveButton},
    facts::{
        card::{Card as Facts, Due, Holder, card},
        fields,
    },
    format,
    state::{AppState, scope_group, topics::Topic},
};
use domain::{RowId, Table};
use leptos::prelude::*;

mod text {
    pub const YOU: &str = "You";
    pub const MANAGER: &str = "Property manager";
    pub const NOBODY: &str = "Nobody yet";
    pub const NO_AMOUNT: &str = "No amount yet";
    pub const PRIORITY: &str = " priority";
    pub const DUE: &str = "Due";
    pub const OVERDUE: &str = "Overdue since";
}

/// See the module.
#[component]
pub fn Card(turn: RowId) -> impl IntoView {
    let state = AppState::of_context();
    // None between the moment that a turn leaves the column and the one that the column follows.
    move || read(state, turn).map(|facts| show(turn, facts))
}

fn read(state: AppState, turn: RowId) -> Option<Facts> {
    let today = state.today.get();
    let me = state.user.with(|user| user.as_ref().map(|user| user.id));
    let property = state.peek(|view| view.row(Table::Turns, turn).and_then(|turn| turn.row_id("property_id")));
    let topics = [Topic::Row(Table::Turns, turn), Topic::Within(scope_group(turn))]
        .into_iter()
        .chain(property.map(|id| Topic::Row(Table::Properties, id)));
    state.read(topics, |view| {
        let row = view.row(Table::Turns, turn)?;
        Some(card(view, row, me, today, state.amount(view, row)))
    })
}

fn show(turn: RowId, facts: Facts) -> impl IntoView {
    let holder = match facts.holder {
        Holder::You => text::YOU,
        Holder::Manager => text::MANAGER,
        Holder::Nobody => text::NOBODY,
    };
    let amount = facts.amount.map_or_else(|| text::NO_AMOUNT.to_owned(), |amount| amount.to_string());
    view! {
        <article class="card" data-turn=turn.to_string() aria-label=facts.name tabindex="-1" aria-keyshortcuts="m">
            <h3 class="card-name">
                <a href=format!("/turns/{turn}") draggable="false">{facts.name.clone()}</a>
                {mark(facts.mark)}
            </h3>
            <p class="card-address">{facts.address}</p>
            <p class="card-numbers">
                <span class="amount" class:muted=facts.amount.is_none()>{amount}</span>
                <span class="vacancy">{facts.days_vacant.map(format::vacancy)}</span>
            </p>
            <p class="card-tags">
                {facts.due.map(due)}
                {priority(&facts.priority)}
            </p>
            <div class="card-foot">
                <span class="holder">{holder}</span>
                {facts.needs_you.map(|write| view! { <ResolveButton write /> })}
                <MoveButton turn />
            </div>
        </article>
    }
}

fn due(due: Due) -> impl IntoView {
    let word = if due.is_overdue { text::OVERDUE } else { text::DUE };
    view! { <span class="tag" data-tone=due.is_overdue.then_some("needs-you")>{word} " " {format::day(due.on)}</span> }
}

/// Medium is what everything is, so it is not worth a word.
fn priority(priority: &str) -> Option<impl IntoView + use<>> {
    let tone = match priority {
        "urgent" => Some("needs-you"),
        "high" => Some("waiting"),
        "medium" => return None,
        _ => None,
    };
    Some(view! { <span class="tag" data-tone=tone>{fields::capital(priority)}<span class="visually-hidden">{text::PRIORITY}</span></span> })
}
