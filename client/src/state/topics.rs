//! What a reader can subscribe to, and which of it a change concerns.
//!
//! **Invariant:** a change notifies every topic whose readers would now read something else, and no topic of an
//! untouched row.

use super::{column_group, scope_group};
use domain::{RowId, Table, Value};
use leptos::prelude::*;
use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
};
use sync::{LocalView, Touched, view::Group};

/// Something that can change under a reader.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// A row or its mark; of a turn also what is unsent of its scope, documents and approvals.
    Row(Table, RowId),
    /// A group's members, or anything in one of them; a turn's scope counts as part of the turn.
    Within(Group),
    /// Any row of a table.
    Any(Table),
    /// The unsettled writes, or what becomes of them.
    Writes,
    /// The photos that lie on this device, or how far they are.
    Photos,
}

/// More touched rows than this are news for everybody.
const MANY_ROWS: usize = 2_000;

/// The topics of a change; `None` where it concerns about everything.
pub fn all_topics(touched: &Touched, view: &LocalView) -> Option<HashSet<Topic>> {
    if touched.rows.len() > MANY_ROWS || !touched.whole.is_empty() {
        return None;
    }
    let mut topics = HashSet::from([Topic::Writes]);
    for (table, id) in &touched.rows {
        topics.insert(Topic::Any(*table));
        add_row(*table, *id, view, &mut topics);
    }
    topics.extend(touched.turns.iter().map(|turn| Topic::Row(Table::Turns, *turn)));
    for table in &touched.tables {
        topics.insert(Topic::Any(*table));
    }
    for group in &touched.groups {
        topics.insert(Topic::Within(group.clone()));
        if let (Table::ScopeItems, "turn_id", Value::Uuid(turn)) = (group.table, group.column, &group.value) {
            add_scope(RowId(*turn), view, &mut topics);
        }
    }
    Some(topics)
}

fn add_row(table: Table, id: RowId, view: &LocalView, topics: &mut HashSet<Topic>) {
    topics.insert(Topic::Row(table, id));
    let Some(row) = view.row(table, id) else { return };
    match table {
        Table::ScopeItems => row.row_id("turn_id").into_iter().for_each(|turn| add_scope(turn, view, topics)),
        Table::Turns => topics.extend(row.row_id("stage_id").map(|stage| Topic::Within(column_group(stage)))),
        _ => {}
    }
}

/// A turn's amount changes with its scope, and so does its column's.
fn add_scope(turn: RowId, view: &LocalView, topics: &mut HashSet<Topic>) {
    topics.insert(Topic::Within(scope_group(turn)));
    let stage = view.row(Table::Turns, turn).and_then(|row| row.row_id("stage_id"));
    topics.extend(stage.map(|stage| Topic::Within(column_group(stage))));
}

/// One trigger per topic that somebody has read.
#[derive(Default)]
pub struct Triggers {
    by_topic: RefCell<HashMap<Topic, ArcTrigger>>,
}

impl Triggers {
    /// Subscribes the current reader.
    pub fn track(&self, topic: Topic) {
        let trigger = self.by_topic.borrow_mut().entry(topic).or_default().clone();
        trigger.track();
    }

    /// Tells the readers of these topics.
    pub fn notify(&self, topics: &HashSet<Topic>) {
        // Collected first: a reader that runs at once may subscribe to something new.
        let triggers: Vec<ArcTrigger> = {
            let by_topic = self.by_topic.borrow();
            topics.iter().filter_map(|topic| by_topic.get(topic).cloned()).collect()
        };
        triggers.iter().for_each(Notify::notify);
    }

    /// Tells everybody.
    pub fn notify_all(&self) {
        let triggers: Vec<ArcTrigger> = self.by_topic.borrow().values().cloned().collect();
        triggers.iter().for_each(Notify::notify);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::fixture::{self, Field};

    #[test]
    fn a_scope_item_concerns_itself_its_turn_and_the_turns_column() {
        let mut field = Field::new();
        let touched = field.put_item(Field::TURN, 1, "Kitchen", 100, 2_500);
        let topics = all_topics(&touched, &field.view).expect("a small change");
        assert!(topics.contains(&Topic::Within(scope_group(Field::TURN))));
        assert!(topics.contains(&Topic::Within(column_group(Field::DRAFT))));
        assert!(!topics.contains(&Topic::Row(Table::Turns, Field::TURN)));
        assert!(!topics.contains(&Topic::Within(column_group(Field::REVIEW))));
    }

    #[test]
    fn a_write_to_what_is_not_shown_concerns_its_turn() {
        let mut field = Field::new();
        let refused = fixture::write(
            5,
            Table::ScopeItems,
            RowId(uuid::Uuid::from_u128(7)),
            domain::Operation::Create,
            &[("turn_id", serde_json::json!(Field::TURN.to_string()))],
        );
        let id = refused.write_id;
        for touched in [field.view.put_write(refused.in_state(sync::WriteState::Rejected)), field.view.remove_write(id)] {
            let topics = all_topics(&touched, &field.view).expect("a small change");
            assert!(topics.contains(&Topic::Row(Table::Turns, Field::TURN)));
        }
    }

    #[test]
    fn a_move_concerns_both_columns() {
        let mut field = Field::new();
        let touched = field.put_turn(Field::TURN, Field::REVIEW, &[]);
        let topics = all_topics(&touched, &field.view).expect("a small change");
        for stage in [Field::DRAFT, Field::REVIEW] {
            assert!(topics.contains(&Topic::Within(column_group(stage))));
        }
    }
}
