//! What a screen shows, read from the local view: pure functions from rows to small structs.
//!
//! **Invariant:** nothing here knows a signal, an element or a clock; today is an argument.

pub mod answer;
pub mod board;
pub mod browse;
pub mod card;
pub mod decided;
pub mod fields;
#[cfg(test)]
pub mod fixture;
pub mod held;
pub mod holding;
pub mod names;
pub mod photos;
pub mod question;
pub mod scope;
pub mod stages;
pub mod wanted;
pub mod writes;

use domain::{Row, RowId, Table};
use sync::LocalView;

/// A turn is called by its property's name.
pub fn turn_name(view: &LocalView, turn: RowId) -> String {
    // A turn whose property has not come yet is still somebody's turn.
    let row = view.row(Table::Turns, turn).or_else(|| view.synced_row(Table::Turns, turn));
    let property = row.and_then(|turn| turn.row_id("property_id")).and_then(|id| view.row(Table::Properties, id));
    property.and_then(|property| property.text("name")).unwrap_or("this turn").to_owned()
}

/// A stage's name.
pub fn stage_name(view: &LocalView, stage: RowId) -> String {
    view.row(Table::TurnStages, stage)
        .and_then(|row| row.text("name"))
        .unwrap_or("another stage")
        .to_owned()
}

/// City, state and ZIP code; with the street where the property's name does not say it already.
pub fn address_line(property: &Row) -> String {
    let text = |column: &str| property.text(column).filter(|text| !text.is_empty());
    let street = text("street_address").filter(|street| property.text("name") != Some(street));
    let state_and_zip: Vec<&str> = [text("state"), text("zip_code")].into_iter().flatten().collect();
    let last = Some(state_and_zip.join(" ")).filter(|text| !text.is_empty());
    let parts: Vec<String> = [street.map(str::to_owned), text("city").map(str::to_owned), last]
        .into_iter()
        .flatten()
        .collect();
    parts.join(", ")
}
