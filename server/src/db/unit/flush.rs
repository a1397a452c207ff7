//! Writing a unit: every kind of row with a few statements, however many writes it holds.
//!
//! **Invariant:** rows, log, audit log, receipts and counters go out in one transaction; the news after it.

use super::Unit;
use crate::{
    db::{
        Change, changes, counters,
        entity::{audit_log, receipt, turn_stage_history},
        rows,
    },
    problem::Result,
};
use domain::{Column, Row, RowId, Table, Value};
use sea_orm::{EntityTrait, IntoActiveModel, Iterable, NotSet};
use std::collections::HashSet;

/// SQLite binds at most 32,766 parameters in one statement, PostgreSQL 65,535.
const MAX_PARAMETERS: usize = 30_000;

/// What is to become of a table's rows.
#[derive(Default)]
struct LastStates<'a> {
    gone: Vec<RowId>,
    changed: Vec<&'a Row>,
    new: Vec<&'a Row>,
}

impl Unit {
    /// Makes everything durable, then tells the listeners. A unit that changed nothing leaves nothing.
    pub async fn commit(mut self) -> Result<()> {
        self.flush().await?;
        self.tx.commit_with(self.written).await
    }

    /// Writes what is staged into the transaction.
    pub(super) async fn flush(&mut self) -> Result<()> {
        if self.staged.changes.is_empty() && self.staged.receipts.is_empty() {
            return Ok(());
        }
        self.write_rows().await?;
        self.write_logs().await?;
        for (name, value) in &self.counters {
            counters::set(&*self.tx, name, *value).await?;
        }
        for (change, _) in std::mem::take(&mut self.staged).changes {
            if let Some(known) = self.rows.get_mut(&(change.table, change.row_id)) {
                known.is_stored = known.now.is_some();
            }
            self.written.push(change);
        }
        Ok(())
    }

    /// Removals first, so that what they held (a number that must be unique) is free; then parents before children.
    async fn write_rows(&self) -> Result<()> {
        for table in Table::ALL {
            let LastStates { gone, changed, new } = self.last_states(table);
            rows::delete_all(&*self.tx, table, &gone).await?;
            rows::update(&*self.tx, &changed, &self.changed_columns(table)).await?;
            rows::insert(&*self.tx, &new).await?;
        }
        Ok(())
    }

    /// The rows of a table that this unit has touched, as they now stand.
    fn last_states(&self, table: Table) -> LastStates<'_> {
        let mut seen = HashSet::new();
        let mut last = LastStates::default();
        for id in self.staged.changed_rows(table).filter(|id| seen.insert(*id)) {
            let Some(known) = self.rows.get(&(table, id)) else { continue };
            match &known.now {
                Some(row) if known.is_stored => last.changed.push(row),
                Some(row) => last.new.push(row),
                None if known.is_stored => last.gone.push(id),
                None => {}
            }
        }
        last
    }

    /// Columns in which any row of a table has changed: the others are not written, and their indexes not touched.
    fn changed_columns(&self, table: Table) -> Vec<&'static Column> {
        let changes = self.staged.changes.iter().map(|(change, _)| change);
        let changed: HashSet<_> = changes.filter(|change| change.table == table).flat_map(changed_columns).collect();
        let columns = table.columns().iter();
        columns.filter(|column| column.name != "id" && changed.contains(column.name)).collect()
    }

    async fn write_logs(&mut self) -> Result<()> {
        let mut audit = std::mem::take(&mut self.staged.audit);
        let mut entries = Vec::with_capacity(audit.len());
        for ((change, at), audit) in self.staged.changes.iter().zip(&mut audit) {
            let (old_row, new_row) = (change.old.as_ref().map(Row::to_pg_text), change.new.as_ref().map(Row::to_pg_text));
            audit.table_name = change.table.sql_name().to_owned();
            audit.row_id = sea_orm::value::TextUuid(change.row_id.0);
            audit.changed_columns = serde_json::Value::from_iter(changed_columns(change)).to_string();
            (audit.old_row, audit.new_row) = (old_row.clone(), new_row.clone());
            entries.push(changes::model(change, old_row, new_row, *at));
        }
        let audit = audit.into_iter().map(|model| audit_log::ActiveModel {
            id: NotSet,
            ..model.into_active_model()
        });
        insert_all::<audit_log::Entity, _>(&self.tx, audit).await?;
        insert_all::<crate::db::entity::change::Entity, _>(&self.tx, entries.into_iter().map(IntoActiveModel::into_active_model)).await?;
        let receipts = self.staged.receipts.iter().filter_map(|id| self.receipts.get(id)?.clone());
        insert_all::<receipt::Entity, _>(&self.tx, receipts.map(IntoActiveModel::into_active_model)).await?;
        let moves = std::mem::take(&mut self.staged.stage_moves);
        insert_all::<turn_stage_history::Entity, _>(&self.tx, moves).await
    }
}

/// Inserts rows of one entity, as many per statement as there may be parameters.
async fn insert_all<E, A>(tx: &crate::db::Transaction, models: impl IntoIterator<Item = A>) -> Result<()>
where
    E: EntityTrait,
    A: sea_orm::ActiveModelTrait<Entity = E>,
{
    let models: Vec<A> = models.into_iter().collect();
    let per_statement = MAX_PARAMETERS / E::Column::iter().count().max(1);
    let mut models = models.into_iter().peekable();
    while models.peek().is_some() {
        let some: Vec<A> = models.by_ref().take(per_statement).collect();
        E::insert_many(some).exec_without_returning(&**tx).await?;
    }
    Ok(())
}

fn changed_columns(change: &Change) -> impl Iterator<Item = &'static str> {
    let columns = change.table.columns().iter().enumerate();
    columns
        .filter(|(index, _)| at(&change.old, *index) != at(&change.new, *index))
        .map(|(_, column)| column.name)
}

/// What stands in a column; where there is no row, as where there is NULL.
fn at(row: &Option<Row>, index: usize) -> Option<&Value> {
    row.as_ref().map(|row| row.at(index)).filter(|value| !value.is_null())
}
