//! What somebody may want of a table: which of its columns, which of its rows, and how they are told.
//!
//! **Invariant:** every role may ask for it, and both databases understand its condition as the server does.

use crate::support::{Dice, is_postgres};
use domain::Table;

/// The tables that are followed; those that change most stand there more than once.
const TABLES: [Table; 14] = [
    Table::Turns,
    Table::Turns,
    Table::Turns,
    Table::Turns,
    Table::ScopeItems,
    Table::ScopeItems,
    Table::ScopeItems,
    Table::Properties,
    Table::Properties,
    Table::Vendors,
    Table::Approvals,
    Table::Notifications,
    Table::Documents,
    Table::TurnStages,
];

/// A part of a table, as it is asked for.
#[derive(Clone, Debug)]
pub struct Wish {
    pub table: Table,
    /// All that the session sees where there is none.
    pub columns: Option<Vec<&'static str>>,
    /// SQL.
    pub condition: Option<String>,
    pub is_full: bool,
    pub changes_only: bool,
}

/// Conditions that a server in front of Electric refuses: PostgreSQL orders texts by a language, Electric does not.
const BY_THE_ORDER_OF_TEXTS: [&str; 3] = ["city > 'M'", "name > 'M'", "priority < 'm'"];

impl Wish {
    /// One that Electric would be asked for too.
    pub fn any_for_electric(dice: &mut Dice) -> Self {
        loop {
            let wish = Self::any(dice);
            let condition = wish.condition.as_deref().unwrap_or_default();
            if !BY_THE_ORDER_OF_TEXTS.iter().any(|refused| condition.contains(refused)) {
                return wish;
            }
        }
    }

    pub fn any(dice: &mut Dice) -> Self {
        let table = TABLES[dice.below(TABLES.len())];
        Self {
            table,
            columns: (dice.below(3) == 0).then(|| any_columns(table, dice)),
            condition: (dice.below(2) == 0).then(|| any_condition(table, dice, 2)),
            is_full: dice.below(3) == 0,
            changes_only: dice.below(6) == 0,
        }
    }

    /// As a request's address has it, behind the folder of all shapes.
    pub fn address(&self) -> String {
        let mut url = reqwest::Url::parse("http://server/").unwrap();
        let mut query = url.query_pairs_mut();
        if let Some(columns) = &self.columns {
            query.append_pair("columns", &columns.join(","));
        }
        if let Some(condition) = &self.condition {
            query.append_pair("where", condition);
        }
        query.append_pair("replica", if self.is_full { "full" } else { "default" });
        if self.changes_only {
            query.append_pair("log", "changes_only");
        }
        drop(query);
        format!("{}?{}", self.table.url_name(), url.query().unwrap())
    }
}

/// Columns that nobody is denied.
fn any_columns(table: Table, dice: &mut Dice) -> Vec<&'static str> {
    let seen_by_all = table.columns().iter().map(|column| column.name);
    let seen_by_all = seen_by_all.filter(|name| super::truth::is_seen_by_all(table, name));
    seen_by_all.filter(|name| *name == "id" || dice.below(4) == 0).collect()
}

/// A condition that both databases understand alike; on PostgreSQL of more kinds.
pub fn any_condition(table: Table, dice: &mut Dice, depth: usize) -> String {
    if depth > 0 && dice.below(3) > 0 {
        let (one, other) = (any_condition(table, dice, depth - 1), any_condition(table, dice, depth - 1));
        return match dice.below(3) {
            0 => format!("({one} AND {other})"),
            1 => format!("({one} OR {other})"),
            _ => format!("NOT ({one})"),
        };
    }
    let (both, postgres) = simple_conditions(table);
    let choices = both.len() + if is_postgres() { postgres.len() } else { 0 };
    let choice = dice.below(choices);
    both.get(choice).unwrap_or_else(|| &postgres[choice - both.len()]).to_string()
}

/// Conditions for both databases, and for PostgreSQL alone.
const fn simple_conditions(table: Table) -> (&'static [&'static str], &'static [&'static str]) {
    match table {
        Table::Turns => (
            &[
                "priority = 'high'",
                "priority <> 'high'",
                "priority IN ('low', 'urgent')",
                "priority NOT IN ('low', 'urgent')",
                "due_date < '2026-12-01'",
                "due_date IS NULL",
                "vendor_id IS NOT NULL",
                "version BETWEEN 1 AND 2",
                "version NOT BETWEEN 2 AND 3",
                "move_out_date >= due_date",
                "notes = 'x'",
                "notes IS NULL",
                "trash_out_needed",
                "2 > version",
                "vendor_id = flooring_vendor_id",
            ],
            &[
                "priority < 'm'",
                "priority LIKE '%g%'",
                "priority NOT LIKE '_i%'",
                "priority ILIKE 'H%'",
                "stage_id::text LIKE '%1'",
                "version::text = '1'",
                "notes NOT LIKE 'after 1%'",
                "trash_out_needed IS NOT TRUE",
                "created_at < '2026-01-01 00:00:00+00'::timestamptz",
            ],
        ),
        Table::ScopeItems => (
            &[
                "is_done",
                "room = 'Den'",
                "room IN ('Den', 'Kitchen', 'Bath')",
                "category <> 'Paint'",
                "position < 3",
                "version > 1",
                "vendor_id IS NULL",
            ],
            &["quantity > 1.5", "room LIKE '%e%'", "description ILIKE 'T%'", "quantity IN (1, 2.50)"],
        ),
        Table::Properties => (
            &[
                "version IN (1, 2)",
                "is_core",
                "city > 'M'",
                "sr_property_manager_id IS NULL",
                "year_built BETWEEN 1960 AND 1990",
                "zip_code IS NULL OR version < 9",
            ],
            &["city LIKE '%a%'", "bedrooms >= 3.0"],
        ),
        Table::Vendors => (&["is_approved", "version < 3", "notes IS NULL", "NOT is_active"], &["company_name ILIKE '%s%'"]),
        Table::Approvals => (&["status = 'pending'", "level = 'DFO'", "reason IS NOT NULL"], &["amount > 5000"]),
        Table::Notifications => (&["read_at IS NULL", "turn_id IS NOT NULL", "version = 1"], &["title ILIKE '%a%'"]),
        Table::Documents => (&["kind = 'before'", "version = 1", "entity_type = 'turn'"], &["caption LIKE 'a%'"]),
        Table::TurnStages | Table::PropertyTypes => (&["version = 1", "is_active", "name > 'M'"], &["name LIKE '%e%'"]),
    }
}
