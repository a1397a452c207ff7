//! What is wrong with a request's values, all of it at once.
//!
//! **Invariant:** a request of which anything is noted here is refused, and every value that is wrong is named.

use crate::problem::{Failure, Result};
use protocol::Problem;
use std::{collections::BTreeMap, fmt::Display};

/// Names of values, each with what is wrong with it.
#[derive(Debug, Default)]
pub struct WrongFields(BTreeMap<String, String>);

impl WrongFields {
    /// One value that is wrong.
    pub fn only(field: &str, problem: impl Display) -> Failure {
        let mut wrong = Self::default();
        wrong.note(field, problem);
        wrong.into()
    }

    /// Notes that a value is wrong.
    pub fn note(&mut self, field: &str, problem: impl Display) {
        self.0.insert(field.to_owned(), problem.to_string());
    }

    /// The value, or a note of why there is none.
    pub fn take<T>(&mut self, field: &str, read: Result<T, impl Display>) -> Option<T> {
        read.map_err(|problem| self.note(field, problem)).ok()
    }

    /// Refuses the request where anything was noted.
    pub fn refuse_any(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(self.into()) }
    }
}

impl From<WrongFields> for Failure {
    fn from(wrong: WrongFields) -> Self {
        Problem::validation("some values are not right", wrong.0).into()
    }
}
