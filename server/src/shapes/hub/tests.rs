//! The hub against what it stands for: every shape looked at for every change, every change looked for in the whole log.

use super::{index::Index, keys, tail::Tail, *};
use crate::{
    db::{Change, changes::Place},
    shapes::request::Wish,
};
use domain::{Role, Row, RowId, Table, UserId, Value, Viewer};
use proptest::{collection::vec, option, prelude::*, sample::select};
use std::time::Instant;
use uuid::Uuid;

const CLAUSES: [&str; 9] = [
    "priority = 'a'",
    "priority = 'a' OR notes = 'b'",
    "priority IN ('a', 'b') AND notes IS NULL",
    "NOT (priority = 'a' OR version > 1)",
    "property_manager_id = '00000000-0000-0000-0000-000000000001' AND priority <> 'b'",
    "property_manager_id = sr_property_manager_id",
    "priority::text = 'a'",
    "notes LIKE 'a%' AND (priority = 'b' OR notes = 'a')",
    "false",
];

fn shapes() -> impl Strategy<Value = Shape> {
    let roles = select(vec![Role::SuperAdmin, Role::PropertyManager, Role::SrPropertyManager]);
    let columns = option::of(Just("id,priority".to_owned()));
    (roles, 1_u128..4, option::of(select(CLAUSES.to_vec())), columns).prop_map(|(role, user, clause, columns)| {
        let viewer = Viewer {
            user: UserId(Uuid::from_u128(user)),
            role,
            vendor: None,
        };
        let wish = Wish {
            clause: clause.map(str::to_owned),
            columns,
            ..Wish::default()
        };
        Shape::of(&viewer, Table::Turns, "e").wanted(&wish, "e").unwrap()
    })
}

fn rows() -> impl Strategy<Value = Option<Row>> {
    let texts = || select(vec![Value::Null, Value::text("a"), Value::text("b")]);
    let people = || prop_oneof![Just(Value::Null), (1_u128..4).prop_map(|id| Value::Uuid(Uuid::from_u128(id)))];
    option::of(
        (texts(), texts(), people(), people(), any::<bool>(), 1_i64..3).prop_map(|(priority, notes, manager, senior, is_active, version)| {
            let mut row = Row::blank(Table::Turns);
            row.set("id", Value::Uuid(Uuid::from_u128(9)));
            row.set("version", Value::Int(version));
            row.set("is_active", Value::Bool(is_active));
            row.set("priority", priority);
            row.set("notes", notes);
            row.set("property_manager_id", manager);
            row.set("sr_property_manager_id", senior);
            row
        }),
    )
}

fn change(position: i64, old: Option<Row>, new: Option<Row>) -> Change {
    Change {
        place: Place { position, op: 0 },
        table: Table::Turns,
        row_id: RowId(Uuid::from_u128(9)),
        old,
        new,
    }
}

fn commit(after: i64, positions: i64) -> Arc<Commit> {
    Arc::new(Commit {
        after,
        until: after + positions,
        changes: (after + 1..=after + positions).map(|position| change(position, None, None)).collect(),
        people: vec![],
        is_whole: true,
        at: Instant::now(),
    })
}

proptest! {
    #[test]
    fn whom_a_change_concerns_is_among_the_candidates(shapes in vec(shapes(), 1..12), old in rows(), new in rows()) {
        let (mut index, change) = (Index::default(), change(1, old, new));
        let named: Vec<_> = shapes.into_iter().enumerate().map(|(id, shape)| (TopicId(id as u64), keys::of(&shape), shape)).collect();
        for (id, keys, shape) in &named {
            index.insert(*id, shape.table, keys.as_deref());
        }
        let candidates = index.candidates(&change);
        for (id, _, shape) in &named {
            let is_told = message::is_told(shape, &change);
            prop_assert_eq!(is_told, message::change(shape, &change).is_some());
            prop_assert!(!is_told || candidates.contains(id), "{:?}", shape.clause);
        }
        for (id, keys, shape) in &named {
            index.remove(*id, shape.table, keys.as_deref());
        }
        prop_assert!(index.candidates(&change).is_empty());
    }

    #[test]
    fn the_tail_has_all_that_follows_a_place_or_says_that_it_has_not(sizes in vec(1_i64..600, 1..12), position in 0_i64..4_000) {
        let mut tail = Tail::after(0);
        let mut end = 0;
        for size in sizes {
            prop_assert!(tail.push(&commit(end, size)));
            end += size;
        }
        let Some((commits, until)) = tail.since(Place::end_of(position)) else {
            prop_assert!(position > end || end - position > 1_000, "{position} of {end} is near");
            return Ok(());
        };
        prop_assert_eq!(until, end);
        let told: Vec<i64> = commits.iter().flat_map(|commit| &commit.changes).map(|change| change.place.position).filter(|told| *told > position).collect();
        prop_assert_eq!(told, (position + 1..=end).collect::<Vec<_>>());
    }
}

#[test]
fn a_tail_that_missed_something_begins_anew() {
    let mut tail = Tail::after(5);
    assert!(tail.push(&commit(5, 2)) && tail.push(&commit(5, 2)), "what was heard before is no news");
    assert!(!tail.push(&commit(9, 1)));
    assert!(tail.since(Place::end_of(7)).is_none());
    assert_eq!(tail.since(Place::end_of(10)).map(|(commits, end)| (commits.len(), end)), Some((0, 10)));
}

#[test]
fn one_line_of_a_board_of_thousands_is_asked_for_by_its_id() {
    let shape = |clause: &str| {
        let wish = Wish {
            clause: Some(clause.to_owned()),
            ..Wish::default()
        };
        keys::of(&Shape::whole(Table::Turns, "e").wanted(&wish, "e").unwrap())
    };
    let id = |column: &str| Table::Turns.columns().iter().position(|known| known.name == column).unwrap();
    let one = "00000000-0000-0000-0000-000000000001";
    assert_eq!(
        shape(&format!("id = '{one}' AND notes LIKE '%x%'")),
        Some(vec![(id("id"), Value::Uuid(Uuid::from_u128(1)))])
    );
    assert_eq!(shape("notes LIKE '%x%'"), None);
}
