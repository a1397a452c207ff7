//! The turn stages that a new installation starts with.
//!
//! **Invariant:** made once, while the table is empty; from then on they belong to the administrators. Their ids are
//! the same everywhere, so that test data and exports of two installations agree.

use crate::{
    db::{Db, rows},
    problem::Result,
};
use domain::{Row, RowFilter, RowId, Table, Timestamp, Value, stage::DEFAULT_STAGES};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

/// Makes the default stages where there are none.
pub async fn seed(db: &Db, at: Timestamp) -> Result<()> {
    let tx = db.write().await?;
    if all(&*tx).await?.is_empty() {
        rows::insert(&*tx, &defaults(at)).await?;
    }
    tx.commit().await
}

/// All stages, in the order of their ids.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Row>> {
    Ok(rows::page(db, Table::TurnStages, &RowFilter::everything(), None, 1_000).await?)
}

/// The id that a default stage has in every installation; stages count from 0.
fn default_id(index: usize) -> RowId {
    const BASE: u128 = 0x0199_0000_0000_7000_8000_0000_0000_0001;
    RowId(Uuid::from_u128(BASE + index as u128))
}

fn defaults(at: Timestamp) -> Vec<Row> {
    let stage = |(index, seed): (usize, &domain::stage::StageSeed)| {
        let mut row = Row::blank(Table::TurnStages);
        for (at, column) in Table::TurnStages.columns().iter().enumerate() {
            row.set_at(at, column.default.value(column.kind));
        }
        row.set("id", Value::Uuid(default_id(index).0));
        row.set("version", Value::Int(1));
        row.set("created_at", Value::Timestamp(at));
        row.set("updated_at", Value::Timestamp(at));
        row.set("key", Value::text(seed.key));
        row.set("name", Value::text(seed.name));
        row.set("color", Value::text(seed.color));
        row.set("sequence", Value::Int(index as i64 + 1));
        for flag in seed.flags {
            row.set(flag, Value::Bool(true));
        }
        row
    };
    DEFAULT_STAGES.iter().enumerate().map(stage).collect()
}
