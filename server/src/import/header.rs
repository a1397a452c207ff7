//! What the columns of a spreadsheet are called.
//!
//! **Invariant:** a header means one column of a property, or one of its managers, or nothing; never two things.

use domain::{Column, Table, schema::SetBy};

/// What a header stands for.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// A column of the property.
    Column(&'static Column),
    /// A manager's email; the column that takes the manager's id.
    Person(&'static str),
}

/// Headers as people write them → the column. The columns' own names count as well.
const SYNONYMS: [(&str, &str); 42] = [
    ("property", "property_number"),
    ("property no", "property_number"),
    ("property id", "property_number"),
    ("prop number", "property_number"),
    ("number", "property_number"),
    ("unit number", "property_number"),
    ("property name", "name"),
    ("address", "street_address"),
    ("street", "street_address"),
    ("address 1", "street_address"),
    ("address line 1", "street_address"),
    ("property address", "street_address"),
    ("town", "city"),
    ("st", "state"),
    ("zip", "zip_code"),
    ("zipcode", "zip_code"),
    ("postal code", "zip_code"),
    ("region", "market"),
    ("built", "year_built"),
    ("sqft", "area_sqft"),
    ("sq ft", "area_sqft"),
    ("square feet", "area_sqft"),
    ("square footage", "area_sqft"),
    ("area", "area_sqft"),
    ("bed", "bedrooms"),
    ("beds", "bedrooms"),
    ("br", "bedrooms"),
    ("bath", "bathrooms"),
    ("baths", "bathrooms"),
    ("ba", "bathrooms"),
    ("rent", "monthly_rent"),
    ("market rent", "monthly_rent"),
    ("active", "is_active"),
    ("core", "is_core"),
    ("section 8", "is_section_8"),
    ("insurance", "has_insurance"),
    ("squatters", "has_squatters"),
    ("move in", "move_in_date"),
    ("move out", "move_out_date"),
    ("lockbox code", "lock_box_code"),
    ("lockbox", "lock_box_code"),
    ("comments", "notes"),
];

const PEOPLE: [(&str, &str); 7] = [
    ("manager", "property_manager_id"),
    ("manager email", "property_manager_id"),
    ("property manager", "property_manager_id"),
    ("property manager email", "property_manager_id"),
    ("senior manager email", "sr_property_manager_id"),
    ("senior property manager email", "sr_property_manager_id"),
    ("sr property manager email", "sr_property_manager_id"),
];

/// What a header means, in any case and punctuation.
pub fn target(header: &str) -> Option<Target> {
    let header = plain(header);
    if let Some((_, column)) = PEOPLE.iter().find(|(name, _)| *name == header) {
        return Some(Target::Person(column));
    }
    let named = SYNONYMS
        .iter()
        .find(|(name, _)| *name == header)
        .map_or_else(|| header.replace(' ', "_"), |(_, column)| (*column).to_owned());
    Table::Properties
        .column(&named)
        .filter(|column| column.set_by == SetBy::Author)
        .map(Target::Column)
}

impl Target {
    /// The column that takes the value.
    pub fn column_name(self) -> &'static str {
        match self {
            Self::Column(column) => column.name,
            Self::Person(column) => column,
        }
    }
}

/// `Property #` → `property number`
fn plain(header: &str) -> String {
    let spelled_out = header.replace('#', " number ").to_lowercase();
    let words: Vec<_> = spelled_out.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_people_write_them() {
        for (header, column) in [
            ("Property #", "property_number"),
            ("PROPERTY NUMBER", "property_number"),
            ("property_number", "property_number"),
            ("Address", "street_address"),
            ("Street", "street_address"),
            ("Zip", "zip_code"),
            ("Zip Code", "zip_code"),
            ("Rent", "monthly_rent"),
            ("Beds", "bedrooms"),
            ("Manager Email", "property_manager_id"),
            ("Sr. Property Manager Email", "sr_property_manager_id"),
            ("Is Section 8", "is_section_8"),
        ] {
            assert_eq!(target(header).map(Target::column_name), Some(column), "{header}");
        }
        for unknown in ["", "Colour", "version", "id", "created_at"] {
            assert!(target(unknown).is_none(), "{unknown}");
        }
    }

    #[test]
    fn every_synonym_names_a_column() {
        for (_, column) in SYNONYMS.iter().chain(&PEOPLE) {
            assert!(Table::Properties.column(column).is_some(), "{column}");
        }
    }
}
