//! What a transaction's writes will ask for, read with a few statements before the first of them is decided.
//!
//! **Invariant:** it only saves time: whatever is not foreseen is read when it is asked for.

use super::{batch::Batch, intent::Intent};
use crate::{db::Unit, problem::Result};
use domain::{Operation, RowId, Table, Value, WriteId};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Reads receipts, rows, their parents, and the scopes that rules will add up.
pub async fn prefetch(unit: &mut Unit, batches: &[Batch]) -> Result<()> {
    let intents: Vec<&Intent> = batches.iter().flat_map(|batch| batch.intents.iter().flatten()).collect();
    let receipts: BTreeSet<WriteId> = intents
        .iter()
        .flat_map(|intent| intent.after.iter().copied().chain([intent.write_id]))
        .collect();
    unit.prefetch_receipts(receipts).await?;
    read_rows(unit, intents.iter().map(|intent| (intent.table, intent.row_id))).await?;
    let mut parents = vec![];
    for intent in &intents {
        parents.extend(parent(unit, intent).await?);
    }
    read_rows(unit, parents.into_iter()).await?;
    let weighed = intents.iter().filter(|intent| weighs_scope(intent)).map(|intent| Value::Uuid(intent.row_id.0));
    unit.prefetch_list(Table::ScopeItems, "turn_id", weighed.collect::<HashSet<_>>()).await
}

async fn read_rows(unit: &mut Unit, wanted: impl Iterator<Item = (Table, RowId)>) -> Result<()> {
    let mut by_table: BTreeMap<Table, BTreeSet<RowId>> = BTreeMap::new();
    for (table, id) in wanted {
        by_table.entry(table).or_default().insert(id);
    }
    for (table, ids) in by_table {
        unit.prefetch(table, ids).await?;
    }
    Ok(())
}

/// The row has been read: this asks the database nothing.
async fn parent(unit: &mut Unit, intent: &Intent) -> Result<Option<(Table, RowId)>> {
    if let Some(row) = unit.find(intent.table, intent.row_id).await? {
        return Ok(intent.table.parent(|column| Some(row.get(column))));
    }
    let Some((column, table)) = intent.table.parent_column().zip(parent_table(intent)) else {
        return Ok(None);
    };
    let id = intent.data.get(column).and_then(Json::as_str).and_then(|id| id.parse().ok());
    Ok(id.map(|id| (table, id)))
}

fn parent_table(intent: &Intent) -> Option<Table> {
    match intent.table {
        Table::Turns => Some(Table::Properties),
        Table::ScopeItems | Table::Approvals => Some(Table::Turns),
        _ => None,
    }
}

fn weighs_scope(intent: &Intent) -> bool {
    intent.table == Table::Turns && matches!(intent.operation, Operation::StageChange | Operation::Approve | Operation::Reject)
}
