//! One device's day. What must be true in the evening stands in `evening.rs`.

use crate::{evening::builds_on_held, mortal_store::MortalStore, office::Office, user::Way, wire::Fault};
use domain::{DeviceId, Mutation, Operation, Row, RowId, Table, Timestamp, UserId, Value, WriteId, mutation::Facts};
use futures::{FutureExt, executor::block_on};
use serde_json::Value as Json;
use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
};
use sync::{
    Amendment, Drained, LocalView, OutboxRecord, Place, RowChange, ShapeBatch, Store, draft, drain,
    outbox::{Author, backoff::LONGEST_PAUSE_MS, drain::own_records, resolve},
    store::conformance::row_id,
};

/// What the device follows, parents first.
pub const TABLES: [Table; 3] = [Table::Properties, Table::Turns, Table::ScopeItems];

/// The device, the office and what was promised to the user.
pub struct Story {
    pub store: MortalStore,
    pub office: Office,
    pub view: LocalView,
    /// What the tab in the background shows.
    other_view: LocalView,
    pub made: Vec<WriteId>,
    /// The rows that were on the screen when a write was made or decided about.
    pub seen: RefCell<HashMap<WriteId, Vec<Row>>>,
    /// Every value that the user has ever given.
    pub own: RefCell<HashSet<Json>>,
    pub resolved: RefCell<HashSet<WriteId>>,
    /// What the user decides while answers are on their way.
    pub meanwhile: RefCell<Vec<(u8, Way)>>,
    pub items: u64,
    pub homes: u64,
}

pub fn me() -> UserId {
    UserId(row_id(1).0)
}

impl Story {
    pub fn new(faults: Vec<Fault>, deaths: Vec<usize>) -> Self {
        let mut story = Self {
            store: MortalStore::new(deaths),
            office: Office::default(),
            view: LocalView::default(),
            other_view: LocalView::default(),
            made: vec![],
            seen: RefCell::default(),
            own: RefCell::default(),
            resolved: RefCell::default(),
            meanwhile: RefCell::default(),
            items: 0,
            homes: 0,
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
        story.change_tabs();
        story.hear();
        story
    }

    /// What the app does at a tap: predict on the view, then keep.
    pub fn tap(&mut self, table: Table, row: RowId, operation: Operation, data: Json) {
        let before = self.view.row(table, row).cloned();
        if before.is_none() && operation != Operation::Create {
            return;
        }
        let mutation = Mutation::read(table, row, operation, data.as_object().unwrap()).unwrap();
        let parent = table
            .parent(|column| mutation.value(column))
            .and_then(|(of, id)| self.view.row(of, id).cloned());
        if operation == Operation::Create && table.parent_column().is_some() && parent.is_none() {
            return;
        }
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
        self.seen.borrow_mut().entry(write_id).or_default().extend(before.clone());
        self.own.borrow_mut().extend(record.changes.values().map(|change| change.to.clone()));
        let stored = block_on(self.store.disk.enqueue(vec![record])).unwrap().remove(0);
        self.view.put_write(stored);
        self.made.push(write_id);
    }

    /// One wake of the worker; it may die on the way, and then its future is simply dropped.
    pub fn run_drain_once(&mut self) {
        self.store.start_process();
        let _ended_or_died: Option<Result<Drained, _>> = drain(&self.store, &*self, &self.office, me(), || ()).now_or_never();
        self.reload_outbox();
    }

    pub fn change_tabs(&mut self) {
        std::mem::swap(&mut self.view, &mut self.other_view);
    }

    /// The tab in front reads what is stored, rows before writes.
    pub fn hear(&mut self) {
        for table in TABLES {
            self.view.load_table(table, block_on(self.store.disk.rows(table)).unwrap().unwrap_or_default());
        }
        self.reload_outbox();
    }

    fn reload_outbox(&mut self) {
        let records = self.outbox();
        self.view.load_outbox(records);
    }

    /// The shape brings the server's rows.
    pub fn echo(&mut self) {
        for table in TABLES {
            let changes = self
                .office
                .rows
                .borrow()
                .iter()
                .filter(|(key, _)| key.0 == table && self.office.is_seen(**key, None))
                .map(|(_, row)| RowChange::Put(row.clone()))
                .collect();
            let batch = batch(table, changes);
            block_on(self.store.disk.apply_shape(&batch)).unwrap();
            self.view.apply_shape(&batch);
        }
        self.reload_outbox();
    }

    pub fn let_the_sun_shine(&mut self) {
        self.office.faults.borrow_mut().clear();
        self.meanwhile.borrow_mut().clear();
        self.store.start_lasting_process();
        self.amend(resolve::retry_now(&self.outbox()));
        for _ in 0..40 {
            let ended = drain(&self.store, &*self, &self.office, me(), || ())
                .now_or_never()
                .expect("nothing stands still in the sun")
                .unwrap();
            match ended {
                Drained::Empty => break,
                Drained::WaitsUntil(_) if self.waits_only_for_supervisors() => break,
                Drained::WaitsUntil(at_ms) => {
                    let now_ms = self.office.now_ms.get();
                    assert!(at_ms - now_ms <= LONGEST_PAUSE_MS, "nothing waits so long, whatever the clock was set to");
                    self.office.now_ms.set(at_ms.max(now_ms));
                }
                Drained::NeedsSignIn => panic!("signed in, and still asked to"),
            }
        }
        self.reload_outbox();
        self.echo();
        // What came and went before its answer has no echo: when there has been nothing new for a while it is not waited for any more.
        (0..3).for_each(|_| self.look_in_vain());
    }

    /// The shape has nothing new.
    fn look_in_vain(&mut self) {
        for table in TABLES {
            let batch = ShapeBatch {
                reset: false,
                ..batch(table, vec![])
            };
            block_on(self.store.disk.apply_shape(&batch)).unwrap();
        }
        self.reload_outbox();
    }

    pub fn amend(&self, records: Vec<OutboxRecord>) -> bool {
        let amendments = records.into_iter().map(Amendment::of).collect();
        block_on(self.store.disk.amend(amendments)).unwrap()
    }

    fn waits_only_for_supervisors(&self) -> bool {
        let records = self.outbox().into_iter().map(|record| (record.write_id, record)).collect();
        let waits = |record: &OutboxRecord| record.state.is_waiting() && !builds_on_held(record, &records);
        !records.values().any(waits)
    }

    pub fn outbox(&self) -> Vec<OutboxRecord> {
        block_on(own_records(&self.store.disk, me())).unwrap()
    }

    pub fn waits_for_user(&self) -> usize {
        self.outbox().iter().filter(|record| record.state.needs_user()).count()
    }
}

/// A whole table.
fn batch(table: Table, changes: Vec<RowChange>) -> ShapeBatch {
    ShapeBatch {
        table,
        reset: true,
        changes,
        place: Place {
            handle: "1-1".into(),
            offset: "0_0".into(),
        },
        is_up_to_date: true,
    }
}
