//! One write: what its author did, how it stands, what can be done.

use crate::{
    components::resolve::ResolveButton,
    facts::writes::{self, ChangedColumn},
    format,
    state::AppState,
};
use domain::WriteId;
use leptos::prelude::*;
use sync::{OutboxRecord, WriteState, outbox::resolve::may_discard};

mod text {
    pub const DISCARD: &str = "Discard";
    pub const DETAILS: &str = "Details";
    pub const COLUMN: &str = "What";
    pub const FROM: &str = "Was";
    pub const YOURS: &str = "Yours";
    pub const SERVER: &str = "Server has";
}

/// See the module.
#[component]
pub fn Write(record: OutboxRecord, discarding: RwSignal<Option<WriteId>>) -> impl IntoView {
    let state = AppState::of_context();
    let (sentence, columns) = state.peek(|view| (writes::sentence(view, &record), writes::changed_columns(view, &record)));
    let id = record.write_id;
    let can_be_discarded = may_discard(&record);
    view! {
        <article class="panel write" aria-label=sentence data-tone=tone(record.state)>
            <header class="write-head">
                <h3>{sentence.clone()}</h3>
                <span class="tag" data-tone=tone(record.state)>{writes::state_label(record.state)}</span>
            </header>
            {writes::reason(&record).map(|reason| view! { <p class="reason">{reason}</p> })}
            <Columns columns wanted_by=text::YOURS />
            <Details record=record.clone() />
            <div class="actions">
                {record.state.needs_user().then(|| view! { <ResolveButton write=id /> })}
                {can_be_discarded.then(|| view! { <button type="button" class="button danger" on:click=move |_| discarding.set(Some(id))>{text::DISCARD}</button> })}
            </div>
        </article>
    }
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

/// What support asks for.
#[component]
fn Details(record: OutboxRecord) -> impl IntoView {
    let state = AppState::of_context();
    let next_attempt = record.next_attempt_at_ms;
    let next = move || next_attempt.map_or_else(|| "none planned".to_owned(), |at| format::until(at, state.now_ms.get()));
    let receipt = record.receipt.as_ref().map_or_else(
        || "none yet".to_owned(),
        |receipt| format!("transaction {}, {}", receipt.txid, version(receipt.version)),
    );
    let lines = [
        ("Table", record.table.sql_name().to_owned()),
        ("Operation", record.operation.name().to_owned()),
        ("Attempts", record.attempts.to_string()),
        ("Receipt", receipt),
        ("Write id", record.write_id.to_string()),
    ];
    view! {
        <details>
            <summary>{text::DETAILS}</summary>
            <dl class="pairs">
                {lines.into_iter().map(|(term, value)| view! { <dt>{term}</dt><dd>{value}</dd> }).collect_view()}
                <dt>"Next attempt"</dt><dd>{next}</dd>
            </dl>
        </details>
    }
}

fn version(version: Option<i64>) -> String {
    version.map_or_else(|| "deleted".to_owned(), |version| format!("version {version}"))
}
