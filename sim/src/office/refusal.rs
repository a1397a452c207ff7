//! Refusals, in the words and codes of the server's `write/refusal`.
//!
//! **Invariant:** a refusal shows a row only to those who see it anyway.

use super::write::Intent;
use domain::{Refusal, Row};
use protocol::{Conflicts, Problem, ProblemCode};
use serde_json::Map;
use std::collections::BTreeMap;

pub fn by_rule(refusal: Refusal) -> Box<Problem> {
    let message = refusal.to_string();
    Box::new(match refusal {
        Refusal::Fields(fields) => Problem::validation(message, fields),
        Refusal::Stage { demand, .. } => Problem::validation(message, BTreeMap::from([("stage_id".to_owned(), demand.to_string())])),
    })
}

pub fn field(column: &str, problem: &str) -> Box<Problem> {
    Box::new(Problem::validation(
        format!("{column} {problem}"),
        BTreeMap::from([(column.to_owned(), problem.to_owned())]),
    ))
}

pub fn problem(code: ProblemCode, message: &str) -> Box<Problem> {
    Box::new(Problem::new(code, message))
}

/// A row with the same natural key is there already.
pub fn made_before(intent: &Intent<'_>, key: &[&str], other: &Row) -> Box<Problem> {
    let is_seen = intent.sees(other);
    let conflicts = Conflicts {
        local_version: None,
        server_version: if is_seen { other.version() } else { 0 },
        local_data: intent.wire.data.clone(),
        server_data: if is_seen { intent.shown(other) } else { Map::new() },
    };
    Box::new(Problem {
        conflicts: Some(Box::new(conflicts)),
        fields: key.iter().map(|column| ((*column).to_owned(), "is already another one’s".to_owned())).collect(),
        ..Problem::new(ProblemCode::Conflict, "there is another one already")
    })
}

pub fn conflict(intent: &Intent<'_>, local_version: Option<i64>, current: &Row) -> Box<Problem> {
    let conflicts = Conflicts {
        local_version,
        server_version: current.version(),
        local_data: intent.wire.data.clone(),
        server_data: if intent.sees(current) { intent.shown(current) } else { Map::new() },
    };
    Box::new(Problem {
        conflicts: Some(Box::new(conflicts)),
        ..Problem::new(ProblemCode::Conflict, "somebody else changed this first")
    })
}
