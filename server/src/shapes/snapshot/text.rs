//! Rows of a snapshot as messages, written from what the database has packed.
//!
//! **Invariant:** the text is the one that [`message::snapshot_row`](super::super::message::snapshot_row) makes of the same row.

use crate::{
    db::rows::{Cells, Packed},
    shapes::shape::Shape,
};
use domain::Column;
use sea_orm::DbErr;

/// How a shape's rows are written.
#[derive(Clone)]
pub struct RowText {
    /// Up to the id.
    begin: String,
    /// Each column's name with what stands around it, in the order in which JSON has them.
    names: Vec<String>,
    /// The columns, in the same order.
    pub columns: Vec<&'static Column>,
    end: String,
}

impl RowText {
    /// Of a shape.
    pub fn of(shape: &Shape) -> Self {
        let table = shape.table.sql_name();
        let mut columns: Vec<&'static Column> = shape.columns().map(|(_, column)| column).collect();
        columns.sort_by_key(|column| column.name);
        let name = |(index, column): (usize, &&Column)| format!("{}\"{}\":", if index == 0 { "" } else { "," }, column.name);
        Self {
            begin: format!(r#"{{"key":"\"public\".\"{table}\"/\""#),
            names: columns.iter().enumerate().map(name).collect(),
            columns,
            end: format!(r#"}},"headers":{{"relation":["public","{table}"],"operation":"insert"}}}}"#),
        }
    }

    /// How long so many rows will be, about.
    pub fn bytes(&self, packed: &Packed) -> usize {
        let around: usize = self.names.iter().map(String::len).sum::<usize>() + self.begin.len() + self.end.len();
        packed.bytes() + around * packed.count() as usize
    }

    /// Messages with commas between them.
    pub fn write(&self, packed: &Packed) -> Result<String, DbErr> {
        let mut json = String::with_capacity(self.bytes(packed) + self.bytes(packed) / 8);
        packed.each(|cells| {
            if !json.is_empty() {
                json.push(',');
            }
            self.write_row(&cells, &mut json)
        })?;
        Ok(json)
    }

    fn write_row(&self, cells: &Cells<'_>, json: &mut String) -> Result<(), DbErr> {
        json.push_str(&self.begin);
        let id_begin = json.len();
        cells.write(0, json)?;
        // Inside the key its quotes are escaped.
        json.remove(id_begin);
        json.pop();
        json.push_str("\\\"\",\"value\":{");
        for (index, name) in self.names.iter().enumerate() {
            json.push_str(name);
            cells.write(index + 1, json)?;
        }
        json.push_str(&self.end);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{DatabaseSettings, DatabaseUrl},
        db::{Db, rows},
        shapes::message,
    };
    use domain::{ColumnType, Row, Table, Timestamp, Value};
    use sea_orm::sea_query::Cond;
    use uuid::Uuid;

    /// Values that are written otherwise than most.
    fn awkward(kind: ColumnType, number: usize) -> Value {
        let texts = ["", "a \"quoted\" word", "a\\b\n\t\u{1}", "naïve — 日本 🏠", "null"];
        match kind {
            // Some must be unlike all others.
            ColumnType::Text => Value::text(format!("{}{number}", texts[number % texts.len()])),
            ColumnType::Bool => Value::Bool(number.is_multiple_of(2)),
            ColumnType::Int4 | ColumnType::Int8 => Value::Int([0, -1, 2_147_483_647][number % 3]),
            ColumnType::Numeric { .. } => Value::Numeric([0, -5, 123_456, -100][number % 4]),
            ColumnType::Uuid => Value::Uuid(Uuid::from_u128(number as u128)),
            ColumnType::Date => Value::from_pg_text(kind, Some("2024-02-29")).unwrap(),
            ColumnType::Timestamp => Value::Timestamp(Timestamp::from_micros([0, 1_700_000_000_100_000, -1][number % 3])),
            ColumnType::TextArray => Value::Texts([texts[number % texts.len()].into(), "NULL".into()].into()),
        }
    }

    #[tokio::test]
    async fn what_the_database_packs_is_what_a_row_says() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("t.db").display());
        let settings = DatabaseSettings::only(DatabaseUrl::read("DATABASE_URL", url).unwrap());
        let db = Db::open(&settings).await.unwrap();
        for table in [Table::Notifications, Table::PropertyTypes, Table::Vendors] {
            let tx = db.write().await.unwrap();
            for number in 0..7_usize {
                let mut row = Row::blank(table);
                for (index, column) in table
                    .columns()
                    .iter()
                    .enumerate()
                    .filter(|(index, column)| column.required || !(index + number).is_multiple_of(5))
                {
                    row.set_at(index, awkward(column.kind, number + index));
                }
                row.set("id", Value::Uuid(Uuid::from_u128(number as u128 + 1)));
                rows::insert(&*tx, &[row]).await.unwrap();
            }
            tx.commit().await.unwrap();
            let shape = Shape::whole(table, "e");
            let text = RowText::of(&shape);
            let packed = rows::packed(db.readers(), table, &text.columns, &shape.filter, Cond::all(), None, 5)
                .await
                .unwrap();
            assert_eq!((packed.count(), packed.last().map(|id| id.0)), (5, Some(Uuid::from_u128(5))));
            let read = rows::page(db.readers(), table, &shape.filter, None, 5).await.unwrap();
            let told: Vec<String> = read.iter().map(|row| message::text(&message::snapshot_row(&shape, row))).collect();
            assert_eq!(text.write(&packed).unwrap(), told.join(","), "{table:?}");
        }
    }
}
