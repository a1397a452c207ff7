//! What of the server's data is on this device: the tables, and the rows in them, to browse and to search.

use crate::{
    facts::{browse, fields},
    state::{AppState, topics::Topic},
};
use domain::Table;
use leptos::prelude::*;

mod text {
    pub const TITLE: &str = "On this device";
    pub const TABLE: &str = "Table";
    pub const ROWS: &str = "Rows";
    pub const STREAM: &str = "Stream";
    pub const SEARCH: &str = "Search";
    pub const NOTHING: &str = "No row holds this.";
    pub const EMPTY: &str = "There is no row here.";
    pub const MORE: &str = "Show more";
}

/// So many more with each **Show more**.
const PAGE: usize = 25;

/// See the module.
#[component]
pub fn Tables() -> impl IntoView {
    let state = AppState::of_context();
    let open = RwSignal::new(None::<Table>);
    let tables = Memo::new(move |_| {
        state.read(Table::ALL.map(Topic::Any).into_iter().chain([Topic::Writes]), |_| ());
        state.device().tables()
    });
    let row = move |(table, rows, stream): (Table, usize, String)| {
        let toggle = move |_| open.update(|open| *open = (*open != Some(table)).then_some(table));
        let is_open = move || open.get() == Some(table);
        view! {
            <tr>
                <th scope="row"><button type="button" class="button quiet" aria-expanded=move || is_open().to_string() on:click=toggle>{fields::capital(&fields::label(table.sql_name()))}</button></th>
                <td class="number">{rows}</td>
                <td>{stream}</td>
            </tr>
        }
    };
    view! {
        <section aria-label=text::TITLE>
            <h2>{text::TITLE}</h2>
            <div class="panel table-box">
                <table class="tables">
                    <thead><tr><th scope="col">{text::TABLE}</th><th scope="col" class="number">{text::ROWS}</th><th scope="col">{text::STREAM}</th></tr></thead>
                    <tbody>{move || tables.get().into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
            {move || open.get().map(|table| view! { <Rows table /> })}
        </section>
    }
}

/// The rows of one table.
#[component]
fn Rows(table: Table) -> impl IntoView {
    let state = AppState::of_context();
    let (needle, most) = (RwSignal::new(String::new()), RwSignal::new(PAGE));
    let findings = Memo::new(move |_| {
        let found = state.device().search_table(table, &needle.read(), 0, most.get(), browse::in_words);
        let rows: Vec<_> = state.read([Topic::Any(table)], |view| found.rows.iter().map(|row| browse::found(view, row)).collect());
        (found.total, rows)
    });
    let label = fields::capital(&fields::label(table.sql_name()));
    let search_label = format!("{} {}", text::SEARCH, label.to_lowercase());
    let search = move |event| {
        most.set(PAGE);
        needle.set(event_target_value(&event));
    };
    let nothing = move || {
        let is_empty = findings.with(|(total, _)| *total == 0);
        is_empty.then(|| view! { <p class="muted">{if needle.read().trim().is_empty() { text::EMPTY } else { text::NOTHING }}</p> })
    };
    view! {
        <section class="panel browse" aria-label=label>
            <label class="field">
                <span class="field-label">{search_label}</span>
                <input type="search" autocomplete="off" prop:value=move || needle.get() on:input=search />
            </label>
            {nothing}
            <ul class="plain-list found">
                <For each=move || findings.get().1 key=|row| (row.id, row.version) let:row><li><Row row /></li></For>
            </ul>
            {move || findings.with(|(total, rows)| *total > rows.len()).then(|| view! {
                <button type="button" class="button" on:click=move |_| most.update(|most| *most += PAGE)>{text::MORE}</button>
            })}
        </section>
    }
}

#[component]
fn Row(row: browse::Found) -> impl IntoView {
    view! {
        <details>
            <summary>{row.name} <span class="muted">" version " {row.version}</span></summary>
            <dl class="pairs">
                {row.columns.into_iter().map(|(column, value)| view! { <dt>{column}</dt><dd>{value}</dd> }).collect_view()}
            </dl>
        </details>
    }
}
