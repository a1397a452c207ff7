//! Many rows of a table as one piece of bytes: what a store writes at once, and what is shown without being unpacked.
//!
//! `1 · number of rows · number of columns · each column's name behind its length · each row behind its length`; what concerns rows has four
//! bytes, the lowest first, what concerns columns one.
//!
//! **Invariant:** what one version of the app wrote, another one reads by the columns' names or refuses whole; it never reads half a row.

use domain::{Row, Table, row::Packing};
use std::{ops::Range, sync::Arc};

/// Raised when the layout above changes.
const FORM: u8 = 1;

const NUMBER: usize = 4;

/// Writes rows of this table.
pub fn write(table: Table, rows: &[&Row]) -> Vec<u8> {
    let mut bytes = vec![FORM];
    bytes.extend_from_slice(&number(rows.len()));
    bytes.push(table.columns().len() as u8);
    for column in table.columns() {
        bytes.push(column.name.len() as u8);
        bytes.extend_from_slice(column.name.as_bytes());
    }
    for row in rows {
        let start = bytes.len() + NUMBER;
        bytes.extend_from_slice(&number(0));
        row.pack_into(&mut bytes);
        let length = number(bytes.len() - start);
        bytes[start - NUMBER..start].copy_from_slice(&length);
    }
    bytes
}

/// Reads what [`write`] wrote, today or in an earlier version of the app; `None` where it is something else.
pub fn read(table: Table, bytes: &Arc<[u8]>) -> Option<Vec<Row>> {
    let mut rest = Rest { bytes, at: 0 };
    if rest.take(1)? != [FORM] {
        return None;
    }
    let rows = rest.number()?;
    let columns = rest.take(1)?[0];
    let names: Vec<&[u8]> = (0..columns)
        .map(|_| rest.take(1).and_then(|length| rest.take(length[0].into())))
        .collect::<Option<_>>()?;
    let parts = rest.parts().filter(|parts| parts.len() == rows)?;
    let todays = table.columns().iter().map(|column| column.name.as_bytes());
    if names.iter().copied().eq(todays.take(names.len())) {
        return parts.into_iter().map(|part| Row::from_packed(table, bytes, part)).collect();
    }
    let places: Vec<Option<usize>> = names.iter().map(|name| table.column_index(str::from_utf8(name).ok()?)).collect();
    reordered(table, bytes, &places, parts)
}

/// Rows whose columns stood in another order: each value is put where it belongs today.
fn reordered(table: Table, bytes: &Arc<[u8]>, places: &[Option<usize>], parts: Vec<Range<usize>>) -> Option<Vec<Row>> {
    let mut packing = Packing::new(table);
    for part in parts {
        packing.put_packed(bytes.get(part)?, places)?;
        packing.end_row();
    }
    Some(packing.finish())
}

fn number(n: usize) -> [u8; NUMBER] {
    (n as u32).to_le_bytes()
}

/// What is still to be read.
struct Rest<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(length)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn number(&mut self) -> Option<usize> {
        let bytes = self.take(NUMBER)?.try_into().ok()?;
        u32::from_le_bytes(bytes).try_into().ok()
    }

    /// Where each row lies.
    fn parts(&mut self) -> Option<Vec<Range<usize>>> {
        let mut parts = Vec::new();
        while self.at < self.bytes.len() {
            let length = self.number()?;
            let start = self.at;
            self.take(length)?;
            parts.push(start..self.at);
        }
        Some(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{RowId, Value};

    fn row(table: Table, n: u8, column: &str, text: &str) -> Row {
        let id: RowId = format!("00000000-0000-7000-8000-0000000000{n:02}").parse().unwrap();
        let mut row = Row::blank(table);
        row.set("id", Value::Uuid(id.0));
        row.set("version", Value::Int(3));
        row.set(column, Value::text(text));
        row
    }

    fn items() -> [Row; 2] {
        [row(Table::ScopeItems, 1, "room", "Kitchen"), row(Table::ScopeItems, 2, "room", "Bath")]
    }

    fn written(rows: &[Row]) -> Vec<u8> {
        write(rows[0].table(), &rows.iter().collect::<Vec<_>>())
    }

    fn read_back(table: Table, bytes: Vec<u8>) -> Option<Vec<Row>> {
        read(table, &bytes.into())
    }

    #[test]
    fn rows_survive() {
        assert_eq!(read_back(Table::ScopeItems, written(&items())), Some(items().to_vec()));
        assert_eq!(read_back(Table::Turns, write(Table::Turns, &[])), Some(vec![]));
    }

    /// As if an earlier version of the app had had other columns, and the same ones elsewhere.
    #[test]
    fn columns_are_known_by_their_names() {
        let mut bytes = written(&[row(Table::PropertyTypes, 1, "name", "Kitchen")]);
        let at = bytes.windows(5).position(|window| window == b"\x04name").unwrap();
        bytes[at + 1..at + 5].copy_from_slice(b"room");
        let at = bytes.windows(11).position(|window| window == b"\x0aupdated_by").unwrap();
        bytes[at + 1..at + 11].copy_from_slice(b"of_1999_by");
        assert_eq!(read_back(Table::ScopeItems, bytes), Some(vec![row(Table::ScopeItems, 1, "room", "Kitchen")]));
    }

    #[test]
    fn a_column_of_another_type_is_refused() {
        let mut bytes = written(&[row(Table::PropertyTypes, 1, "name", "7")]);
        let at = bytes.windows(5).position(|window| window == b"\x04name").unwrap();
        bytes[at + 1..at + 5].copy_from_slice(b"unit");
        assert!(read_back(Table::ScopeItems, bytes.clone()).is_some());
        let at = bytes.windows(10).position(|window| window == b"\x09is_active").unwrap();
        bytes[at + 1..at + 10].copy_from_slice(b"vendor_id");
        assert_eq!(read_back(Table::ScopeItems, bytes.clone()).map(|rows| rows.len()), Some(1), "it is NULL");
        let mut row = row(Table::PropertyTypes, 1, "name", "7");
        row.set("is_active", Value::Bool(true));
        let mut bytes = written(&[row]);
        bytes[at + 1..at + 10].copy_from_slice(b"vendor_id");
        assert_eq!(read_back(Table::ScopeItems, bytes), None);
    }

    #[test]
    fn what_is_broken_is_refused_whole() {
        let good = written(&items());
        for cut in 0..good.len() {
            assert_eq!(read_back(Table::ScopeItems, good[..cut].to_vec()), None, "cut at {cut}");
        }
        let mut of_another_form = good;
        of_another_form[0] = 2;
        assert_eq!(read_back(Table::ScopeItems, of_another_form), None);
    }
}
