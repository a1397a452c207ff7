//! The values of a question: what was, what either side wants, and how one's own can be given otherwise.
//!
//! **Invariant:** what stands in one's own field is read back as the value that it stands for, or it cannot be typed at all.

use super::Kind;
use crate::facts::{
    fields,
    names::{self, Choice},
    writes,
};
use domain::{
    ColumnType, MergePolicy, Operation, Row, Table,
    schema::{Column, SetBy},
};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use sync::{LocalView, OutboxRecord, outbox::resolve};

/// What stands in the place of one's own value where all of the row is deleted.
const DELETED: &str = "deleted";

/// What stands there where the write cannot say anything about what it rests on.
pub(super) const AS_IT_IS: &str = "as it is now";

/// One value of a write.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// Which column.
    pub column: &'static str,
    /// As on the screen.
    pub label: String,
    /// What the author saw; none for a new row, and where it is not known.
    pub base: Option<String>,
    /// What the author wants.
    pub mine: String,
    /// The same, as it travels.
    pub my_json: Json,
    /// The same, as it is typed.
    pub typed: String,
    /// How it can be given otherwise.
    pub input: Input,
    /// What the server has.
    pub theirs: Option<String>,
    /// The same, as it travels.
    pub their_json: Option<Json>,
    /// Whether the write gives it; what it does not give is what the decision rests on.
    pub is_given: bool,
    /// Both sides have it otherwise than it was: somebody must decide.
    pub is_contested: bool,
    /// Whether either side can be chosen: a stage change can send no vendor.
    pub may_choose: bool,
    /// What the server says about it.
    pub problem: Option<String>,
}

/// How one's own value is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Not here.
    Fixed,
    /// By typing.
    Text,
    /// A day.
    Date,
    /// One of these.
    Choice(Vec<Choice>),
}

/// The values that a question is about.
pub(super) fn values(view: &LocalView, record: &OutboxRecord, theirs: Option<&Row>, kind: Kind) -> Vec<Given> {
    if let (Kind::DeleteOrKeep, Some(theirs)) = (kind, theirs) {
        return what_would_be_deleted(view, record, theirs);
    }
    let is_create = record.operation == Operation::Create;
    let contested = match resolve::question(record, theirs) {
        resolve::Question::Clash { columns } => columns,
        _ => Vec::new(),
    };
    let no_problems = BTreeMap::new();
    let problems = record.last_error.as_ref().map_or(&no_problems, |failure| &failure.problem.fields);
    let says_something = |name: &&String| {
        let change = &record.changes[*name];
        let is_given = !change.predicted && (!is_create || !change.to.is_null());
        is_given || problems.contains_key(*name)
    };
    let given: BTreeSet<&String> = record.changes.keys().filter(says_something).chain(&contested).collect();
    let columns = given.into_iter().filter_map(|name| record.table.column(name));
    columns
        .map(|column| {
            let value = value(view, record, column, theirs);
            let is_contested = contested.iter().any(|name| name == column.name);
            let is_open = value.is_given || record.operation == Operation::Update;
            Given {
                mine: if is_open { value.mine.clone() } else { AS_IT_IS.to_owned() },
                is_contested,
                may_choose: kind == Kind::TwoSides && is_open,
                input: if may_edit(kind) && is_open {
                    input(view, record, column, &value)
                } else {
                    Input::Fixed
                },
                ..value
            }
        })
        .collect()
}

fn may_edit(kind: Kind) -> bool {
    matches!(kind, Kind::TwoSides | Kind::Refused | Kind::SameThing { .. })
}

fn value(view: &LocalView, record: &OutboxRecord, column: &'static Column, theirs: Option<&Row>) -> Given {
    let name = column.name;
    let show = |json: &Json| writes::shown_value(view, record.table, name, json);
    let change = record.changes.get(name);
    // What is not given itself is what the decision rests on: it was seen, and stays as it was seen.
    let seen = record.seen.get(name).unwrap_or(&Json::Null);
    let (from, to) = change.map_or((seen, seen), |change| (&change.from, &change.to));
    let their_json = theirs.map(|row| row.get(name).to_json(column.kind));
    let problems = record.last_error.as_ref().map(|failure| &failure.problem.fields);
    Given {
        column: name,
        label: fields::capital(&fields::label(name)),
        base: (record.operation != Operation::Create).then(|| show(from)),
        mine: show(to),
        my_json: to.clone(),
        typed: fields::typed_form(column, to),
        input: Input::Fixed,
        theirs: their_json.as_ref().map(show),
        their_json,
        is_given: change.is_some_and(|change| !change.predicted),
        is_contested: false,
        may_choose: false,
        problem: problems.and_then(|problems| Some(fields::capital(&format!("{} {}", fields::label(name), problems.get(name)?)))),
    }
}

fn input(view: &LocalView, record: &OutboxRecord, column: &Column, value: &Given) -> Input {
    let is_authors = match record.operation {
        Operation::Create | Operation::Update => column.set_by == SetBy::Author,
        Operation::StageChange => column.set_by == SetBy::StageChange,
        Operation::Delete | Operation::Approve | Operation::Reject => false,
    };
    if !is_authors {
        return Input::Fixed;
    }
    if let Some(choices) = names::choices(view, column, &value.typed) {
        return Input::Choice(choices);
    }
    match column.kind {
        ColumnType::Uuid | ColumnType::Bool | ColumnType::Timestamp => Input::Fixed,
        ColumnType::Date => Input::Date,
        // A list with a comma in one of its texts would come apart.
        ColumnType::TextArray if !value.my_json.is_null() && fields::typed(column, &value.typed) != value.my_json => Input::Fixed,
        ColumnType::TextArray | ColumnType::Text | ColumnType::Int4 | ColumnType::Int8 | ColumnType::Numeric { .. } => Input::Text,
    }
}

/// The row as it stands: first what is otherwise than its author saw it, then the rest of what is in it.
fn what_would_be_deleted(view: &LocalView, record: &OutboxRecord, theirs: &Row) -> Vec<Given> {
    let table: Table = record.table;
    let authors = table.columns().iter().filter(|column| column.is_changed_by_people());
    let mut values: Vec<Given> = authors
        .filter_map(|column| {
            let seen = record.seen.get(column.name);
            let value = value(view, record, column, Some(theirs));
            let is_contested = seen.is_some() && seen != value.their_json.as_ref();
            let says_something = column.policy != MergePolicy::LastWriteWins && !theirs.get(column.name).is_null();
            (is_contested || says_something).then(|| Given {
                base: seen.and(value.base.clone()),
                mine: DELETED.to_owned(),
                is_contested,
                ..value
            })
        })
        .collect();
    values.sort_by_key(|value| !value.is_contested);
    values
}
