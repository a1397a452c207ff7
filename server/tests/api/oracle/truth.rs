//! What somebody sees, asked of the database itself: who may see what stands here once more, in SQL, and so do the values' texts.
//!
//! **Invariant:** nothing of the read path takes part.

use super::shape::Wish;
use domain::{Column, ColumnType, Role, Table};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// Rows by their id.
pub type Rows = BTreeMap<String, Map<String, Json>>;

/// Somebody's account, as it stands.
#[derive(Clone, Debug)]
pub struct Account {
    pub user: String,
    pub role: Role,
    pub vendor: Option<String>,
}

/// The rows that somebody sees of what is wished for.
pub async fn rows(db: &DatabaseConnection, account: &Account, wish: &Wish) -> Rows {
    let backend = db.get_database_backend();
    let columns = wish.table.columns().iter().filter(|column| match &wish.columns {
        Some(names) => names.contains(&column.name),
        None => !hidden(account.role, wish.table).contains(&column.name),
    });
    let columns: Vec<String> = columns.map(|column| format!("'{}', {}", column.name, text_of(backend, column))).collect();
    let (array, object) = match backend {
        DbBackend::Postgres => ("json_agg", "json_build_object"),
        _ => ("json_group_array", "json_object"),
    };
    let sql = format!(
        "SELECT CAST({array}({object}({})) AS text) FROM {} WHERE ({}) AND ({})",
        columns.join(", "),
        wish.table.sql_name(),
        visible(account, wish.table),
        wish.condition.as_deref().unwrap_or("1 = 1"),
    );
    let found = db.query_one_raw(Statement::from_string(backend, sql)).await.unwrap().unwrap();
    let text: Option<String> = found.try_get_by_index(0).unwrap();
    let rows: Vec<Map<String, Json>> = serde_json::from_str(text.as_deref().unwrap_or("[]")).unwrap();
    rows.into_iter().map(|row| (row["id"].as_str().unwrap().to_owned(), row)).collect()
}

/// A column's value in PostgreSQL's text form, NULL where it is.
fn text_of(backend: DbBackend, column: &Column) -> String {
    let name = column.name;
    if backend == DbBackend::Postgres {
        return format!("{name}::text");
    }
    match column.kind {
        ColumnType::Bool => format!("CASE {name} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"),
        ColumnType::Numeric { scale, .. } => {
            let unit = 10_i64.pow(u32::from(scale));
            let digits = format!("printf('%d.%0{scale}d', abs({name}) / {unit}, abs({name}) % {unit})");
            format!("CASE WHEN {name} < 0 THEN '-' || {digits} WHEN {name} >= 0 THEN {digits} END")
        }
        ColumnType::Timestamp => {
            let fraction = format!("rtrim(rtrim(printf('.%06d', {name} % 1000000), '0'), '.')");
            format!("strftime('%Y-%m-%d %H:%M:%S', {name} / 1000000, 'unixepoch') || {fraction} || '+00'")
        }
        ColumnType::Text | ColumnType::Int4 | ColumnType::Int8 | ColumnType::Uuid | ColumnType::Date | ColumnType::TextArray => {
            format!("CAST({name} AS text)")
        }
    }
}

/// Which rows of a table somebody sees.
fn visible(account: &Account, table: Table) -> String {
    let (me, work) = (&account.user, by_work(account));
    match table {
        Table::TurnStages | Table::PropertyTypes => "1 = 1".to_owned(),
        Table::Notifications => format!("user_id = '{me}'"),
        Table::Properties => work,
        Table::Turns | Table::Documents => format!("({work}) AND is_active = true"),
        // The items of the turns that are seen, whatever stands in the items.
        Table::ScopeItems => format!("turn_id IN (SELECT id FROM turns WHERE ({work}) AND is_active = true)"),
        Table::Vendors => match (account.role, &account.vendor) {
            (Role::SuperAdmin | Role::Admin, _) => "1 = 1".to_owned(),
            (Role::Vendor, Some(vendor)) => format!("id = '{vendor}'"),
            (Role::Vendor, None) => "1 = 0".to_owned(),
            _ => "is_approved = true AND is_active = true".to_owned(),
        },
        Table::Approvals => match account.role {
            Role::Inspector | Role::Vendor => "1 = 0".to_owned(),
            Role::DfoApprover => format!("(level = 'DFO' AND status = 'pending' OR decided_by = '{me}') AND is_active = true"),
            Role::HoApprover => format!("(level = 'HO' AND status = 'pending' OR decided_by = '{me}') AND is_active = true"),
            _ => format!("turn_id IN (SELECT id FROM turns WHERE ({work}) AND is_active = true)"),
        },
    }
}

fn by_work(account: &Account) -> String {
    let me = &account.user;
    match (account.role, &account.vendor) {
        (Role::SuperAdmin | Role::Admin, _) => "1 = 1".to_owned(),
        (Role::SrPropertyManager, _) => format!("sr_property_manager_id = '{me}'"),
        (Role::PropertyManager, _) => format!("property_manager_id = '{me}'"),
        (Role::Inspector, _) => format!("superintendent_id = '{me}'"),
        (Role::Vendor, Some(vendor)) => format!("vendor_id = '{vendor}' OR flooring_vendor_id = '{vendor}'"),
        (Role::Vendor, None) => "1 = 0".to_owned(),
        (Role::DfoApprover, _) => "approval_status = 'dfo_needed'".to_owned(),
        (Role::HoApprover, _) => "approval_status = 'ho_needed'".to_owned(),
    }
}

const MONEY_OF_TURNS: &[&str] = &[
    "estimated_amount",
    "approved_amount",
    "change_order_amount",
    "actual_amount",
    "approval_status",
    "scope_digest",
];

/// Columns that a role does not see.
const fn hidden(role: Role, table: Table) -> &'static [&'static str] {
    match (table, role) {
        (Table::Vendors, Role::SuperAdmin | Role::Admin) => &[],
        (Table::Vendors, _) => &["tax_id"],
        (Table::Properties, Role::DfoApprover | Role::HoApprover) => &["lock_box_code"],
        (Table::Properties, Role::Vendor) => &["monthly_rent", "notes", "approval_status"],
        (Table::Properties, Role::Inspector) => &["monthly_rent"],
        (Table::Turns, Role::Vendor) => MONEY_OF_TURNS,
        (Table::ScopeItems, Role::Vendor) => &["unit_cost", "approval_status"],
        (Table::Documents, Role::Vendor) => &["approval_status"],
        _ => &[],
    }
}

/// Whether no role is denied a column.
pub fn is_seen_by_all(table: Table, column: &str) -> bool {
    Role::ALL.iter().all(|role| !hidden(*role, table).contains(&column))
}
