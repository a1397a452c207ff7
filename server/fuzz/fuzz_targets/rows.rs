//! A few rows of unlike values, in SQLite and at hand.
//!
//! **Invariant:** both are the same rows.

use domain::{ColumnType, Row, RowFilter, Table, Timestamp, Value};
use sea_orm::sea_query::Cond;
use server::{
    config::{DatabaseSettings, DatabaseUrl},
    db::{Db, rows},
};
use std::collections::HashMap;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

/// Columns of every type, and rows that belong to no other row.
pub const TABLES: [Table; 3] = [Table::Vendors, Table::Notifications, Table::Documents];
const ROWS: usize = 9;

/// A database, and what is in it.
pub struct World {
    runtime: Runtime,
    db: Db,
    rows: HashMap<Table, Vec<Row>>,
    _folder: TempDir,
}

impl World {
    /// Makes it.
    pub fn new() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("fuzz.db").display());
        let settings = DatabaseSettings::only(DatabaseUrl::read("DATABASE_URL", url).unwrap());
        let (db, rows) = runtime.block_on(async {
            let db = Db::open(&settings).await.unwrap();
            let mut all = HashMap::new();
            for table in TABLES {
                let made: Vec<Row> = (0..ROWS).map(|number| row(table, number)).collect();
                let transaction = db.write().await.unwrap();
                rows::insert(&*transaction, &made).await.unwrap();
                transaction.commit().await.unwrap();
                all.insert(table, made);
            }
            (db, all)
        });
        Self {
            runtime,
            db,
            rows,
            _folder: folder,
        }
    }

    /// All rows of a table.
    pub fn rows(&self, table: Table) -> &[Row] {
        &self.rows[&table]
    }

    /// Those that SQLite finds.
    pub fn find(&self, table: Table, filter: &RowFilter, condition: Cond) -> Vec<Row> {
        let found = rows::page_where(self.db.readers(), table, filter, condition, None, ROWS as u64);
        self.runtime.block_on(found).unwrap()
    }
}

fn row(table: Table, number: usize) -> Row {
    let mut row = Row::blank(table);
    for (index, column) in table.columns().iter().enumerate() {
        if column.required || !(index + number).is_multiple_of(4) {
            let choice = column.choices.get(number % column.choices.len().max(1));
            row.set_at(index, choice.map_or_else(|| value(column.kind, number + index), |choice| Value::text(*choice)));
        }
    }
    row.set("id", Value::Uuid(Uuid::from_u128(number as u128 + 1)));
    row
}

fn value(kind: ColumnType, number: usize) -> Value {
    let texts = ["a", "A%", "a_b", "Łódź", "[x]*?", "a\\b", "'"];
    let text = texts[number % texts.len()];
    match kind {
        ColumnType::Text => Value::text(text),
        ColumnType::Bool => Value::Bool(number.is_multiple_of(2)),
        ColumnType::Int4 | ColumnType::Int8 => Value::Int([0, 1, -1, 7, 2_147_483_647][number % 5]),
        ColumnType::Numeric { .. } => Value::Numeric([0, -5, 100, 250][number % 4]),
        ColumnType::Uuid => Value::Uuid(Uuid::from_u128(number as u128)),
        ColumnType::Date => Value::from_pg_text(kind, Some(["2024-02-29", "2026-01-01"][number % 2])).unwrap(),
        ColumnType::Timestamp => Value::Timestamp(Timestamp::from_micros([0, 1_700_000_000_100_000, -1][number % 3])),
        ColumnType::TextArray => Value::Texts([text.into()].into()),
    }
}
