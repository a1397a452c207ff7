//! What was written while it was recorded, written again: its SQL, carried out on our tables through a unit of work.

use super::ours;
use crate::support::audit_of_nobody;
use domain::{Row, RowId, Table, Timestamp, Value};
use server::db::{Db, Unit, rows, unit::Entry};
use sqlparser::{
    ast::{AssignmentTarget, Expr, FromTable, Insert, SetExpr, Statement, TableObject, Update, Value as Literal},
    dialect::PostgreSqlDialect,
    parser::Parser,
};

/// What `now()` was to the recorded database where that matters.
const NOW: &str = "2026-11-23 02:48:43.802302+00";

/// Carries out one transaction.
pub async fn write(db: &Db, sql: &str) {
    let statements = Parser::parse_sql(&PostgreSqlDialect {}, sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
    let mut unit = db.unit().await.unwrap();
    for statement in statements {
        match statement {
            // A view is nothing that a shape could be of.
            Statement::StartTransaction { .. } | Statement::Commit { .. } | Statement::CreateView(_) => {}
            Statement::Insert(insert) => put_new(db, &mut unit, &insert).await,
            Statement::Update(update) => change(&mut unit, &update).await,
            Statement::Delete(delete) => {
                let FromTable::WithFromKeyword(from) = &delete.from else { panic!("{sql}") };
                let table = ours::table(&from[0].to_string()).unwrap();
                let old = unit.find(table, chosen(delete.selection.as_ref())).await.unwrap();
                put(&mut unit, old, None).await;
            }
            other => panic!("nobody has written such: {other}"),
        }
    }
    unit.commit().await.unwrap();
}

async fn put_new(db: &Db, unit: &mut Unit, insert: &Insert) {
    let TableObject::TableName(name) = &insert.table else { panic!("{insert}") };
    let table = ours::table(&name.to_string()).unwrap();
    let named: Vec<String> = insert.columns.iter().map(ToString::to_string).collect();
    let names = if named.is_empty() {
        ours::columns(table).map(str::to_owned).collect()
    } else {
        named
    };
    let SetExpr::Values(values) = &*insert.source.as_ref().unwrap().body else {
        panic!("{insert}")
    };
    for values in &values.rows {
        let new = new_row(db, table, names.iter().map(String::as_str).zip(&values.content)).await;
        put(unit, None, Some(new)).await;
    }
}

/// A row never gets another id here: that is one that goes and one that comes.
async fn change(unit: &mut Unit, update: &Update) {
    let table = ours::table(&update.table.to_string()).unwrap();
    let old = unit.find(table, chosen(update.selection.as_ref())).await.unwrap().unwrap();
    let mut new = old.clone();
    for assignment in &update.assignments {
        let AssignmentTarget::ColumnName(name) = &assignment.target else {
            panic!("{update}")
        };
        set(&mut new, &name.to_string(), &assignment.value);
    }
    if old.id() == new.id() {
        return put(unit, Some(old), Some(new)).await;
    }
    put(unit, Some(old), None).await;
    put(unit, None, Some(new)).await;
}

async fn put(unit: &mut Unit, old: Option<Row>, new: Option<Row>) {
    let audit = audit_of_nobody();
    unit.put(Entry { old, new, audit }, Timestamp::from_micros(0)).await.unwrap();
}

async fn new_row(db: &Db, table: Table, values: impl Iterator<Item = (&str, &Expr)>) -> Row {
    let mut row = Row::blank(table);
    for (index, column) in table.columns().iter().enumerate() {
        row.set_at(index, column.default.value(column.kind));
    }
    for (name, text) in [("created_at", NOW), ("updated_at", NOW), ("version", "0")] {
        set_text(&mut row, name, text);
    }
    if table == Table::Properties {
        set_text(&mut row, "is_core", "false");
    }
    for (name, value) in values {
        set(&mut row, name, value);
    }
    let number = row.id().to_string();
    // Behind every other name, as NULL is.
    for (name, text) in [("property_number", number.as_str()), ("name", "~"), ("street_address", "-"), ("city", "-")] {
        if table == Table::Properties && row.get(name).is_null() {
            set_text(&mut row, name, text);
        }
    }
    if table == Table::Turns {
        for (name, of) in [("property_id", Table::Properties), ("stage_id", Table::TurnStages)] {
            let any = rows::page(db.readers(), of, &domain::RowFilter::everything(), None, 1).await.unwrap();
            if row.get(name).is_null() {
                set_text(&mut row, name, &any[0].id().to_string());
            }
        }
    }
    row
}

fn set(row: &mut Row, recorded: &str, value: &Expr) {
    let name = ours::column(row.table(), recorded).unwrap();
    let column = row.table().column(name).unwrap();
    let value = match value {
        Expr::Identifier(same) if same.value == recorded => return,
        value => Value::from_pg_text(column.kind, text(value).as_deref()).unwrap(),
    };
    if !(value.is_null() && column.required) {
        assert!(row.set(name, value), "{name}");
    }
}

fn set_text(row: &mut Row, name: &str, text: &str) {
    let kind = row.table().column(name).unwrap().kind;
    assert!(row.set(name, Value::from_pg_text(kind, Some(text)).unwrap()), "{name}");
}

fn text(value: &Expr) -> Option<String> {
    let Expr::Value(value) = value else { panic!("{value} is no constant") };
    match &value.value {
        Literal::Null => None,
        Literal::SingleQuotedString(text) | Literal::Number(text, _) => Some(text.clone()),
        Literal::Boolean(value) => Some(value.to_string()),
        other => panic!("{other} is no value of ours"),
    }
}

/// The row of `where id = '…'`.
fn chosen(selection: Option<&Expr>) -> RowId {
    let Some(Expr::BinaryOp { right, .. }) = selection else {
        panic!("all rows at once")
    };
    text(right).unwrap().parse().unwrap()
}
