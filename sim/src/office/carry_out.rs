//! Carries a decision out: the row, its log entry, and the sight that follows, as the server's `write/carry_out` and
//! `write/sight` do.
//!
//! **Invariant:** no row changes but through [`Office::record`].

use super::{Entry, Office, approvals::Hand, write::Intent};
use domain::{
    Operation, Row, Table,
    mutation::{inherit_visibility, lend_sight},
    role::VISIBILITY,
};

impl Office {
    pub(super) fn carry_out(&mut self, intent: &Intent<'_>, before: Option<&Row>, after: Option<&Row>) {
        if intent.table == Table::Turns && intent.operation() == Operation::Create {
            self.turns_numbered += 1;
        }
        self.record(before.cloned(), after.cloned());
        let hand = Hand {
            by: intent.viewer.user,
            at: intent.at,
        };
        match (intent.table, before, after) {
            (Table::Turns, before, Some(after)) => self.follow_written_turn(hand, intent, before, after),
            (Table::ScopeItems, before, after) => self.follow_scope_item(hand, before, after),
            (Table::Approvals, None, Some(asked)) => self.follow_request(hand, asked),
            (Table::Properties | Table::Vendors, Some(before), Some(after)) => self.pass_on(before, after),
            _ => {}
        }
    }

    fn follow_written_turn(&mut self, hand: Hand, intent: &Intent<'_>, before: Option<&Row>, after: &Row) {
        if matches!(intent.operation(), Operation::Approve | Operation::Reject) {
            self.follow_decision(hand, intent, after);
        }
        self.follow_turn(before, after);
        if before.is_some_and(|before| before.get("estimated_amount") != after.get("estimated_amount")) {
            self.void_if_stale(hand, after.id());
        }
    }

    pub(super) fn record(&mut self, old: Option<Row>, new: Option<Row>) {
        let Some((table, id)) = new.as_ref().or(old.as_ref()).map(|row| (row.table(), row.id())) else {
            return;
        };
        match &new {
            Some(row) => self.rows.insert((table, id), row.clone()),
            None => self.rows.remove(&(table, id)),
        };
        let op = match self.log.last() {
            Some(last) if last.position == self.position => last.op + 2,
            _ => 0,
        };
        self.log.push(Entry {
            position: self.position,
            op,
            table,
            id,
            old,
            new,
        });
    }

    /// A turn's children take its visibility, its property is seen by its people.
    pub(super) fn follow_turn(&mut self, before: Option<&Row>, after: &Row) {
        if before.is_some_and(|before| is_seen_alike(before, after)) {
            return;
        }
        if let Some(before) = before {
            self.pass_on(before, after);
        }
        let Some(property) = after.row_id("property_id").and_then(|id| self.find(Table::Properties, id)).cloned() else {
            return;
        };
        let turns = self.all_where(Table::Turns, "property_id", after.get("property_id"));
        let under_way = turns
            .filter(|turn| turn.flag("is_active"))
            .max_by_key(|turn| (turn.timestamp("created_at"), turn.id()));
        let mut seen = property.clone();
        lend_sight(&mut seen, under_way);
        if seen != property {
            self.record(Some(property), Some(seen.clone()));
            self.pass_on_to(&seen, Table::Documents, "entity_id");
        }
    }

    /// Brings a row's changed visibility to the rows that belong to it, and to theirs.
    fn pass_on(&mut self, before: &Row, after: &Row) {
        if is_seen_alike(before, after) {
            return;
        }
        let mut parents = vec![after.clone()];
        while let Some(parent) = parents.pop() {
            for (table, column) in children(parent.table()) {
                parents.extend(self.pass_on_to(&parent, *table, column));
            }
        }
    }

    fn pass_on_to(&mut self, parent: &Row, table: Table, column: &str) -> Vec<Row> {
        let children: Vec<Row> = self.all_where(table, column, parent.get("id")).cloned().collect();
        let mut changed = vec![];
        for child in children {
            let mut heir = child.clone();
            inherit_visibility(&mut heir, parent);
            if heir != child {
                self.record(Some(child), Some(heir.clone()));
                changed.push(heir);
            }
        }
        changed
    }
}

const fn children(table: Table) -> &'static [(Table, &'static str)] {
    match table {
        Table::Properties => &[(Table::Turns, "property_id"), (Table::Documents, "entity_id")],
        Table::Turns => &[(Table::ScopeItems, "turn_id"), (Table::Approvals, "turn_id"), (Table::Documents, "entity_id")],
        Table::ScopeItems | Table::Vendors => &[(Table::Documents, "entity_id")],
        _ => &[],
    }
}

fn is_seen_alike(before: &Row, after: &Row) -> bool {
    VISIBILITY.iter().all(|column| before.get(column) == after.get(column))
}
