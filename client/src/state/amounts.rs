//! What each turn costs, remembered until it changes.
//!
//! A column's header sums hundreds of turns with a dozen scope items each; adding them all up again at every
//! tap would be the slowest part of it.
//!
//! **Invariant:** an amount is forgotten with every change of its turn or of its turn's scope.

use super::{scope_group, topics::Topic};
use domain::{Cents, Row, RowId, Table, Value, stage::scope_total};
use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
};
use sync::LocalView;

/// See the module.
#[derive(Default)]
pub struct Amounts {
    by_turn: RefCell<HashMap<RowId, Option<Cents>>>,
}

impl Amounts {
    /// The sum of the scope, or the estimate where there is no scope.
    pub fn of(&self, view: &LocalView, turn: &Row) -> Option<Cents> {
        *self.by_turn.borrow_mut().entry(turn.id()).or_insert_with(|| amount(view, turn))
    }

    /// Forgets what the topics concern.
    pub fn forget(&self, topics: &HashSet<Topic>) {
        let mut by_turn = self.by_turn.borrow_mut();
        for topic in topics {
            match topic {
                Topic::Row(Table::Turns, turn) => by_turn.remove(turn),
                Topic::Within(group) if group.table == Table::ScopeItems => match group.value {
                    Value::Uuid(turn) => by_turn.remove(&RowId(turn)),
                    _ => None,
                },
                _ => None,
            };
        }
    }

    /// Forgets everything.
    pub fn forget_all(&self) {
        self.by_turn.borrow_mut().clear();
    }
}

fn amount(view: &LocalView, turn: &Row) -> Option<Cents> {
    let scope = scope_group(turn.id());
    let mut items = view.group(scope.table, scope.column, scope.value).peekable();
    if items.peek().is_some() {
        Some(scope_total(items))
    } else {
        turn.cents("estimated_amount")
    }
}
