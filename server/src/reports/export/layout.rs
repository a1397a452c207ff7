//! What an export's columns are: where each comes from, what it is called, and how wide it is on paper.
//!
//! **Invariant:** headers are promised to spreadsheets that build on them: add columns, never rename one. Lock-box codes
//! open homes and are in no export; what a role does not see on the screen is not in its files.

use domain::{ColumnType, Table, Viewer};

/// Where a column's values come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A column of one of the query's tables, by [`tables`]' name.
    Column(&'static str, &'static str),
    /// The name of the person whom a column names.
    Name(&'static str, &'static str),
    /// The email of the person whom a column names; for administrators.
    Email(&'static str, &'static str),
}

/// One column of an export.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// What it is called.
    pub header: &'static str,
    /// Where its values come from.
    pub origin: Origin,
    /// How it is printed; many columns are not.
    pub print: Option<Print>,
    /// Whether the end of the document gives its sum.
    pub is_summed: bool,
}

/// A column on paper.
#[derive(Clone, Copy, Debug)]
pub struct Print {
    /// What it is called where there is less room.
    pub header: &'static str,
    /// Its share of a line.
    pub share: u16,
}

/// The tables of an export's query: the exported one first, then those joined to it, each with its name and the column
/// that leads to it.
pub const fn tables(table: Table) -> &'static [(&'static str, Table, &'static str)] {
    match table {
        Table::Turns => &[
            ("t", Table::Turns, ""),
            ("p", Table::Properties, "t.property_id"),
            ("s", Table::TurnStages, "t.stage_id"),
            ("v", Table::Vendors, "t.vendor_id"),
            ("f", Table::Vendors, "t.flooring_vendor_id"),
        ],
        Table::Properties => &[("p", Table::Properties, ""), ("k", Table::PropertyTypes, "p.property_type_id")],
        _ => &[("v", Table::Vendors, "")],
    }
}

/// The columns of a table's export for a person.
pub fn fields(table: Table, viewer: &Viewer) -> Vec<Field> {
    let all = match table {
        Table::Turns => TURNS,
        Table::Properties => PROPERTIES,
        _ => VENDORS,
    };
    let is_seen = |field: &&Field| match field.origin {
        Origin::Column(of, column) | Origin::Name(of, column) => !viewer.hidden(table_of(table, of)).contains(&column),
        Origin::Email(..) => viewer.role.is_admin(),
    };
    all.iter().filter(is_seen).copied().collect()
}

impl Field {
    /// The form of its values, in the export of `table`.
    pub fn kind(&self, table: Table) -> ColumnType {
        match self.origin {
            Origin::Column(of, column) => table_of(table, of).column(column).map_or(ColumnType::Text, |column| column.kind),
            Origin::Name(..) | Origin::Email(..) => ColumnType::Text,
        }
    }

    const fn print(self, share: u16) -> Self {
        let header = self.header;
        self.print_as(header, share)
    }

    const fn print_as(mut self, header: &'static str, share: u16) -> Self {
        self.print = Some(Print { header, share });
        self
    }

    const fn summed(mut self) -> Self {
        self.is_summed = true;
        self
    }
}

fn table_of(exported: Table, name: &str) -> Table {
    let found = tables(exported).iter().find(|(of, _, _)| *of == name);
    found.map_or(exported, |(_, table, _)| *table)
}

const fn field(header: &'static str, origin: Origin) -> Field {
    Field {
        header,
        origin,
        print: None,
        is_summed: false,
    }
}

const fn turn(header: &'static str, column: &'static str) -> Field {
    field(header, Origin::Column("t", column))
}
const fn home(header: &'static str, column: &'static str) -> Field {
    field(header, Origin::Column("p", column))
}
const fn vendor(header: &'static str, column: &'static str) -> Field {
    field(header, Origin::Column("v", column))
}

const TURNS: &[Field] = &[
    turn("Turn number", "turn_number").print_as("Turn", 16),
    home("Property number", "property_number"),
    home("Property", "name").print(25),
    home("City", "city"),
    home("State", "state"),
    home("Zip code", "zip_code"),
    home("Market", "market"),
    field("Stage", Origin::Column("s", "name")).print(16),
    turn("In stage since (UTC)", "stage_entered_at"),
    turn("Priority", "priority"),
    turn("Work order", "work_order_number"),
    field("Manager", Origin::Name("t", "property_manager_id")).print(15),
    field("Senior manager", Origin::Name("t", "sr_property_manager_id")),
    field("Inspector", Origin::Name("t", "superintendent_id")),
    vendor("Vendor", "company_name").print(21),
    field("Flooring vendor", Origin::Column("f", "company_name")),
    turn("Move-out date", "move_out_date").print_as("Moved out", 10),
    turn("Due date", "due_date").print_as("Due", 10),
    turn("Assigned on", "assigned_on"),
    turn("Scope approved on", "scope_approved_on"),
    turn("Final walk on", "final_walk_on"),
    turn("Scan 360 on", "scan_360_on"),
    turn("Sent to leasing on", "sent_to_leasing_on"),
    turn("Completed on", "completed_on").print_as("Completed", 11),
    turn("Estimated amount", "estimated_amount").print_as("Estimated", 14).summed(),
    turn("Approved amount", "approved_amount").print_as("Approved", 14).summed(),
    turn("Change order amount", "change_order_amount"),
    turn("Actual amount", "actual_amount").print_as("Actual", 14).summed(),
    turn("Approval", "approval_status"),
    turn("Power", "power_status"),
    turn("Water", "water_status"),
    turn("Gas", "gas_status"),
    turn("Trash-out needed", "trash_out_needed"),
    turn("Appliances needed", "appliances_needed"),
    turn("Appliances ordered", "appliances_ordered"),
    turn("Active", "is_active"),
    turn("Notes", "notes"),
    turn("Created at (UTC)", "created_at"),
    turn("Updated at (UTC)", "updated_at"),
    turn("Id", "id"),
];

/// The headers are among those that `turns-server import` reads.
const PROPERTIES: &[Field] = &[
    home("Property number", "property_number").print_as("Number", 12),
    home("Name", "name").print(26),
    home("Street address", "street_address"),
    home("City", "city").print(16),
    home("State", "state").print(7),
    home("Zip code", "zip_code").print_as("Zip", 9),
    home("County", "county"),
    home("Market", "market").print(17),
    field("Type", Origin::Column("k", "name")),
    home("Year built", "year_built").print_as("Built", 9),
    home("Area sqft", "area_sqft").print_as("Sq ft", 9),
    home("Bedrooms", "bedrooms").print_as("Beds", 9),
    home("Bathrooms", "bathrooms").print_as("Baths", 10),
    home("Monthly rent", "monthly_rent").print(15).summed(),
    home("Active", "is_active").print(8),
    home("Core", "is_core"),
    home("Section 8", "is_section_8"),
    home("In disposition", "in_disposition"),
    home("Insurance", "has_insurance"),
    home("Squatters", "has_squatters"),
    field("Manager name", Origin::Name("p", "property_manager_id")).print_as("Manager", 18),
    field("Manager email", Origin::Email("p", "property_manager_id")),
    field("Senior manager name", Origin::Name("p", "sr_property_manager_id")),
    field("Senior manager email", Origin::Email("p", "sr_property_manager_id")),
    home("Move-in date", "move_in_date"),
    home("Move-out date", "move_out_date").print_as("Moved out", 13),
    home("Lock box location", "lock_box_location"),
    home("Lock box installed on", "lock_box_installed_on"),
    home("Notes", "notes"),
    home("Created at (UTC)", "created_at"),
    home("Updated at (UTC)", "updated_at"),
    home("Id", "id"),
];

const VENDORS: &[Field] = &[
    vendor("Company", "company_name").print(28),
    vendor("Contact", "contact_name").print(18),
    vendor("Email", "email").print(28),
    vendor("Phone", "phone").print(16),
    vendor("Trades", "trades").print(28),
    vendor("License number", "license_number").print_as("License", 15),
    vendor("Tax id", "tax_id"),
    vendor("Insurance expires on", "insurance_expires_on").print_as("Insured until", 18),
    vendor("Approved", "is_approved").print(10),
    vendor("Active", "is_active").print(8),
    vendor("Rating", "rating").print(8),
    vendor("Notes", "notes"),
    vendor("Created at (UTC)", "created_at"),
    vendor("Updated at (UTC)", "updated_at"),
    vendor("Id", "id"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Role, UserId};
    use std::collections::HashSet;
    use uuid::Uuid;

    fn viewer(role: Role) -> Viewer {
        Viewer {
            user: UserId(Uuid::from_u128(1)),
            role,
            vendor: None,
        }
    }

    #[test]
    fn every_column_exists_and_has_a_header_of_its_own() {
        for table in [Table::Turns, Table::Properties, Table::Vendors] {
            let fields = fields(table, &viewer(Role::SuperAdmin));
            let headers: HashSet<_> = fields.iter().map(|field| field.header).collect();
            assert_eq!(headers.len(), fields.len(), "{table:?}");
            for field in fields {
                let (Origin::Column(of, column) | Origin::Name(of, column) | Origin::Email(of, column)) = field.origin;
                assert!(table_of(table, of).column(column).is_some(), "{of}.{column}");
            }
        }
    }

    #[test]
    fn codes_are_in_no_export_and_tax_ids_and_emails_in_those_of_administrators() {
        for role in Role::ALL {
            let headers = |table| fields(table, &viewer(role)).iter().map(|field| field.origin).collect::<Vec<_>>();
            assert!(!headers(Table::Properties).contains(&Origin::Column("p", "lock_box_code")), "{role:?}");
            assert_eq!(headers(Table::Vendors).contains(&Origin::Column("v", "tax_id")), role.is_admin(), "{role:?}");
            assert_eq!(
                headers(Table::Properties).contains(&Origin::Email("p", "property_manager_id")),
                role.is_admin(),
                "{role:?}"
            );
        }
    }
}
