//! The tables themselves: what goes in comes out, in the same order, on either database.

use crate::support::{TestDatabase, commit_one_change, is_postgres};
use domain::{Column, ColumnType, Date, Row, RowFilter, RowId, Table, Timestamp, Value};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use sea_orm::{ConnectionTrait, Statement};
use server::db::{
    Db,
    changes::{self, Place},
    counters, rows,
};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Between them they have columns of every type, and no row of another table must be there first.
const TABLES: [Table; 2] = [Table::Properties, Table::Vendors];

#[tokio::test]
async fn the_migrated_columns_are_those_of_the_domain() {
    let database = TestDatabase::new().await;
    let db = Db::open(&database.settings()).await.unwrap();
    for table in Table::ALL {
        let described: Vec<_> = table.columns().iter().map(|column| (column.name.to_owned(), stored_type(column))).collect();
        assert_eq!(migrated_columns(&db, table).await, described, "{table:?}");
    }
    db.close().await;
}

async fn migrated_columns(db: &Db, table: Table) -> Vec<(String, String)> {
    let name = table.sql_name();
    let sql = if is_postgres() {
        format!(
            "SELECT attname::text, format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END
             FROM pg_attribute WHERE attrelid = '{name}'::regclass AND attnum > 0 ORDER BY attnum"
        )
    } else {
        format!("SELECT name, type || CASE WHEN \"notnull\" THEN ' NOT NULL' ELSE '' END FROM pragma_table_info('{name}') ORDER BY cid")
    };
    let statement = Statement::from_string(db.readers().get_database_backend(), sql);
    let found = db.readers().query_all_raw(statement).await.unwrap();
    found.iter().map(|row| row.try_get_many_by_index().unwrap()).collect()
}

fn stored_type(column: &Column) -> String {
    let name = match (is_postgres(), column.kind) {
        (true, ColumnType::Bool) => "boolean".to_owned(),
        (true, ColumnType::Int4) => "integer".to_owned(),
        (true, ColumnType::Int8) => "bigint".to_owned(),
        (true, ColumnType::Numeric { scale, digits }) => format!("numeric({digits},{scale})"),
        (true, ColumnType::Timestamp) => "timestamp with time zone".to_owned(),
        (true, kind) => kind.pg_name().to_owned(),
        (false, ColumnType::Text | ColumnType::Uuid | ColumnType::Date | ColumnType::TextArray) => "TEXT".to_owned(),
        (false, _) => "INTEGER".to_owned(),
    };
    let not_null = if column.required { " NOT NULL" } else { "" };
    format!("{name}{not_null}")
}

fn any_value(kind: ColumnType) -> BoxedStrategy<Value> {
    // PostgreSQL's text holds every character but this one.
    let text = || prop::string::string_regex("[^\0]{0,12}").unwrap().prop_map(Box::<str>::from);
    let first_day = Date::new(1, 1, 1).unwrap();
    let microseconds = -62_135_596_800_000_000..253_402_300_800_000_000_i64;
    match kind {
        ColumnType::Text => text().prop_map(Value::Text).boxed(),
        ColumnType::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        ColumnType::Int4 => any::<i32>().prop_map(|n| Value::Int(n.into())).boxed(),
        ColumnType::Int8 => any::<i64>().prop_map(Value::Int).boxed(),
        ColumnType::Numeric { digits, .. } => {
            let end = 10_i64.pow(digits.into());
            (1 - end..end).prop_map(Value::Numeric).boxed()
        }
        ColumnType::Uuid => any::<u128>().prop_map(|n| Value::Uuid(Uuid::from_u128(n))).boxed(),
        ColumnType::Date => (0..3_652_059).prop_map(move |days| Value::Date(first_day.plus_days(days))).boxed(),
        ColumnType::Timestamp => microseconds.prop_map(|micros| Value::Timestamp(Timestamp::from_micros(micros))).boxed(),
        ColumnType::TextArray => prop::collection::vec(text(), 0..4).prop_map(|texts| Value::Texts(texts.into())).boxed(),
    }
}

/// A row with any values, and NULL now and then where that is allowed.
fn any_row(table: Table, runner: &mut TestRunner) -> Row {
    let mut row = Row::blank(table);
    for (index, column) in table.columns().iter().enumerate() {
        let value = any_value(column.kind);
        let value = if column.required {
            value
        } else {
            prop_oneof![1 => Just(Value::Null), 3 => value].boxed()
        };
        row.set_at(index, value.new_tree(runner).unwrap().current());
    }
    // The one that is unique.
    row.set("property_number", Value::text(row.id().to_string()));
    row
}

#[tokio::test]
async fn a_row_comes_back_as_it_went_in_whatever_its_values_are() {
    let database = TestDatabase::new().await;
    let db = Db::open(&database.settings()).await.unwrap();
    let mut runner = TestRunner::default();
    for table in TABLES {
        let mut all: Vec<Row> = (0..60).map(|_| any_row(table, &mut runner)).collect();
        let tx = db.write().await.unwrap();
        rows::insert(&*tx, &all).await.unwrap();
        all.sort_by_key(Row::id);
        assert_eq!(rows::page(&*tx, table, &RowFilter::everything(), None, 1_000).await.unwrap(), all);
        // Half of the columns, then the others: what is not named stays.
        let columns: Vec<_> = table.columns().iter().skip(1).collect();
        for columns in columns.chunks(columns.len().div_ceil(2)) {
            for row in &mut all {
                let drawn = any_row(table, &mut runner);
                for column in columns {
                    row.set(column.name, drawn.get(column.name).clone());
                }
            }
            rows::update(&*tx, &all.iter().collect::<Vec<_>>(), columns).await.unwrap();
            assert_eq!(rows::page(&*tx, table, &RowFilter::everything(), None, 1_000).await.unwrap(), all);
        }
        for (column, value) in table.columns().iter().zip(all[0].values()).filter(|(_, value)| !value.is_null()) {
            let found = rows::all_where(&*tx, table, column.name, value).await.unwrap();
            assert!(found.contains(&all[0]), "{}", column.name);
            assert!(found.iter().all(|row| row.get(column.name) == value), "{}", column.name);
        }
        rows::delete_all(&*tx, table, &[all[0].id()]).await.unwrap();
        assert_eq!(rows::find(&*tx, table, all[0].id()).await.unwrap(), None);
    }
    db.close().await;
}

#[tokio::test]
async fn pages_follow_the_ids_and_leave_nothing_out() {
    let database = TestDatabase::new().await;
    let db = Db::open(&database.settings()).await.unwrap();
    let mut runner = TestRunner::default();
    let all: Vec<Row> = (0..200).map(|_| any_row(Table::Vendors, &mut runner)).collect();
    let tx = db.write().await.unwrap();
    rows::insert(&*tx, &all).await.unwrap();
    let filter = RowFilter::all_of([("is_active", Value::Bool(true))]);
    let mut expected = all
        .iter()
        .filter(|row| filter.admits(row))
        .map(Row::id)
        .collect::<BTreeSet<RowId>>()
        .into_iter();
    let mut after = None;
    loop {
        let page = rows::page(&*tx, Table::Vendors, &filter, after, 7).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id());
        assert!(page.iter().map(|row| Some(row.id())).eq((0..page.len()).map(|_| expected.next())));
    }
    assert_eq!(expected.next(), None);
    drop(tx);
    db.close().await;
}

async fn commit_now_and_then(db: Db, times: usize) {
    for _ in 0..times {
        commit_one_change(&db).await;
    }
}

#[tokio::test]
async fn whoever_reads_the_log_while_two_servers_write_misses_nothing() {
    const WRITERS: usize = 4;
    const TIMES: usize = 15;
    let database = TestDatabase::new().await;
    let (one, other) = (Db::open(&database.settings()).await.unwrap(), Db::open(&database.settings()).await.unwrap());
    let writers: Vec<_> = (0..WRITERS)
        .map(|n| tokio::spawn(commit_now_and_then(if n % 2 == 0 { one.clone() } else { other.clone() }, TIMES)))
        .collect();
    let mut end = 0;
    while end < (WRITERS * TIMES) as i64 {
        let moment = other.snapshot().await.unwrap();
        end = counters::current(&moment, counters::CHANGE_POSITION).await.unwrap();
        let read = changes::after(&moment, Table::Vendors, Place::end_of(0), end, 1_000).await.unwrap();
        assert!(
            read.iter().map(|change| change.place.position).eq(1..=end),
            "a place was stepped over below {end}"
        );
    }
    for writer in writers {
        writer.await.unwrap();
    }
    one.close().await;
    other.close().await;
}
