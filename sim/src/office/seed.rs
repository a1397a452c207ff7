//! The office as every run begins: a few people, homes and turns.
//!
//! **Invariant:** every role that works on turns is there, and some homes are nobody's but their manager's.

use super::{EPOCH_MS, Office};
use domain::{Role, Row, RowId, Table, Timestamp, UserId, Value, mutation::inherit_visibility, mutation::lend_sight, stage::DEFAULT_STAGES};
use protocol::User;
use std::{collections::BTreeMap, sync::OnceLock};
use uuid::Uuid;

/// The tables that are played with.
pub const TABLES: [Table; 7] = [
    Table::TurnStages,
    Table::Vendors,
    Table::Properties,
    Table::Turns,
    Table::ScopeItems,
    Table::Approvals,
    Table::Documents,
];

/// Ids that everybody knows.
pub mod ids {
    use super::{RowId, UserId, Uuid};

    /// A person of the cast.
    pub const fn user(n: u64) -> UserId {
        UserId(id(1, n))
    }
    /// A vendor: 0 and 1.
    pub const fn vendor(n: u64) -> RowId {
        RowId(id(2, n))
    }
    /// A home: 0 to 2.
    pub const fn property(n: u64) -> RowId {
        RowId(id(3, n))
    }
    /// The turn of a home.
    pub const fn turn(n: u64) -> RowId {
        RowId(id(4, n))
    }
    /// A line of scope: 0 and 1 of the first turn, 2 of the second.
    pub const fn scope_item(n: u64) -> RowId {
        RowId(id(5, n))
    }
    /// A stage, by its place.
    pub const fn stage(n: u64) -> RowId {
        RowId(id(6, n))
    }
    /// What the office asks by itself.
    pub const fn asked(n: u64) -> RowId {
        RowId(id(7, n))
    }
    /// What is made during a run; greater than all that was there before, and in the order of making.
    pub const fn made(n: u64) -> Uuid {
        id(9, n)
    }

    const fn id(kind: u64, n: u64) -> Uuid {
        Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0000 | ((kind as u128) << 80) | n as u128)
    }
}

/// Who works on tablets: everybody but the administrator, who is the first.
pub const PEOPLE: usize = 6;

/// The cast: an administrator, a senior manager, two managers, an inspector, somebody of a vendor's, and a director who approves.
pub fn people() -> Vec<User> {
    let person = |n: u64, name: &str, role, vendor_id| User {
        id: ids::user(n),
        email: format!("{}@example.test", name.to_lowercase()),
        name: name.to_owned(),
        role,
        vendor_id,
        must_change_password: false,
    };
    vec![
        person(0, "Ada", Role::Admin, None),
        person(1, "Sam", Role::SrPropertyManager, None),
        person(2, "Maria", Role::PropertyManager, None),
        person(3, "Noor", Role::PropertyManager, None),
        person(4, "Ivo", Role::Inspector, None),
        person(5, "Vic", Role::Vendor, Some(ids::vendor(0))),
        person(6, "Dora", Role::DfoApprover, None),
    ]
}

pub(super) fn office() -> Office {
    type Made = (Vec<User>, BTreeMap<(Table, RowId), Row>);
    static MADE: OnceLock<Made> = OnceLock::new();
    let (people, rows) = MADE.get_or_init(|| (people(), rows()));
    Office {
        people: people.clone(),
        rows: rows.clone(),
        turns_numbered: 3,
        ..Office::default()
    }
}

/// Everything that stands in the office when a run begins.
pub fn rows() -> BTreeMap<(Table, RowId), Row> {
    let mut rows = vec![];
    for (place, stage) in DEFAULT_STAGES.iter().enumerate() {
        let mut row = blank(Table::TurnStages, ids::stage(place as u64));
        row.set("key", Value::text(stage.key));
        row.set("name", Value::text(stage.name));
        row.set("sequence", Value::Int(place as i64));
        row.set("is_active", Value::Bool(true));
        for flag in stage.flags {
            row.set(flag, Value::Bool(true));
        }
        rows.push(row);
    }
    for n in 0..2 {
        let mut vendor = blank(Table::Vendors, ids::vendor(n));
        vendor.set("company_name", Value::text(format!("Company {n}")));
        vendor.set("is_approved", Value::Bool(true));
        rows.push(vendor);
    }
    let homes: Vec<Row> = (0..3).map(home).collect();
    for (n, mut home) in (0..).zip(homes) {
        let turn = turn(n, &home);
        lend_sight(&mut home, Some(&turn));
        let items = if n == 0 { 0..2 } else { 2 * n..2 * n + 1 };
        rows.extend(items.map(|item| scope_item(item, &turn)));
        rows.extend([turn, home]);
    }
    rows.into_iter().map(|row| ((row.table(), row.id()), row)).collect()
}

fn blank(table: Table, id: RowId) -> Row {
    let mut row = Row::blank(table);
    for (index, column) in table.columns().iter().enumerate() {
        row.set_at(index, column.default.value(column.kind));
    }
    row.set("id", Value::Uuid(id.0));
    row.set("version", Value::Int(1));
    let at = Timestamp::from_millis(EPOCH_MS - 1_000);
    row.set("created_at", Value::Timestamp(at));
    row.set("updated_at", Value::Timestamp(at));
    row
}

/// The first two are Maria's, the third is Noor's; Sam is over the first and the third.
fn home(n: u64) -> Row {
    let mut home = blank(Table::Properties, ids::property(n));
    home.set("property_number", Value::text(format!("P-{n}")));
    for column in ["name", "street_address", "city"] {
        home.set(column, Value::text(format!("{column} {n}")));
    }
    home.set("lock_box_code", Value::text("1234"));
    home.set("property_manager_id", Value::Uuid(ids::user(if n < 2 { 2 } else { 3 }).0));
    if n != 1 {
        home.set("sr_property_manager_id", Value::Uuid(ids::user(1).0));
    }
    home
}

fn turn(n: u64, home: &Row) -> Row {
    let mut turn = blank(Table::Turns, ids::turn(n));
    inherit_visibility(&mut turn, home);
    turn.set("turn_number", Value::text(format!("TURN-2026-{:05}", n + 1)));
    turn.set("property_id", home.get("id").clone());
    turn.set("stage_id", Value::Uuid(ids::stage(0).0));
    if n != 1 {
        turn.set("vendor_id", Value::Uuid(ids::vendor(0).0));
        turn.set("superintendent_id", Value::Uuid(ids::user(4).0));
    }
    turn
}

fn scope_item(n: u64, turn: &Row) -> Row {
    let mut item = blank(Table::ScopeItems, ids::scope_item(n));
    inherit_visibility(&mut item, turn);
    item.set("turn_id", turn.get("id").clone());
    for column in ["room", "category", "description"] {
        item.set(column, Value::text(format!("{column} {n}")));
    }
    // A few of the dear ones ask for an approval, all of them for the director's and for no more.
    item.set("unit_cost", Value::Numeric(if matches!(n, 1 | 4) { 110_000 } else { 12_000 }));
    item
}
