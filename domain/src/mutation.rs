//! What a write means: one rule that the device predicts with and the server decides with.
//!
//! [`Mutation::read`] turns untrusted JSON into a typed mutation, [`check`] asks the rules, and
//! [`Mutation::apply`] gives the row that results. Permission is asked of [`crate::Role`] beside this.

mod columns;

use crate::{
    Cents, Row, RowId, Table, Timestamp, UserId, Value,
    approval::Thresholds,
    role::VISIBILITY,
    stage::{self, StageDemand},
};
use columns::{read_column, report_missing};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// What is done to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// A new row, with an id made by its author's device.
    Create,
    /// Other values in some columns.
    Update,
    /// The row goes.
    Delete,
    /// A turn moves to another stage.
    StageChange,
    /// A turn's amount and scope are approved at one level.
    Approve,
    /// A turn's amount and scope are refused at one level.
    Reject,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 6] = [Self::Create, Self::Update, Self::Delete, Self::StageChange, Self::Approve, Self::Reject];

    /// As it travels: `stage-change`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::StageChange => "stage-change",
            Self::Approve => "approve",
            Self::Reject => "reject",
        }
    }
}

/// A typed change of one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Mutation {
    /// Which table.
    pub table: Table,
    /// Which row.
    pub row_id: RowId,
    /// What is done.
    pub operation: Operation,
    /// The columns given, by position in the table, each at most once.
    pub data: Vec<(usize, Value)>,
}

/// Why the rules refuse a mutation.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// Columns that are unknown, of the wrong type, missing or not the author's to set: column → what is wrong.
    #[error("some values are not right")]
    Fields(BTreeMap<String, String>),
    /// The turn does not have what the stage demands.
    #[error("“{stage}” {demand}")]
    Stage {
        /// The stage's name.
        stage: String,
        /// What is missing.
        demand: StageDemand,
    },
}

/// What the rules need to know beside the mutation; read inside the server's transaction, or from the device's view.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'a> {
    /// The row as it stands; `None` before a create.
    pub current: Option<&'a Row>,
    /// A turn's property, a scope item's turn.
    pub parent: Option<&'a Row>,
    /// The stage that a turn stands in.
    pub from_stage: Option<&'a Row>,
    /// The stage that a turn moves to; at a create the default stage.
    pub to_stage: Option<&'a Row>,
    /// The sum of the turn's scope items.
    pub scope_total: Cents,
    /// From which amount somebody must approve; `None` where it is not known (on a device).
    pub thresholds: Option<Thresholds>,
}

impl Mutation {
    /// Reads untrusted data. Every wrong column is reported, not only the first.
    ///
    /// `id` in the data is accepted where it says the same as `row_id`; it is the outside clients' way to name the row.
    pub fn read(table: Table, row_id: RowId, operation: Operation, data: &Map<String, Json>) -> Result<Self, Refusal> {
        let mut problems = BTreeMap::new();
        let mut typed = Vec::with_capacity(data.len());
        for (name, json) in data {
            if name == "id" && json.as_str() == Some(row_id.to_string().as_str()) {
                continue;
            }
            match read_column(table, operation, name, json) {
                Ok(column) => typed.push(column),
                Err(problem) => {
                    problems.insert(name.clone(), problem);
                }
            }
        }
        if operation == Operation::StageChange && !data.contains_key("stage_id") {
            problems.insert("stage_id".to_owned(), "is required".to_owned());
        }
        if operation == Operation::Create {
            report_missing(table, &typed, &mut problems);
        }
        if problems.is_empty() {
            Ok(Self {
                table,
                row_id,
                operation,
                data: typed,
            })
        } else {
            Err(Refusal::Fields(problems))
        }
    }

    /// The value that the mutation gives to a column, if it does.
    pub fn value(&self, column: &str) -> Option<&Value> {
        let index = self.table.column_index(column)?;
        self.data.iter().find(|(at, _)| *at == index).map(|(_, value)| value)
    }

    /// The row that the mutation names in a column, if it does.
    pub fn row_id_given(&self, column: &str) -> Option<RowId> {
        match self.value(column)? {
            Value::Uuid(id) => Some(RowId(*id)),
            _ => None,
        }
    }

    /// The row that results; `None` after a delete. Call [`check`] first: this one only carries out.
    ///
    /// The server's own columns that need its database (`turn_number`) stay as they are.
    pub fn apply(&self, facts: Facts<'_>, by: UserId, at: Timestamp) -> Option<Row> {
        if self.operation == Operation::Delete {
            return None;
        }
        let mut row = facts.current.cloned().unwrap_or_else(|| self.fresh_row(facts, by, at));
        for (index, value) in &self.data {
            row.set_at(*index, value.clone());
        }
        if matches!(self.operation, Operation::StageChange) || (self.operation == Operation::Create && self.table == Table::Turns) {
            enter_stage(&mut row, facts.to_stage, at);
        }
        row.set("version", Value::Int(row.version() + 1));
        row.set("updated_at", Value::Timestamp(at));
        row.set("updated_by", Value::Uuid(by.0));
        Some(row)
    }

    fn fresh_row(&self, facts: Facts<'_>, by: UserId, at: Timestamp) -> Row {
        let mut row = Row::blank(self.table);
        for (index, column) in self.table.columns().iter().enumerate() {
            row.set_at(index, column.default.value(column.kind));
        }
        row.set("id", Value::Uuid(self.row_id.0));
        row.set("version", Value::Int(0));
        row.set("created_at", Value::Timestamp(at));
        row.set("created_by", Value::Uuid(by.0));
        if let Some(parent) = facts.parent {
            inherit_visibility(&mut row, parent);
        }
        row
    }
}

/// Copies the columns that decide who sees a row from the row it belongs to.
pub fn inherit_visibility(row: &mut Row, parent: &Row) {
    match (row.table(), parent.table()) {
        // A turn has its own vendor and state; only whose home it is comes from the home.
        (Table::Turns, _) => copy(row, parent, &VISIBILITY[1..3]),
        (Table::Documents, Table::Vendors) => {
            row.set("vendor_id", parent.get("id").clone());
            copy(row, parent, &VISIBILITY[..1]);
        }
        // Whether a home is let does not hide its papers.
        (Table::Documents, Table::Properties) => copy(row, parent, &VISIBILITY[1..]),
        _ => copy(row, parent, &VISIBILITY),
    }
}

/// Copies the people of the turn that is under way to its property, so that they see the home that they work in.
pub fn lend_sight(property: &mut Row, turn: Option<&Row>) {
    let nobody = Row::blank(Table::Turns);
    copy(property, turn.unwrap_or(&nobody), &VISIBILITY[3..]);
}

fn copy(row: &mut Row, from: &Row, columns: &[&str]) {
    for column in columns {
        if from.table().column(column).is_some() {
            row.set(column, from.get(column).clone());
        }
    }
}

/// Asks the rules that need more than the mutation itself.
pub fn check(mutation: &Mutation, facts: Facts<'_>) -> Result<(), Refusal> {
    if mutation.operation == Operation::Create
        && facts.parent.is_none()
        && let Some(column) = mutation.table.parent_column()
    {
        return Err(field(column, "names nothing that you can see".to_owned()));
    }
    if mutation.operation == Operation::StageChange {
        let turn = facts.current.ok_or_else(|| field("id", "names no turn".to_owned()))?;
        let stage = facts.to_stage.ok_or_else(|| field("stage_id", "names no stage".to_owned()))?;
        let step = stage::Step {
            from: facts.from_stage,
            to: stage,
            turn,
            property: facts.parent,
            scope_total: facts.scope_total,
            thresholds: facts.thresholds,
        };
        step.check().map_err(|demand| Refusal::Stage {
            stage: stage.text("name").unwrap_or_default().to_owned(),
            demand,
        })?;
    }
    Ok(())
}

/// A refusal about one column.
pub fn field(column: &str, problem: String) -> Refusal {
    Refusal::Fields(BTreeMap::from([(column.to_owned(), problem)]))
}

fn enter_stage(turn: &mut Row, stage: Option<&Row>, at: Timestamp) {
    let Some(stage) = stage else { return };
    turn.set("stage_id", Value::Uuid(stage.id().0));
    turn.set("stage_entered_at", Value::Timestamp(at));
    let completed_on = match turn.date("completed_on") {
        Some(day) => Value::Date(day),
        None if stage.flag("is_final") => Value::Date(at.date_utc()),
        None => Value::Null,
    };
    turn.set("completed_on", completed_on);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;
    use uuid::Uuid;

    const ROW: RowId = RowId(Uuid::from_u128(9));
    const ME: UserId = UserId(Uuid::from_u128(1));
    const NOW: Timestamp = Timestamp::from_millis(1_763_870_000_000);

    fn read(table: Table, operation: Operation, data: Json) -> Result<Mutation, Refusal> {
        Mutation::read(table, ROW, operation, data.as_object().unwrap())
    }

    fn problems(table: Table, operation: Operation, data: Json) -> Vec<String> {
        match read(table, operation, data) {
            Err(Refusal::Fields(fields)) => fields.into_iter().map(|(column, problem)| format!("{column} {problem}")).collect(),
            other => panic!("accepted: {other:?}"),
        }
    }

    #[test]
    fn every_wrong_column_is_reported() {
        let found = problems(
            Table::Turns,
            Operation::Update,
            json!({"colour": "red", "due_date": 3, "priority": "whenever", "turn_number": "T", "stage_id": "x", "property_id": ROW.to_string()}),
        );
        assert_eq!(
            found,
            [
                "colour is not a column of this table",
                "due_date must be a date such as 2026-11-23",
                "priority must be one of low, medium, high, urgent",
                "property_id is fixed once the row is made",
                "stage_id changes by a stage-change only",
                "turn_number is set by the server",
            ]
        );
    }

    #[test]
    fn a_create_needs_its_required_columns() {
        assert_eq!(
            problems(Table::ScopeItems, Operation::Create, json!({"room": " "})),
            ["category is required", "description is required", "room is required", "turn_id is required"]
        );
    }

    #[test]
    fn a_create_gets_defaults_and_the_parents_visibility() {
        let mut turn = Row::blank(Table::Turns);
        turn.set("property_manager_id", Value::Uuid(ME.0));
        turn.set("is_active", Value::Bool(true));
        let create = read(
            Table::ScopeItems,
            Operation::Create,
            json!({"turn_id": ROW.to_string(), "room": "Kitchen", "category": "Paint", "description": "Walls"}),
        )
        .unwrap();
        let facts = Facts {
            parent: Some(&turn),
            ..Facts::default()
        };
        assert_eq!(check(&create, facts), Ok(()));
        let row = create.apply(facts, ME, NOW).unwrap();
        assert_eq!(
            (
                row.version(),
                row.unscaled("quantity"),
                row.user_id("property_manager_id"),
                row.flag("is_active")
            ),
            (1, Some(100), Some(ME), true)
        );
    }

    #[test]
    fn a_child_needs_its_parent() {
        let create = read(
            Table::ScopeItems,
            Operation::Create,
            json!({"turn_id": ROW.to_string(), "room": "K", "category": "P", "description": "W"}),
        )
        .unwrap();
        assert!(matches!(check(&create, Facts::default()), Err(Refusal::Fields(_))));
    }

    #[test]
    fn the_final_stage_completes_the_turn_and_going_on_keeps_the_day() {
        let mut done = Row::blank(Table::TurnStages);
        done.set("id", Value::Uuid(Uuid::from_u128(5)));
        done.set("is_final", Value::Bool(true));
        done.set("is_active", Value::Bool(true));
        let turn = Row::blank(Table::Turns);
        let change = read(Table::Turns, Operation::StageChange, json!({"stage_id": done.id().to_string()})).unwrap();
        let facts = Facts {
            current: Some(&turn),
            to_stage: Some(&done),
            ..Facts::default()
        };
        assert_eq!(check(&change, facts), Ok(()));
        let completed = change.apply(facts, ME, NOW).unwrap();
        assert_eq!(completed.date("completed_on"), Some(NOW.date_utc()));
        assert_eq!(completed.row_id("stage_id"), Some(done.id()));
    }

    proptest! {
        #[test]
        fn an_update_changes_its_columns_the_version_and_nothing_else(notes in "[a-z ]{0,40}", version in 1_i64..1_000) {
            let mut before = Row::blank(Table::Turns);
            before.set("version", Value::Int(version));
            let update = read(Table::Turns, Operation::Update, json!({"notes": notes})).unwrap();
            let after = update.apply(Facts { current: Some(&before), ..Facts::default() }, ME, NOW).unwrap();
            prop_assert_eq!(after.version(), version + 1);
            for column in Table::Turns.columns() {
                if !["notes", "version", "updated_at", "updated_by"].contains(&column.name) {
                    prop_assert_eq!(before.get(column.name), after.get(column.name));
                }
            }
        }

        #[test]
        fn untrusted_json_never_panics(name in "[a-z_]{1,20}", text in ".{0,60}") {
            for table in Table::ALL {
                for operation in Operation::ALL {
                    let _ = read(table, operation, json!({name.clone(): text.clone(), "id": 1}));
                }
            }
        }
    }
}
