//! The rows around a write that the rules ask about, read inside its transaction.
//!
//! **Invariant:** all of it is read in the transaction that the write will commit.

use super::author::Author;
use crate::{db::Unit, problem::Result};
use domain::{Cents, Mutation, Operation, Row, RowId, Table, Value, approval::Thresholds, mutation::Facts, stage};

/// Owned facts; [`Surroundings::facts`] lends them to the rules.
#[derive(Default)]
pub struct Surroundings {
    /// The row as it stands.
    pub current: Option<Row>,
    parent: Option<Row>,
    from_stage: Option<Row>,
    to_stage: Option<Row>,
    scope_total: Cents,
    thresholds: Option<Thresholds>,
}

impl Surroundings {
    /// Reads what the rules need for this mutation and nothing more.
    pub async fn read(unit: &mut Unit, author: &Author, mutation: &Mutation, current: Option<Row>) -> Result<Self> {
        let mut around = Self {
            parent: parent(unit, author, mutation, current.as_ref()).await?,
            ..Self::default()
        };
        match (mutation.table, mutation.operation) {
            (Table::Turns, Operation::Create) => around.to_stage = unit.find_where(Table::TurnStages, "is_default", &Value::Bool(true)).await?,
            (Table::Turns, Operation::StageChange) => around.read_stages(unit, mutation, current.as_ref()).await?,
            _ => {}
        }
        around.current = current;
        Ok(around)
    }

    /// As the rules take them.
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            current: self.current.as_ref(),
            parent: self.parent.as_ref(),
            from_stage: self.from_stage.as_ref(),
            to_stage: self.to_stage.as_ref(),
            scope_total: self.scope_total,
            thresholds: self.thresholds,
        }
    }

    async fn read_stages(&mut self, unit: &mut Unit, mutation: &Mutation, turn: Option<&Row>) -> Result<()> {
        self.thresholds = Some(unit.thresholds().await?);
        if let Some(Value::Uuid(id)) = mutation.value("stage_id") {
            self.to_stage = unit.find(Table::TurnStages, RowId(*id)).await?;
        }
        let Some(turn) = turn else { return Ok(()) };
        if let Some(id) = turn.row_id("stage_id") {
            self.from_stage = unit.find(Table::TurnStages, id).await?;
        }
        self.scope_total = scope_total(unit, turn.id()).await?;
        Ok(())
    }
}

/// The sum of a turn's scope items as they stand.
pub async fn scope_total(unit: &mut Unit, turn: RowId) -> Result<Cents> {
    let items = unit.all_where(Table::ScopeItems, "turn_id", &Value::Uuid(turn.0)).await?;
    Ok(stage::scope_total(&items))
}

/// A new row's parent must be one that its author sees; an old row's parent is simply the one it has.
async fn parent(unit: &mut Unit, author: &Author, mutation: &Mutation, current: Option<&Row>) -> Result<Option<Row>> {
    let value = |column| current.map_or_else(|| mutation.value(column), |row| Some(row.get(column)));
    let Some((table, id)) = mutation.table.parent(value) else { return Ok(None) };
    let found = unit.find(table, id).await?;
    Ok(found.filter(|row| current.is_some() || author.sees(row)))
}
