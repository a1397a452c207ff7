//! One turn's card. Its whole content is one reactive scope: what touches the turn renders this card and no other.

use crate::{
    components::{mark::mark, move_menu::MoveButton, resolve::ResolveButton},
    facts::{
        card::{Card as Facts, Due, card},
        fields,
        holding::{Holder, Holding},
    },
    format,
    state::{AppState, approvals_group, scope_group, topics::Topic},
};
use domain::{RowId, Table};
use leptos::prelude::*;

mod text {
    pub const YOU: &str = "You";
    pub const MANAGER: &str = "Manager";
    pub const NOBODY: &str = "Nobody yet";
    pub const TO_APPROVE: &str = " to approve";
    pub const RENT_LOST: &str = "rent lost";
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
    let [property, vendor] = state.peek(|view| ["property_id", "vendor_id"].map(|column| view.row(Table::Turns, turn)?.row_id(column)));
    let topics = [
        Topic::Row(Table::Turns, turn),
        Topic::Within(scope_group(turn)),
        Topic::Within(approvals_group(turn)),
        Topic::Any(Table::TurnStages),
    ]
    .into_iter()
    .chain(property.map(|id| Topic::Row(Table::Properties, id)))
    .chain(vendor.map(|id| Topic::Row(Table::Vendors, id)));
    state.read(topics, |view| {
        let row = view.row(Table::Turns, turn)?;
        Some(card(view, row, me, today, state.amount(view, row)))
    })
}

fn show(turn: RowId, facts: Facts) -> impl IntoView {
    let vacancy = vacancy(&facts);
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
                <span class="vacancy">{vacancy}</span>
            </p>
            <p class="card-tags">
                {facts.due.map(due)}
                {priority(&facts.priority)}
            </p>
            <div class="card-foot">
                <span class="holder">{holder(facts.holding)}</span>
                {facts.needs_you.map(|write| view! { <ResolveButton write /> })}
                <MoveButton turn />
            </div>
        </article>
    }
}

/// `23 days vacant · $1,150 rent lost`
fn vacancy(facts: &Facts) -> Option<String> {
    let vacant = facts.days_vacant.map(format::vacancy)?;
    Some(match facts.rent_lost {
        Some(lost) => format!("{vacant} · {} {}", format::dollars(lost), text::RENT_LOST),
        None => vacant,
    })
}

/// `Apex Painting · 3 days`
fn holder(holding: Holding) -> String {
    let who = match holding.by {
        Holder::You => text::YOU.to_owned(),
        Holder::Manager => text::MANAGER.to_owned(),
        Holder::Vendor(name) => name,
        Holder::Approver(level) => format!("{}{}", level.name(), text::TO_APPROVE),
        Holder::Nobody => text::NOBODY.to_owned(),
    };
    match holding.days {
        // Broken, if anywhere, behind who it is.
        Some(days) => format!("{who} ·\u{a0}{}", format::for_days(days).replace(' ', "\u{a0}")),
        None => who,
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
