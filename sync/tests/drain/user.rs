//! What the user does with writes that were refused: anything that is offered, at any moment, having looked at the newest that
//! the tablet knows.

use crate::story::Story;
use domain::{Row, WriteId};
use serde_json::json;
use std::collections::BTreeMap;
use sync::{
    OutboxRecord,
    outbox::resolve::{self, Question, Side, newest, question},
    store::conformance::row_id,
};

/// One decision.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    KeepMine,
    TakeTheirs,
    /// Column by column, by the bits of a number.
    Merge {
        mine: u8,
    },
    Edit {
        value: u8,
    },
    MakeAgain,
    SendAgain,
    Discard,
    RetryNow,
}

impl Story {
    /// The user decides about one of the writes that wait here.
    pub fn resolve(&self, pick: u8, way: Way) {
        let records = self.outbox();
        let here: Vec<_> = records.iter().filter(|record| record.state.is_here()).collect();
        let asking: Vec<_> = here.iter().filter(|record| record.state.needs_user()).copied().collect();
        let offered = if asking.is_empty() { here } else { asking };
        let Some(record) = offered.get(usize::from(pick) % offered.len().max(1)) else {
            return;
        };
        let server = newest(record, self.view.synced_row(record.table, record.row_id));
        let amended = self.decide(&records, record, server.as_ref(), way);
        let looked_at = match question(record, server.as_ref()) {
            Question::SameThing { other, .. } => other,
            _ => server,
        };
        self.note(&amended, looked_at);
        self.amend(amended);
    }

    fn decide(&self, records: &[OutboxRecord], record: &OutboxRecord, server: Option<&Row>, way: Way) -> Vec<OutboxRecord> {
        let id = record.write_id;
        match way {
            Way::KeepMine => resolve::keep_mine(records, id, server),
            Way::TakeTheirs => resolve::take_theirs(records, id, server),
            Way::Merge { mine } => {
                let side = |bit: usize| if mine >> (bit % 8) & 1 == 1 { Side::Mine } else { Side::Theirs };
                let sides = record.changes.keys().enumerate().map(|(bit, name)| (name.clone(), side(bit))).collect();
                server.map_or_else(Vec::new, |server| resolve::merge_fields(records, id, server, &sides))
            }
            Way::Edit { value } => {
                let column = ["notes", "work_order_number", "description", "property_number"];
                let column = column.into_iter().find(|name| record.changes.contains_key(*name));
                let edited = column.map(|name| (name.to_owned(), json!(format!("edited {value}"))));
                resolve::edit_and_resend(records, id, server, &BTreeMap::from_iter(edited)).unwrap()
            }
            Way::MakeAgain => resolve::make_again(records, id, row_id(2_000 + self.noted())),
            Way::SendAgain => resolve::send_again(records, id),
            Way::Discard => resolve::discard(records, id),
            Way::RetryNow => resolve::retry_now(records),
        }
    }

    /// What was decided, and what was on the screen while it was.
    fn note(&self, amended: &[OutboxRecord], looked_at: Option<Row>) {
        let mut resolved = self.resolved.borrow_mut();
        for record in amended {
            resolved.insert(record.write_id);
            let mut seen = self.seen.borrow_mut();
            seen.entry(record.write_id).or_default().extend(looked_at.clone());
            self.own.borrow_mut().extend(record.changes.values().map(|change| change.to.clone()));
        }
    }

    fn noted(&self) -> u64 {
        self.resolved.borrow().len() as u64 + self.seen.borrow().values().map(|rows| rows.len() as u64).sum::<u64>()
    }

    /// Whatever the user wants to do while an answer is on its way.
    pub fn resolve_meanwhile(&self) {
        if let Some((pick, way)) = self.meanwhile.borrow_mut().pop() {
            self.resolve(pick, way);
        }
    }

    /// Whether the user had a hand in this write's way.
    pub fn is_resolved(&self, id: WriteId) -> bool {
        self.resolved.borrow().contains(&id)
    }
}
