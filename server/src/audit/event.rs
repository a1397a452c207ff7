//! One event of a turn's history, as a person reads it.
//!
//! **Invariant:** what only the server keeps (versions, stamps, copies of the turn's own columns) is left out; an entry with nothing
//! else in it is no event.

use super::people::{Doer, People};
use crate::{
    db::entity::{audit_log, turn_stage_history},
    web::instant::Instant,
};
use domain::{Row, Table, Viewer, role::VISIBILITY};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Stamps that every write sets; and a move's own columns, which the stages tell better.
const UNTOLD: [&str; 8] = [
    "id",
    "version",
    "created_at",
    "updated_at",
    "created_by",
    "updated_by",
    "stage_id",
    "stage_entered_at",
];

/// One event.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Event {
    /// The turn entered a stage.
    Stage {
        /// When.
        at: Instant,
        /// Who moved it.
        by: Option<Doer>,
        /// What it left; null when the turn was made.
        from: Option<StageName>,
        /// What it entered.
        to: StageName,
        /// How long it stood in the stage that it left.
        #[serde(rename = "secondsInStage")]
        seconds_in_stage: Option<i64>,
        /// Why, where somebody said so.
        reason: Option<String>,
    },
    /// The turn or one of its scope items was changed.
    Change {
        /// When.
        at: Instant,
        /// Who changed it.
        by: Option<Doer>,
        /// The program that it was done with.
        agent: Option<String>,
        /// `turns` or `scope-items`.
        table: &'static str,
        /// Which row.
        #[serde(rename = "rowId")]
        row_id: String,
        /// `create`, `update`, `delete`, `approve` …
        operation: String,
        /// Column → what it was and what it became.
        columns: BTreeMap<String, FromTo>,
    },
}

/// A stage as people call it.
#[derive(Serialize, ToSchema)]
pub struct StageName {
    /// Which stage.
    id: String,
    /// None where the stage is gone.
    name: Option<String>,
}

/// A column before and after.
#[derive(Serialize, ToSchema)]
pub struct FromTo {
    /// Null where it was empty.
    from: Json,
    /// Null where it is empty.
    to: Json,
}

/// A move between stages.
pub fn of_stage(model: turn_stage_history::Model, stages: &[Row], people: &People) -> Event {
    let named = |id: String| {
        let stage = stages.iter().find(|stage| stage.id().to_string() == id);
        StageName {
            name: stage.and_then(|stage| stage.text("name")).map(str::to_owned),
            id,
        }
    };
    Event::Stage {
        at: Instant::from_micros(model.changed_at),
        by: people.get(model.changed_by.0),
        from: model.from_stage_id.map(named),
        to: named(model.to_stage_id.0.to_string()),
        seconds_in_stage: model.seconds_in_stage,
        reason: model.reason,
    }
}

/// A change of a row, as far as the viewer sees it; none where nothing of it is left.
pub fn of_change(model: audit_log::Model, viewer: &Viewer, people: &People) -> Option<Event> {
    let table = Table::from_name(&model.table_name)?;
    let object = |text: &Option<String>| text.as_ref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let (old, new): (Map<String, Json>, Map<String, Json>) = (object(&model.old_row), object(&model.new_row));
    let changed: Vec<String> = serde_json::from_str(&model.changed_columns).unwrap_or_default();
    let is_told = |column: &&String| {
        let name = column.as_str();
        let is_copy = table != Table::Turns && (VISIBILITY.contains(&name) || name == "turn_id");
        !(UNTOLD.contains(&name) || is_copy || viewer.hidden(table).contains(&name))
    };
    let value = |row: &Map<String, Json>, column: &str| row.get(column).cloned().unwrap_or_default();
    let from_to = |column: &String| FromTo {
        from: value(&old, column),
        to: value(&new, column),
    };
    let columns: BTreeMap<String, FromTo> = changed.iter().filter(is_told).map(|column| (column.clone(), from_to(column))).collect();
    (!columns.is_empty()).then(|| Event::Change {
        at: Instant::from_micros(model.at),
        by: people.get(model.user_id.0),
        agent: model.user_agent,
        table: table.url_name(),
        row_id: model.row_id.0.to_string(),
        operation: model.operation,
        columns,
    })
}
