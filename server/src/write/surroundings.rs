//! The rows around a write that the rules ask about, read inside its transaction.
//!
//! **Invariant:** all of it is read in the transaction that the write will commit.

use super::author::Author;
use crate::{
    db::{Transaction, rows},
    problem::Result,
};
use domain::{Cents, Mutation, Operation, Row, RowId, Table, Value, mutation::Facts, stage};

/// Owned facts; [`Surroundings::facts`] lends them to the rules.
#[derive(Default)]
pub struct Surroundings {
    /// The row as it stands.
    pub current: Option<Row>,
    parent: Option<Row>,
    from_stage: Option<Row>,
    to_stage: Option<Row>,
    scope_total: Cents,
}

impl Surroundings {
    /// Reads what the rules need for this mutation and nothing more.
    pub async fn read(tx: &Transaction, author: &Author, mutation: &Mutation, current: Option<Row>) -> Result<Self> {
        let mut around = Self {
            parent: parent(tx, author, mutation, current.as_ref()).await?,
            ..Self::default()
        };
        match (mutation.table, mutation.operation) {
            (Table::Turns, Operation::Create) => around.to_stage = rows::find_where(&**tx, Table::TurnStages, "is_default", &Value::Bool(true)).await?,
            (Table::Turns, Operation::StageChange) => around.read_stages(tx, mutation, current.as_ref()).await?,
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
            thresholds: None,
        }
    }

    async fn read_stages(&mut self, tx: &Transaction, mutation: &Mutation, turn: Option<&Row>) -> Result<()> {
        if let Some(Value::Uuid(id)) = mutation.value("stage_id") {
            self.to_stage = rows::find(&**tx, Table::TurnStages, RowId(*id)).await?;
        }
        if let Some(turn) = turn {
            self.from_stage = rows::find_where(&**tx, Table::TurnStages, "id", turn.get("stage_id")).await?;
            let items = rows::all_where(&**tx, Table::ScopeItems, "turn_id", turn.get("id")).await?;
            self.scope_total = stage::scope_total(&items);
        }
        Ok(())
    }
}

/// A new row's parent must be one that its author sees; an old row's parent is simply the one it has.
async fn parent(tx: &Transaction, author: &Author, mutation: &Mutation, current: Option<&Row>) -> Result<Option<Row>> {
    let value = |column| current.map_or_else(|| mutation.value(column), |row| Some(row.get(column)));
    let Some((table, id)) = mutation.table.parent(value) else { return Ok(None) };
    let found = rows::find(&**tx, table, id).await?;
    Ok(found.filter(|row| current.is_some() || author.sees(row)))
}
