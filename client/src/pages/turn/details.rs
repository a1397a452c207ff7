//! A turn's facts, edited in place.

use crate::components::field::{Choice, Field, Flag, Kind};
use domain::{RowId, Table::Turns};
use leptos::prelude::*;

mod text {
    pub const PLAN: &str = "Plan";
    pub const UTILITIES: &str = "Utilities";
    pub const TO_DO: &str = "To arrange";
    pub const NOTES: &str = "Notes";
    pub const PRIORITY: &[(&str, &str)] = &[("low", "Low"), ("medium", "Medium"), ("high", "High"), ("urgent", "Urgent")];
    pub const UTILITY: &[(&str, &str)] = &[("", "Not known"), ("yes", "On"), ("no", "Off"), ("pending", "Pending")];
}

const FLAGS: [&str; 3] = ["trash_out_needed", "appliances_needed", "appliances_ordered"];
const UTILITIES: [&str; 3] = ["power_status", "water_status", "gas_status"];

/// See the module.
#[component]
pub fn Details(turn: RowId) -> impl IntoView {
    view! {
        <section class="panel">
            <h2>{text::PLAN}</h2>
            <div class="fields">
                <Choice table=Turns row=turn column="priority" choices=text::PRIORITY />
                <Field table=Turns row=turn column="due_date" kind=Kind::Date />
                <Field table=Turns row=turn column="move_out_date" kind=Kind::Date />
                <Field table=Turns row=turn column="work_order_number" kind=Kind::Text />
                <Field table=Turns row=turn column="estimated_amount" kind=Kind::Money />
            </div>
        </section>
        <section class="panel">
            <h2>{text::UTILITIES}</h2>
            <div class="fields">
                {UTILITIES.map(|column| view! { <Choice table=Turns row=turn column choices=text::UTILITY /> }).into_iter().collect_view()}
            </div>
        </section>
        <section class="panel">
            <h2>{text::TO_DO}</h2>
            <div class="flags">
                {FLAGS.map(|column| view! { <Flag table=Turns row=turn column /> }).into_iter().collect_view()}
            </div>
        </section>
        <section class="panel">
            <h2>{text::NOTES}</h2>
            <Field table=Turns row=turn column="notes" kind=Kind::Notes />
        </section>
    }
}
