//! Counts writes by what their authors were told.
//!
//! **Invariant:** a write is counted once, with the answer that was sent.

use super::{Metrics, catalogue};
use crate::problem::Failure;
use domain::{Operation, Table};
use metrics::{counter, histogram};
use protocol::ProblemCode;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::time::Instant;

/// The writes of one request, until they are answered.
pub struct WriteWatch {
    metrics: Metrics,
    kind: &'static str,
    asked: Vec<Option<(Table, Operation)>>,
    began: Instant,
}

/// As much of an answer as decides how it is counted.
#[derive(Deserialize)]
struct Outcome {
    success: bool,
    error: Option<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    code: ProblemCode,
}

impl Metrics {
    /// A request with these writes begins; none stands for one that could not be read.
    pub fn watch_writes(&self, kind: &'static str, asked: Vec<Option<(Table, Operation)>>) -> WriteWatch {
        WriteWatch {
            metrics: self.clone(),
            kind,
            asked,
            began: Instant::now(),
        }
    }
}

impl WriteWatch {
    /// They were answered, one by one or all together.
    pub fn answered(self, answers: Result<&[Box<RawValue>], &Failure>) {
        self.metrics.record(|| {
            histogram!(catalogue::WRITE_SECONDS, "kind" => self.kind).record(self.began.elapsed());
            match answers {
                Ok(answers) => self.asked.iter().zip(answers).for_each(|(asked, answer)| count(*asked, result(answer))),
                Err(Failure::Refused(problem)) => self.count_together(Some(problem.code)),
                Err(_) => self.count_together(Some(ProblemCode::Internal)),
            }
        });
    }

    fn count_together(&self, result: Option<ProblemCode>) {
        match self.asked.as_slice() {
            [one] => count(*one, result),
            _ => count_as("batch", "batch", result),
        }
    }
}

fn count(asked: Option<(Table, Operation)>, result: Option<ProblemCode>) {
    let Some((table, operation)) = asked else {
        return count_as("unknown", "unknown", result);
    };
    if result == Some(ProblemCode::Conflict) {
        counter!(catalogue::WRITE_CONFLICTS, "table" => table.sql_name()).increment(1);
    }
    count_as(table.sql_name(), operation.name(), result);
}

fn count_as(table: &'static str, operation: &'static str, result: Option<ProblemCode>) {
    let result = result.map_or_else(|| "applied".to_owned(), label);
    counter!(catalogue::WRITES, "table" => table, "operation" => operation, "result" => result).increment(1);
}

fn result(answer: &RawValue) -> Option<ProblemCode> {
    match serde_json::from_str(answer.get()) {
        Ok(Outcome { success: true, .. }) => None,
        Ok(Outcome { error: Some(error), .. }) => Some(error.code),
        _ => Some(ProblemCode::Unknown),
    }
}

/// A problem's name, as labels are written.
fn label(code: ProblemCode) -> String {
    let name = serde_json::to_value(code).ok().and_then(|name| name.as_str().map(str::to_lowercase));
    name.unwrap_or_default()
}
