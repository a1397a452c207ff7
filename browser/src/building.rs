//! Builds a table of the view from many rows, in slices between two frames.
//!
//! **Invariant:** what is being built is nobody's but the builder's.

use crate::breath::Breath;
use domain::{Row, Table};
use sync::{ShapeBatch, view::TableView};

/// About a millisecond's work.
pub const ROWS_AT_ONCE: usize = 200;

/// The table that a batch brings whole.
pub async fn of_batch(batch: &ShapeBatch) -> TableView {
    let (mut breath, mut built) = (Breath::begin(), TableView::new(batch.table));
    for changes in batch.changes.chunks(ROWS_AT_ONCE) {
        built.take(changes);
        breath.take().await;
    }
    built
}

/// The table that these rows are.
pub async fn of_rows(table: Table, rows: Vec<Row>) -> TableView {
    let (mut breath, mut built) = (Breath::begin(), TableView::new(table));
    for (index, row) in rows.into_iter().enumerate() {
        built.put(row);
        if index % ROWS_AT_ONCE == 0 {
            breath.take().await;
        }
    }
    built
}
