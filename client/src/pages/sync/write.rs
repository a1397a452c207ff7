//! One write: what its author did, how it stands, what can be done.
//!
//! **Invariant:** an amended write is shown in its place, with its details open where they were.

use crate::{
    components::resolve::ResolveButton,
    dom,
    facts::writes::{self, ChangedColumn},
    format,
    state::{AppState, topics::Topic},
};
use domain::{RowId, Table, WriteId};
use leptos::prelude::*;
use sync::{OutboxRecord, WriteState, outbox::resolve::may_discard};

mod text {
    pub const DISCARD: &str = "Discard";
    pub const DETAILS: &str = "Details";
    pub const COLUMN: &str = "What";
    pub const FROM: &str = "Was";
    pub const YOURS: &str = "Yours";
    pub const SERVER: &str = "Server has";
    pub const TURN: &str = "Open the turn";
    pub const NEXT: &str = "Next attempt";
}

/// A write as it is read.
#[derive(Clone, PartialEq)]
struct Facts {
    sentence: String,
    state: WriteState,
    reason: Option<String>,
    columns: Vec<ChangedColumn>,
    turn: Option<RowId>,
    can_be_discarded: bool,
    record: OutboxRecord,
}

/// See the module.
#[component]
pub fn Write(write: WriteId, discarding: RwSignal<Option<WriteId>>) -> impl IntoView {
    let state = AppState::of_context();
    let Some(first) = state.peek(|view| read(view, write)) else {
        return ().into_any();
    };
    let topic = Topic::Row(first.record.table, first.record.row_id);
    let facts = Memo::new(move |before: Option<&Facts>| {
        // Over: its place goes in a moment.
        let now = state.read([topic.clone(), Topic::Any(Table::Properties)], |view| read(view, write));
        now.unwrap_or_else(|| before.unwrap_or(&first).clone())
    });
    let record = Memo::new(move |_| facts.with(|facts| facts.record.clone()));
    let standing = Memo::new(move |_| facts.with(|facts| facts.state));
    let sentence = move || facts.with(|facts| facts.sentence.clone());
    let columns = Memo::new(move |_| facts.with(|facts| facts.columns.clone()));
    let turn = Memo::new(move |_| facts.with(|facts| facts.turn));
    let can_be_discarded = Memo::new(move |_| facts.with(|facts| facts.can_be_discarded));
    let needs_user = Memo::new(move |_| standing.get().needs_user());
    view! {
        <article class="panel write" aria-label=sentence data-tone=move || tone(standing.get())>
            <header class="write-head">
                <h3>{sentence}</h3>
                <span class="tag" data-tone=move || tone(standing.get())>{move || writes::state_label(standing.get())}</span>
            </header>
            {move || facts.with(|facts| facts.reason.clone()).map(|reason| view! { <p class="reason">{reason}</p> })}
            {move || view! { <Columns columns=columns.get() wanted_by=text::YOURS /> }}
            <Details record />
            <div class="actions">
                {move || needs_user.get().then(|| view! { <ResolveButton write /> })}
                {move || can_be_discarded.get().then(|| view! {
                    <button type="button" class="button danger" on:click=move |_| discarding.set(Some(write))>{text::DISCARD}</button>
                })}
                {move || turn.get().map(|turn| view! { <a class="button quiet" href=format!("/turns/{turn}")>{text::TURN}</a> })}
            </div>
        </article>
    }
    .into_any()
}

fn read(view: &sync::LocalView, write: WriteId) -> Option<Facts> {
    let record = view.write(write)?;
    Some(Facts {
        sentence: writes::sentence(view, record),
        state: record.state,
        reason: writes::reason(record),
        columns: writes::changed_columns(view, record),
        turn: view.turn_of(write),
        can_be_discarded: may_discard(record),
        record: record.clone(),
    })
}

/// The colour of a state.
pub fn tone(state: WriteState) -> &'static str {
    match state {
        WriteState::Rejected | WriteState::Blocked => "needs-you",
        WriteState::Pending | WriteState::Sending | WriteState::Held => "waiting",
        WriteState::Acked | WriteState::Settled => "saved",
        WriteState::Discarded => "offline",
    }
}

/// The values of a write beside what was and what stands.
#[component]
pub fn Columns(
    /// Each value.
    columns: Vec<ChangedColumn>,
    /// Over the values that its author wants: whose they are.
    wanted_by: &'static str,
) -> impl IntoView {
    if columns.is_empty() {
        return None;
    }
    let has_from = columns.iter().any(|column| column.from.is_some());
    let has_server = columns.iter().any(|column| column.server.is_some());
    let row = move |column: ChangedColumn| {
        view! {
            <tr>
                <th scope="row">{column.label}</th>
                {has_from.then(|| view! { <td class="muted">{column.from}</td> })}
                <td>{column.to}</td>
                {has_server.then(|| view! { <td class="server-value">{column.server}</td> })}
            </tr>
        }
    };
    Some(view! {
        <div class="table-box">
            <table>
                <thead>
                    <tr>
                        <th scope="col">{text::COLUMN}</th>
                        {has_from.then(|| view! { <th scope="col">{text::FROM}</th> })}
                        <th scope="col">{wanted_by}</th>
                        {has_server.then(|| view! { <th scope="col">{text::SERVER}</th> })}
                    </tr>
                </thead>
                <tbody>{columns.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    })
}

/// What support asks for. Of a write that is over there is no next attempt.
#[component]
pub fn Details(
    /// The write.
    #[prop(into)]
    record: Signal<OutboxRecord>,
    /// What else belongs to it.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let state = AppState::of_context();
    let is_over = move || record.with(|record| record.state.is_over());
    let next = move || {
        let at_ms = record.with(|record| record.next_attempt_at_ms);
        at_ms.map_or_else(|| "none planned".to_owned(), |at_ms| format::until(at_ms, state.now_ms.get()))
    };
    let lines = move || {
        let lines = record.with(lines);
        lines.into_iter().map(|(term, value)| view! { <dt>{term}</dt><dd>{value}</dd> }).collect_view()
    };
    view! {
        <details>
            <summary>{text::DETAILS}</summary>
            {children.map(|children| children())}
            <dl class="pairs">
                {lines}
                {move || (!is_over()).then(|| view! { <dt>{text::NEXT}</dt><dd>{next}</dd> })}
            </dl>
        </details>
    }
}

fn lines(record: &OutboxRecord) -> Vec<(&'static str, String)> {
    let receipt = record.receipt.as_ref().map_or_else(
        || "none yet".to_owned(),
        |receipt| format!("transaction {}, {}", receipt.txid, version(receipt.version)),
    );
    let base = record.base_version.map(|base| ("Made on", format!("version {base}")));
    let saved = record.receipt.as_ref().map(|receipt| ("Saved", dom::local_time(receipt.received_at_ms)));
    let failed = record.last_error.as_ref().map(|failure| ("Refused", dom::local_time(failure.at_ms)));
    let failed = failed.filter(|_| record.state.needs_user() || record.state == WriteState::Discarded);
    let first = [
        ("Table", record.table.sql_name().to_owned()),
        ("Operation", record.operation.name().to_owned()),
        ("Made", dom::local_time(record.made_at_ms)),
    ];
    let last = [
        ("Attempts", record.attempts.to_string()),
        ("Receipt", receipt),
        ("Write id", record.write_id.to_string()),
    ];
    first.into_iter().chain(base).chain(failed).chain(saved).chain(last).collect()
}

fn version(version: Option<i64>) -> String {
    version.map_or_else(|| "deleted".to_owned(), |version| format!("version {version}"))
}
