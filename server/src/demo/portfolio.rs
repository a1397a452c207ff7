//! The demo's homes.
//!
//! **Invariant:** no two homes have the same name.

use super::{
    companies,
    draw::Draw,
    fresh, is_vacant,
    people::People,
    words::{MARKETS, STREET_KINDS, STREETS},
};
use domain::{Row, Table, Timestamp, Value};
use std::collections::HashSet;

/// So many homes, each with a name of its own: names tell the cards of the board apart.
pub fn draw(draw: &mut Draw, people: &People, count: usize, now: Timestamp) -> Vec<Row> {
    let mut names = HashSet::with_capacity(count);
    (0..count)
        .map(|index| {
            let name = loop {
                let name = street_address(draw);
                if names.insert(name.clone()) {
                    break name;
                }
            };
            property(draw, people, index, &name, now)
        })
        .collect()
}

fn street_address(draw: &mut Draw) -> String {
    format!("{} {} {}", draw.between(101..=9_899), draw.one_of(&STREETS), draw.one_of(&STREET_KINDS))
}

fn property(draw: &mut Draw, people: &People, index: usize, name: &str, now: Timestamp) -> Row {
    let managers = people.manager_of(index);
    let mut row = fresh(Table::Properties, draw, managers.manager, now);
    let market = draw.one_of(&MARKETS);
    let (city, zip_code) = *draw.one_of(market.towns);
    let bedrooms = draw.between(2..=5);
    let area = 420 * bedrooms + draw.between(-120..=480);
    // To the next $25, as rents are asked.
    let rent = (35_000 + 30_000 * bedrooms + draw.between(0..=45_000)) / 2_500 * 2_500;
    for (column, value) in [
        ("property_number", Value::text(format!("P-{}", 10_001 + index))),
        ("name", Value::text(name)),
        ("street_address", Value::text(name)),
        ("city", Value::text(city)),
        ("state", Value::text(market.state)),
        ("zip_code", Value::text(zip_code)),
        ("county", Value::text(market.county)),
        ("market", Value::text(market.name)),
        ("year_built", Value::Int(draw.between(1948..=2019))),
        ("area_sqft", Value::Int(area)),
        ("bedrooms", Value::Numeric(bedrooms * 10)),
        ("bathrooms", Value::Numeric(10 + 5 * draw.between(0..=bedrooms.min(4)))),
        ("monthly_rent", Value::Numeric(rent)),
        ("property_type_id", Value::Uuid(companies::property_type_id(index).0)),
        ("is_section_8", Value::Bool(draw.percent(12))),
        ("in_disposition", Value::Bool(draw.percent(3))),
        ("property_manager_id", Value::Uuid(managers.manager.0)),
        ("sr_property_manager_id", managers.senior.map_or(Value::Null, |senior| Value::Uuid(senior.0))),
    ] {
        row.set(column, value);
    }
    let moved_in = now.date_utc().plus_days(-(draw.between(120..=2_400) as i32));
    if !is_vacant(index) {
        row.set("move_in_date", Value::Date(moved_in));
    }
    row
}
