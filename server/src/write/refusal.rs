//! The rules' refusals, as problems that travel.
//!
//! **Invariant:** a refusal shows a row only to those who see it anyway.

use super::{author::Author, intent::Intent};
use crate::problem::Failure;
use domain::{Refusal, Row};
use protocol::{Conflicts, Problem, ProblemCode};
use std::collections::BTreeMap;

/// A refusal of `domain`'s.
pub fn by_rule(refusal: Refusal) -> Failure {
    let message = refusal.to_string();
    match refusal {
        Refusal::Fields(fields) => Problem::validation(message, fields).into(),
        Refusal::Stage { demand, .. } => Problem::validation(message, BTreeMap::from([("stage_id".to_owned(), demand.to_string())])).into(),
    }
}

/// One wrong column.
pub fn field(column: &str, problem: &str) -> Failure {
    Problem::validation(format!("{column} {problem}"), BTreeMap::from([(column.to_owned(), problem.to_owned())])).into()
}

/// A row with the same natural key is there already. It is told as far as the author sees it.
pub fn made_before(author: &Author, intent: &Intent, key: &[&str], other: &Row) -> Failure {
    let is_seen = author.sees(other);
    let conflicts = Conflicts {
        local_version: None,
        server_version: if is_seen { other.version() } else { 0 },
        local_data: intent.data.clone(),
        server_data: if is_seen { author.shown(other) } else { serde_json::Map::new() },
    };
    let problem = "is already another one’s";
    Problem {
        conflicts: Some(Box::new(conflicts)),
        fields: key.iter().map(|column| ((*column).to_owned(), problem.to_owned())).collect(),
        ..Problem::new(
            ProblemCode::Conflict,
            format!("there is another {} with this {}", intent.table.row_name(), key.join(", ")),
        )
    }
    .into()
}

/// Somebody else wrote the row first. Both sides are told, as far as the author sees the row.
pub fn conflict(author: &Author, intent: &Intent, local_version: Option<i64>, current: &Row) -> Failure {
    let conflicts = Conflicts {
        local_version,
        server_version: current.version(),
        local_data: intent.data.clone(),
        server_data: if author.sees(current) {
            author.shown(current)
        } else {
            serde_json::Map::new()
        },
    };
    let message = if local_version.is_some() {
        "somebody else changed this first"
    } else {
        "a row with this id exists already"
    };
    Problem {
        conflicts: Some(Box::new(conflicts)),
        ..Problem::new(ProblemCode::Conflict, message)
    }
    .into()
}
