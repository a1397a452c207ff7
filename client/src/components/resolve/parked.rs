//! What was refused, where it was done: beside the field, the stage or the line that it is about.
//!
//! **Invariant:** whatever of a row needs its user says so where the row is edited, with the way to decide about it.

use super::ResolveButton;
use crate::{
    facts::writes,
    state::{AppState, topics::Topic},
};
use domain::{RowId, Table, WriteId};
use leptos::prelude::*;
use sync::OutboxRecord;

const NEEDS_YOU: &str = "Your change needs you";
const UNSEEN: &str = "Changes that need you";

/// A refused change of one value.
#[component]
pub fn Parked(
    /// Which table.
    table: Table,
    /// Which row.
    row: RowId,
    /// Which column.
    column: &'static str,
) -> impl IntoView {
    let state = AppState::of_context();
    let parked = Memo::new(move |_| {
        state.read([Topic::Row(table, row)], |view| {
            let mut writes = view.unsettled_writes(table, row);
            let write = writes.find(|record| record.state.needs_user() && record.changes.get(column).is_some_and(|change| !change.predicted))?;
            Some((write.write_id, writes::shown_value(view, table, column, &write.changes[column].to)))
        })
    });
    move || parked.get().map(|(write, mine)| line(write, Some(mine.clone()), mine))
}

/// Every refused change of a row, as a sentence.
#[component]
pub fn ParkedWrites(
    /// Which table.
    table: Table,
    /// Which row.
    row: RowId,
) -> impl IntoView {
    let state = AppState::of_context();
    let parked = Memo::new(move |_| {
        state.read([Topic::Row(table, row)], |view| {
            let writes = view.unsettled_writes(table, row).filter(|record| record.state.needs_user());
            writes.map(|record| (record.write_id, writes::sentence(view, record))).collect::<Vec<_>>()
        })
    });
    // It stands at what it is about: one word is enough for who sees it.
    move || parked.get().into_iter().map(|(write, sentence)| line(write, None, sentence)).collect_view()
}

/// Refused changes of a turn to what is not shown in its scope: a new line, a deleted one, a document. Nothing where there are none.
#[component]
pub fn ParkedUnseen(
    /// Which turn.
    turn: RowId,
) -> impl IntoView {
    let state = AppState::of_context();
    let parked = Memo::new(move |_| {
        state.read([Topic::Row(Table::Turns, turn)], |view| {
            let is_unseen = |record: &&OutboxRecord| record.state.needs_user() && view.row(record.table, record.row_id).is_none();
            let unseen = view.writes_about(turn).into_iter().filter(is_unseen);
            unseen.map(|record| (record.write_id, writes::sentence(view, record))).collect::<Vec<_>>()
        })
    });
    move || {
        let parked = parked.get();
        (!parked.is_empty()).then(|| {
            view! {
                <section class="panel parked-list" data-tone="needs-you" aria-label=UNSEEN>
                    {parked.into_iter().map(|(write, sentence)| line(write, Some(sentence.clone()), sentence)).collect_view()}
                </section>
            }
        })
    }
}

/// Refused beginnings of turns: there is no card for them. Nothing where there are none.
#[component]
pub fn ParkedStarts() -> impl IntoView {
    let state = AppState::of_context();
    let parked = Memo::new(move |_| state.read([Topic::Writes], writes::refused_starts));
    move || {
        let parked = parked.get();
        (!parked.is_empty()).then(|| {
            view! { <section class="parked-starts parked-list" aria-label=UNSEEN>{parked.into_iter().map(|(write, sentence)| line(write, Some(sentence.clone()), sentence)).collect_view()}</section> }
        })
    }
}

fn line(write: WriteId, what: Option<String>, about: String) -> impl IntoView {
    let said = what.map_or_else(|| format!("{NEEDS_YOU}."), |what| format!("{NEEDS_YOU}: {what}"));
    view! { <p class="parked" data-tone="needs-you"><span>{said}</span> <ResolveButton write about /></p> }
}
