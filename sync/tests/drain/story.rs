//! One device's day, and what must be true in the evening.

use crate::{
    mortal_store::MortalStore,
    office::{Fault, Office, POISON},
};
use domain::{DeviceId, Mutation, Operation, Row, RowId, Table, Timestamp, UserId, Value, WriteId, mutation::Facts};
use futures::{FutureExt, executor::block_on};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use sync::{
    Drained, LocalView, OutboxRecord, Place, RowChange, ShapeBatch, Store, WriteState, draft, drain,
    outbox::{Author, drain::own_records},
    store::conformance::row_id,
};

/// What happens next.
#[derive(Clone, Copy, Debug)]
pub enum Deed {
    EditNotes { row: u64, value: u8 },
    EditWorkOrder { row: u64, value: u8 },
    AddItem { row: u64 },
    EditLastItem,
    DeleteLastItem,
    MakePoison,
    OfficeEditsNotes { row: u64, value: u8 },
    OfficeEditsPriority { row: u64, value: u8 },
    Drain,
    Echo,
}

/// The device, the office and what was promised to the user.
pub struct Story {
    store: MortalStore,
    pub office: Office,
    view: LocalView,
    made: Vec<WriteId>,
    items: u64,
}

fn me() -> UserId {
    UserId(row_id(1).0)
}

impl Story {
    pub fn new(faults: Vec<Fault>, deaths: Vec<usize>) -> Self {
        let mut story = Self {
            store: MortalStore::new(deaths),
            office: Office::default(),
            view: LocalView::default(),
            made: vec![],
            items: 0,
        };
        for n in 0..3 {
            let mut turn = Row::blank(Table::Turns);
            turn.set("id", Value::Uuid(row_id(n).0));
            turn.set("version", Value::Int(1));
            turn.set("priority", Value::text("low"));
            story.office.rows.borrow_mut().insert((Table::Turns, row_id(n)), turn);
        }
        *story.office.faults.borrow_mut() = faults;
        story.office.now_ms.set(1_000_000);
        story.echo();
        story
    }

    pub fn live(&mut self, deed: Deed) {
        self.office.now_ms.set(self.office.now_ms.get() + 700);
        match deed {
            Deed::EditNotes { row, value } => self.tap(Table::Turns, row_id(row), Operation::Update, json!({"notes": format!("mine {value}")})),
            Deed::EditWorkOrder { row, value } => self.tap(Table::Turns, row_id(row), Operation::Update, json!({"work_order_number": format!("W{value}")})),
            Deed::MakePoison => self.tap(Table::Turns, row_id(0), Operation::Update, json!({"notes": POISON})),
            Deed::AddItem { row } => {
                self.items += 1;
                let data = json!({"turn_id": row_id(row).to_string(), "room": "Kitchen", "category": "Paint", "description": "Walls"});
                self.tap(Table::ScopeItems, row_id(100 + self.items), Operation::Create, data);
            }
            Deed::EditLastItem => self.tap(
                Table::ScopeItems,
                row_id(100 + self.items),
                Operation::Update,
                json!({"description": "Ceiling"}),
            ),
            Deed::DeleteLastItem => self.tap(Table::ScopeItems, row_id(100 + self.items), Operation::Delete, json!({})),
            Deed::OfficeEditsNotes { row, value } => self.office.edit(Table::Turns, row_id(row), "notes", Value::text(format!("theirs {value}"))),
            Deed::OfficeEditsPriority { row, value } => {
                let priority = ["low", "medium", "high", "urgent"][usize::from(value)];
                self.office.edit(Table::Turns, row_id(row), "priority", Value::text(priority));
            }
            Deed::Drain => self.run_drain_once(),
            Deed::Echo => self.echo(),
        }
    }

    /// What the app does at a tap: predict on the view, then keep.
    fn tap(&mut self, table: Table, row: RowId, operation: Operation, data: Json) {
        let before = self.view.row(table, row).cloned();
        if before.is_none() && operation != Operation::Create {
            return;
        }
        let mutation = Mutation::read(table, row, operation, data.as_object().unwrap()).unwrap();
        let parent = mutation.value("turn_id").and_then(|value| match value {
            Value::Uuid(id) => self.view.row(Table::Turns, RowId(*id)).cloned(),
            _ => None,
        });
        let facts = Facts {
            current: before.as_ref(),
            parent: parent.as_ref(),
            ..Facts::default()
        };
        let after = mutation.apply(facts, me(), Timestamp::from_millis(self.office.now_ms.get()));
        let write_id = WriteId(row_id(1_000 + self.made.len() as u64).0);
        let author = Author {
            user_id: me(),
            device_id: DeviceId(row_id(2).0),
            write_id,
            now_ms: self.office.now_ms.get(),
        };
        let record = draft(&mutation, before.as_ref(), after.as_ref(), author, &self.view);
        let stored = block_on(self.store.disk.enqueue(vec![record])).unwrap().remove(0);
        self.view.put_write(stored);
        self.made.push(write_id);
    }

    /// One wake of the worker; it may die on the way, and then its future is simply dropped.
    fn run_drain_once(&mut self) {
        self.store.start_process();
        let _ended_or_died: Option<Result<Drained, _>> = drain(&self.store, &self.office, &self.office, me(), || ()).now_or_never();
        self.reload_outbox();
    }

    fn reload_outbox(&mut self) {
        let records = self.outbox();
        self.view.load_outbox(records);
    }

    /// The shape brings the server's rows.
    fn echo(&mut self) {
        for table in [Table::Turns, Table::ScopeItems] {
            let changes = self
                .office
                .rows
                .borrow()
                .iter()
                .filter(|((of, _), _)| *of == table)
                .map(|(_, row)| RowChange::Put(row.clone()))
                .collect();
            let place = Place {
                handle: "1-1".into(),
                offset: "0_0".into(),
            };
            let batch = ShapeBatch {
                table,
                reset: true,
                changes,
                place,
                seen_at_ms: self.office.now_ms.get(),
            };
            block_on(self.store.disk.apply_shape(&batch)).unwrap();
            self.view.apply_shape(&batch);
        }
        self.reload_outbox();
    }

    pub fn let_the_sun_shine(&mut self) {
        self.office.faults.borrow_mut().clear();
        self.store.start_lasting_process();
        for _ in 0..40 {
            let ended = drain(&self.store, &self.office, &self.office, me(), || ())
                .now_or_never()
                .expect("nothing stands still in the sun")
                .unwrap();
            match ended {
                Drained::Empty => break,
                Drained::WaitsUntil(at_ms) => self.office.now_ms.set(at_ms.max(self.office.now_ms.get())),
                Drained::NeedsSignIn => panic!("signed in, and still asked to"),
            }
        }
        self.reload_outbox();
        self.echo();
    }

    fn outbox(&self) -> Vec<OutboxRecord> {
        block_on(own_records(&self.store.disk, me())).unwrap()
    }

    pub fn waits_for_user(&self) -> usize {
        self.outbox().iter().filter(|record| record.state.needs_user()).count()
    }

    pub fn check(&self) -> Result<(), TestCaseError> {
        let outbox: HashMap<WriteId, OutboxRecord> = self.outbox().into_iter().map(|record| (record.write_id, record)).collect();
        let history: HashMap<WriteId, OutboxRecord> = block_on(self.store.disk.history(usize::MAX))
            .unwrap()
            .into_iter()
            .map(|record| (record.write_id, record))
            .collect();
        for id in &self.made {
            let times = self.office.applied.borrow().iter().filter(|write| write.write_id == Some(*id)).count();
            let state = outbox.get(id).or(history.get(id)).map(|record| record.state);
            let fate = (times, state);
            let is_right = matches!(fate, (1, Some(WriteState::Settled)) | (0, Some(WriteState::Rejected | WriteState::Blocked)));
            prop_assert!(is_right, "{:?}: applied {} times, {:?}", id, times, state);
        }
        self.check_nothing_unseen_was_overwritten(&history)?;
        self.check_order()?;
        self.check_view()
    }

    /// A column that a write changed had, just before, the value that its author saw (or already the wanted one).
    fn check_nothing_unseen_was_overwritten(&self, history: &HashMap<WriteId, OutboxRecord>) -> Result<(), TestCaseError> {
        for (write, before) in self.office.applied.borrow().iter().zip(self.office.before.borrow().iter()) {
            let (Some(before), Operation::Update) = (before, write.operation) else {
                continue;
            };
            let record = &history[&write.write_id.unwrap()];
            for (column, change) in record.changes.iter().filter(|(_, change)| !change.predicted) {
                let kind = record.table.column(column).unwrap().kind;
                let theirs = before.get(column).to_json(kind);
                prop_assert!(
                    theirs == change.from || theirs == change.to,
                    "{column}: {theirs} was overwritten by an author who saw {}",
                    change.from
                );
            }
        }
        Ok(())
    }

    fn check_order(&self) -> Result<(), TestCaseError> {
        let mut last: HashMap<RowId, usize> = HashMap::new();
        for write in self.office.applied.borrow().iter() {
            let place = self.made.iter().position(|id| Some(*id) == write.write_id).unwrap();
            let before = last.insert(write.row_id.unwrap(), place);
            prop_assert!(before < Some(place), "row {:?}: {:?} before {}", write.row_id, before, place);
        }
        Ok(())
    }

    /// In the evening the device shows what the server has.
    fn check_view(&self) -> Result<(), TestCaseError> {
        let rows = self.office.rows.borrow();
        for ((table, id), row) in rows.iter() {
            prop_assert_eq!(self.view.row(*table, *id), Some(row));
        }
        prop_assert_eq!(self.view.count(Table::Turns) + self.view.count(Table::ScopeItems), rows.len());
        Ok(())
    }
}
