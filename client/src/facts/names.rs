//! What the rows behind ids are called, and which there are to choose from.
//!
//! **Invariant:** nobody reads a bare id where a row, or somebody, is meant.

use super::{fields, stage_name, turn_name};
use domain::{ColumnType, RowId, Table, Value, schema::Column};
use sync::LocalView;
use uuid::Uuid;

/// A value that can be chosen, as it is typed, and its text.
pub type Choice = (String, String);

/// Columns that name people. Their names are on no device.
const PEOPLE: [&str; 8] = [
    "property_manager_id",
    "sr_property_manager_id",
    "superintendent_id",
    "created_by",
    "updated_by",
    "user_id",
    "requested_by",
    "decided_by",
];

/// What the row is called that a column names.
pub fn name_of(view: &LocalView, column: &str, id: Uuid) -> Option<String> {
    let row = RowId(id);
    match column {
        "stage_id" => Some(stage_name(view, row)),
        "turn_id" => Some(turn_name(view, row)),
        "property_id" => text(view, Table::Properties, row, "name"),
        "property_type_id" => text(view, Table::PropertyTypes, row, "name").or_else(|| Some("a type that is not on this device".to_owned())),
        "vendor_id" | "flooring_vendor_id" => text(view, Table::Vendors, row, "company_name").or_else(|| Some("a vendor who is not on this device".to_owned())),
        "entity_id" => entity(view, row),
        column if PEOPLE.contains(&column) => Some(somebody(id)),
        _ => None,
    }
}

/// What can be chosen in a column, with what stands there now; none where it is typed, or fixed.
pub fn choices(view: &LocalView, column: &Column, now: &str) -> Option<Vec<Choice>> {
    let mut choices: Vec<Choice> = match (column.name, column.kind) {
        _ if !column.choices.is_empty() => column.choices.iter().map(|choice| ((*choice).to_owned(), fields::capital(choice))).collect(),
        (_, ColumnType::Bool) => [("true", "Yes"), ("false", "No")]
            .map(|(value, text)| (value.to_owned(), text.to_owned()))
            .into(),
        ("stage_id", _) => rows(view, Table::TurnStages, "name", |row| row.int("sequence").unwrap_or_default()),
        ("vendor_id" | "flooring_vendor_id", _) => vendors(view),
        ("property_type_id", _) => rows(view, Table::PropertyTypes, "name", |_| 0),
        _ => return None,
    };
    if !now.is_empty() && choices.iter().all(|(value, _)| value != now) {
        let text = now.parse().ok().and_then(|id| name_of(view, column.name, id));
        choices.push((now.to_owned(), text.unwrap_or_else(|| now.to_owned())));
    }
    if !column.required {
        choices.insert(0, (String::new(), "Nothing".to_owned()));
    }
    Some(choices)
}

/// The active vendors, by name.
pub fn vendors(view: &LocalView) -> Vec<Choice> {
    rows(view, Table::Vendors, "company_name", |_| 0)
}

/// The active rows of a table by their names, in an order before that of the names.
fn rows(view: &LocalView, table: Table, name: &'static str, order: impl Fn(&domain::Row) -> i64) -> Vec<Choice> {
    let active = view.rows(table).filter(|row| row.get("is_active") != &Value::Bool(false));
    let mut named: Vec<(i64, String, RowId)> = active
        .map(|row| (order(row), row.text(name).unwrap_or_default().to_owned(), row.id()))
        .collect();
    named.sort_by_cached_key(|(order, name, id)| (*order, name.to_lowercase(), *id));
    named.into_iter().map(|(_, name, id)| (id.to_string(), name)).collect()
}

fn text(view: &LocalView, table: Table, id: RowId, column: &str) -> Option<String> {
    let row = view.row(table, id).or_else(|| view.synced_row(table, id))?;
    row.text(column).map(str::to_owned)
}

/// What a document belongs to: ids are unique, so whichever table has it.
fn entity(view: &LocalView, id: RowId) -> Option<String> {
    let turn = || view.row(Table::Turns, id).is_some().then(|| turn_name(view, id));
    let named = [
        (Table::Properties, "name"),
        (Table::ScopeItems, "description"),
        (Table::Vendors, "company_name"),
    ];
    turn().or_else(|| named.into_iter().find_map(|(table, column)| text(view, table, id, column)))
}

/// Two people are told apart, though nobody here knows their names.
fn somebody(id: Uuid) -> String {
    let id = id.simple().to_string();
    format!("somebody (…{})", &id[id.len() - 4..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::fixture::{Field, row};

    fn vendor(field: &mut Field, n: u128, name: &str) -> RowId {
        let mut vendor = row(Table::Vendors, RowId(Uuid::from_u128(n)));
        vendor.set("company_name", Value::text(name));
        vendor.set("is_active", Value::Bool(true));
        let id = vendor.id();
        field.put(vendor);
        id
    }

    #[test]
    fn ids_read_as_what_they_name() {
        let mut field = Field::new();
        let vendor = vendor(&mut field, 30, "Apex Painting");
        for (column, id, name) in [
            ("vendor_id", vendor.0, "Apex Painting"),
            ("flooring_vendor_id", Uuid::from_u128(31), "a vendor who is not on this device"),
            ("entity_id", Field::TURN.0, "12 Elm Street"),
            ("entity_id", vendor.0, "Apex Painting"),
            ("superintendent_id", Uuid::from_u128(0x1_2ab4), "somebody (…2ab4)"),
        ] {
            assert_eq!(name_of(&field.view, column, id).as_deref(), Some(name), "{column}");
        }
    }

    #[test]
    fn what_can_be_chosen_is_what_is_here_and_what_stands_there() {
        let mut field = Field::new();
        let (zoe, apex) = (vendor(&mut field, 30, "Zoe's Floors"), vendor(&mut field, 31, "apex painting"));
        let column = |name| Table::Turns.column(name).expect("a column");
        let texts = |name, now: &str| -> Vec<String> {
            let choices = choices(&field.view, column(name), now).expect("choices");
            choices.into_iter().map(|(_, text)| text).collect()
        };
        assert_eq!(texts("vendor_id", &zoe.to_string()), ["Nothing", "apex painting", "Zoe's Floors"]);
        let gone = Uuid::from_u128(99).to_string();
        assert_eq!(texts("vendor_id", &gone)[3], "a vendor who is not on this device");
        assert_eq!(texts("stage_id", ""), ["Draft", "Scope Review"]);
        assert_eq!(texts("trash_out_needed", "true"), ["Yes", "No"]);
        assert_eq!(texts("power_status", ""), ["Nothing", "Yes", "No", "Pending"]);
        assert_eq!(choices(&field.view, column("notes"), ""), None);
        let _ = apex;
    }
}
