//! What somebody looks for in the audit log.
//!
//! **Invariant:** a parameter that is not right is told by its name; none is passed over, because an answer to another question
//! than the one that was asked is worse than none.

use crate::{db::entity::audit_log::Column, problem::Result};
use domain::{Table, Timestamp};
use protocol::Problem;
use sea_orm::{ColumnTrait, Condition, sea_query::LikeExpr};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// The most entries in one answer.
pub const MOST_ENTRIES: u64 = 200;
const ENTRIES: u64 = 50;
const MAX_NAME_CHARS: usize = 40;

/// A page of the log that is asked for.
#[derive(Debug)]
pub struct Filter {
    /// What entries must be.
    pub condition: Condition,
    /// How many are wanted.
    pub limit: u64,
}

/// Reads parameters and gathers what is wrong with them.
struct Reader<'a> {
    given: &'a HashMap<String, String>,
    wrong: BTreeMap<String, String>,
}

impl Filter {
    /// Checks the query's parameters.
    pub fn read(given: &HashMap<String, String>) -> Result<Self> {
        let mut reader = Reader { given, wrong: BTreeMap::new() };
        let condition = reader.condition();
        let limit = reader
            .take("limit", "must be a number from 1 to 200", |text| {
                text.parse().ok().filter(|limit| (1..=MOST_ENTRIES).contains(limit))
            })
            .unwrap_or(ENTRIES);
        reader.refuse_unknown();
        if reader.wrong.is_empty() {
            return Ok(Self { condition, limit });
        }
        Err(Problem::validation("some filters are not right", reader.wrong).into())
    }
}

impl Reader<'_> {
    fn condition(&mut self) -> Condition {
        const ID: &str = "must be an id";
        const INSTANT: &str = "must be an instant such as 2026-11-23T04:48:01Z";
        const NAME: &str = "must be a name of letters, digits, - and _";
        let id = |text: &str| Uuid::parse_str(text).ok().map(|id| id.to_string());
        let instant = |text: &str| text.parse::<Timestamp>().ok().map(Timestamp::micros);
        let name = |text: &str| {
            let is_name = text.len() <= MAX_NAME_CHARS && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
            is_name.then(|| text.to_owned())
        };
        let conditions = [
            self.take("user", ID, id).map(|id| Column::UserId.eq(id)),
            self.take("row", ID, id).map(|id| Column::RowId.eq(id)),
            self.take("writeId", ID, id).map(|id| Column::WriteId.eq(id)),
            self.take("table", NAME, name).map(|name| Column::TableName.eq(sql_name(&name))),
            self.take("operation", NAME, name).map(|name| Column::Operation.eq(name)),
            self.take("from", INSTANT, instant).map(|micros| Column::At.gte(micros)),
            self.take("to", INSTANT, instant).map(|micros| Column::At.lt(micros)),
            self.take("changed", NAME, name).map(|name| Column::ChangedColumns.like(contains(&name))),
            self.take("before", "must be an entry's id", |text| text.parse::<i64>().ok())
                .map(|id| Column::Id.lt(id)),
        ];
        conditions.into_iter().flatten().fold(Condition::all(), Condition::add)
    }

    fn take<T>(&mut self, name: &str, problem: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.given.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())?;
        let value = read(text);
        if value.is_none() {
            self.wrong.insert(name.to_owned(), problem.to_owned());
        }
        value
    }

    fn refuse_unknown(&mut self) {
        const KNOWN: [&str; 10] = ["user", "row", "writeId", "table", "operation", "from", "to", "changed", "before", "limit"];
        for name in self.given.keys().filter(|name| !KNOWN.contains(&name.as_str())) {
            self.wrong.insert(name.clone(), "is not known here".to_owned());
        }
    }
}

/// Tables are asked for by either of their names; what is not a synced table has only one.
fn sql_name(name: &str) -> String {
    Table::from_name(name).map_or_else(|| name.replace('-', "_"), |table| table.sql_name().to_owned())
}

/// Names stand in a JSON array; `_` is a wildcard of LIKE.
fn contains(name: &str) -> LikeExpr {
    LikeExpr::new(format!("%{}%", name.replace('_', "\\_"))).escape('\\')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Failure;

    fn wrong(parameters: &[(&str, &str)]) -> Vec<String> {
        let given = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        match Filter::read(&given) {
            Ok(_) => vec![],
            Err(Failure::Refused(problem)) => problem.fields.into_keys().collect(),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn every_wrong_filter_is_named() {
        let id = "01930000-0000-7000-8000-000000000001";
        let right = [
            ("user", id),
            ("table", "scope-items"),
            ("from", "2026-11-23T04:48:01Z"),
            ("changed", "unit_cost"),
            ("limit", "200"),
        ];
        assert_eq!(wrong(&right), Vec::<String>::new());
        assert_eq!(wrong(&[("user", ""), ("limit", "")]), Vec::<String>::new(), "empty counts as not given");
        assert_eq!(
            wrong(&[
                ("user", "maria"),
                ("from", "yesterday"),
                ("limit", "201"),
                ("before", "x"),
                ("changed", "a%"),
                ("usr", id)
            ]),
            ["before", "changed", "from", "limit", "user", "usr"]
        );
    }
}
