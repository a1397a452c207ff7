//! The demo's reference data: vendors, and kinds of home.
//!
//! **Invariant:** ids are the same in every demo, so that a turn can name a vendor before it is made.

use domain::{Row, RowId, Table, Timestamp, Value};
use uuid::Uuid;

/// Company, person, trades, rating in hundredths.
const VENDORS: [(&str, &str, &[&str], i64); 12] = [
    ("Delgado Renovations", "Rosa Delgado", &["general", "drywall", "paint"], 470),
    ("Bright Coat Painting", "Owen Marsh", &["paint"], 440),
    ("True Level Flooring", "Hana Kim", &["flooring"], 455),
    ("Cedar & Sons Carpentry", "Paul Cedar", &["carpentry", "general"], 410),
    ("Clearwater Plumbing", "Ines Duarte", &["plumbing"], 430),
    ("Volt Brothers Electric", "Dev Anand", &["electrical"], 465),
    ("Fresh Start Cleaning", "Marta Nowak", &["cleaning", "trash out"], 480),
    ("Summit HVAC", "Leo Grant", &["hvac"], 420),
    ("Greenline Landscaping", "Joy Okoro", &["landscaping"], 390),
    ("Anchor Locksmiths", "Sam Field", &["locks"], 450),
    ("Prairie Roofing", "Walt Boone", &["roofing"], 405),
    ("Corner Appliance", "Mei Lin", &["appliances"], 435),
];

const KINDS_OF_HOME: [&str; 4] = ["Single-family home", "Townhouse", "Duplex", "Apartment"];

/// A vendor's id; they count from 1.
pub fn vendor_id(number: usize) -> RowId {
    RowId(Uuid::from_u128(0x0199_0000_0000_7000_8000_00ee_0000_0000 + number as u128))
}

/// The kind of a home.
pub fn property_type_id(property: usize) -> RowId {
    // Most are houses.
    let kind = if property.is_multiple_of(4) { property / 4 % KINDS_OF_HOME.len() } else { 0 };
    RowId(Uuid::from_u128(0x0199_0000_0000_7000_8000_00dd_0000_0001 + kind as u128))
}

/// All vendors: the last one has not been approved yet.
pub fn vendors(now: Timestamp) -> Vec<Row> {
    let vendor = |(index, (company, person, trades, rating)): (usize, &(&str, &str, &[&str], i64))| {
        let mut row = plain(Table::Vendors, vendor_id(index + 1), now);
        let domain_name: String = company.to_lowercase().chars().filter(char::is_ascii_alphabetic).collect();
        for (column, value) in [
            ("company_name", Value::text(*company)),
            ("contact_name", Value::text(*person)),
            ("email", Value::text(format!("office@{domain_name}.example"))),
            ("phone", Value::text(format!("(555) 010-{:04}", 1_200 + index))),
            ("trades", Value::Texts(trades.iter().map(|trade| (*trade).into()).collect())),
            ("license_number", Value::text(format!("LIC-{}", 40_217 + index * 13))),
            ("tax_id", Value::text(format!("00-{:07}", 1_204_551 + index * 977))),
            ("insurance_expires_on", Value::Date(now.date_utc().plus_days(20 + 31 * index as i32))),
            ("is_approved", Value::Bool(index + 1 < VENDORS.len())),
            ("rating", Value::Numeric(*rating)),
        ] {
            row.set(column, value);
        }
        row
    };
    VENDORS.iter().enumerate().map(vendor).collect()
}

/// The kinds of home.
pub fn property_types(now: Timestamp) -> Vec<Row> {
    let kind = |(index, name): (usize, &&str)| {
        let mut row = plain(Table::PropertyTypes, property_type_id(if index == 0 { 1 } else { index * 4 }), now);
        row.set("name", Value::text(*name));
        row
    };
    KINDS_OF_HOME.iter().enumerate().map(kind).collect()
}

fn plain(table: Table, id: RowId, now: Timestamp) -> Row {
    let mut row = Row::blank(table);
    for (index, column) in table.columns().iter().enumerate() {
        row.set_at(index, column.default.value(column.kind));
    }
    for (column, value) in [
        ("id", Value::Uuid(id.0)),
        ("version", Value::Int(1)),
        ("created_at", Value::Timestamp(now)),
        ("updated_at", Value::Timestamp(now)),
    ] {
        row.set(column, value);
    }
    row
}
