//! What of the server's data is on this device.

use crate::{
    facts::fields,
    state::{AppState, topics::Topic},
};
use domain::Table;
use leptos::prelude::*;

mod text {
    pub const TITLE: &str = "On this device";
    pub const TABLE: &str = "Table";
    pub const ROWS: &str = "Rows";
    pub const STREAM: &str = "Stream";
}

/// See the module.
#[component]
pub fn Tables() -> impl IntoView {
    let state = AppState::of_context();
    let tables = Memo::new(move |_| {
        state.read(Table::ALL.map(Topic::Any).into_iter().chain([Topic::Writes]), |_| ());
        state.device().tables()
    });
    let row = |(table, rows, stream): (Table, usize, String)| {
        view! { <tr><th scope="row">{fields::capital(&fields::label(table.sql_name()))}</th><td class="number">{rows}</td><td>{stream}</td></tr> }
    };
    view! {
        <section aria-label=text::TITLE>
            <h2>{text::TITLE}</h2>
            <div class="panel table-box">
                <table>
                    <thead><tr><th scope="col">{text::TABLE}</th><th scope="col" class="number">{text::ROWS}</th><th scope="col">{text::STREAM}</th></tr></thead>
                    <tbody>{move || tables.get().into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
}
