//! Puts many rows into the view, without holding up a frame.
//!
//! **Invariant:** a table that comes whole is shown when all of it is there, and never to another user than it came for.

use super::Inner;
use crate::{
    breath::Breath,
    building::{self, ROWS_AT_ONCE},
};
use domain::{Row, Table};
use sync::{ShapeBatch, view::TableView};

/// What became of a table that was to be shown.
pub(super) enum Shown {
    /// It is shown.
    Yes,
    /// Something newer was shown while it was built.
    IsOld,
    /// Its user has gone.
    NotTheirs,
}

impl Inner {
    /// Shows what a stream has stored; `built` is the table where it has come whole.
    pub(super) async fn show(&self, batch: &ShapeBatch, built: Option<TableView>) {
        if let Some(built) = built {
            return self.change(|view| view.take_table(built));
        }
        let mut breath = Breath::begin();
        // In the log's order: what is shown in between is how things have stood.
        for changes in batch.changes.chunks(ROWS_AT_ONCE) {
            self.change(|view| view.apply_changes(batch.table, changes));
            breath.take().await;
        }
    }

    /// Shows a whole table as the store had it, if that `is_new_enough` once it is built.
    pub(super) async fn show_table(&self, table: Table, rows: Vec<Row>, is_new_enough: impl Fn() -> bool) -> Shown {
        let user = self.user_id();
        let built = building::of_rows(table, rows).await;
        if self.user_id() != user {
            return Shown::NotTheirs;
        }
        if !is_new_enough() {
            return Shown::IsOld;
        }
        self.change(|view| view.take_table(built));
        Shown::Yes
    }
}
