//! A change that nobody asked for, straight through a unit of work.

use domain::{Row, Table, Timestamp, Value};
use sea_orm::prelude::TextUuid;
use server::db::{Db, entity::audit_log, unit::Entry};
use uuid::Uuid;

const AT: Timestamp = Timestamp::from_micros(0);

/// Commits one new vendor: one position, one entry in the log.
pub async fn commit_one_change(db: &Db) {
    let mut vendor = Row::blank(Table::Vendors);
    for (index, column) in Table::Vendors.columns().iter().enumerate() {
        vendor.set_at(index, column.default.value(column.kind));
    }
    for (column, value) in [
        ("id", Value::Uuid(super::new_id().parse().unwrap())),
        ("version", Value::Int(1)),
        ("created_at", Value::Timestamp(AT)),
        ("updated_at", Value::Timestamp(AT)),
        ("company_name", Value::text("Handy & Sons")),
    ] {
        assert!(vendor.set(column, value), "{column}");
    }
    let mut unit = db.unit().await.unwrap();
    let new = Some(vendor);
    unit.put(
        Entry {
            old: None,
            new,
            audit: audit_of_nobody(),
        },
        AT,
    )
    .await
    .unwrap();
    unit.commit().await.unwrap();
}

/// What the audit log says of a change that nobody asked for.
pub fn audit_of_nobody() -> audit_log::Model {
    audit_log::Model {
        id: 0,
        at: AT.micros(),
        user_id: TextUuid(Uuid::nil()),
        role: "ADMIN".to_owned(),
        address: None,
        user_agent: None,
        table_name: String::new(),
        row_id: TextUuid(Uuid::nil()),
        operation: "create".to_owned(),
        write_id: None,
        old_row: None,
        new_row: None,
        changed_columns: String::new(),
        on_behalf_of: None,
    }
}
