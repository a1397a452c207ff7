//! Two tabs of one tablet at the same rows, hearing of one another late, while the worker sends.

use crate::{
    office::Office,
    story::{TABLES, me},
};
use domain::{ColumnType, DeviceId, Mutation, Operation, Row, RowId, Table, Timestamp, Value, WriteId, mutation::Facts};
use futures::{FutureExt, executor::block_on};
use protocol::{BatchRequest, ProblemCode};
use serde_json::{Map, Value as Json, json};
use std::cell::{Cell, RefCell};
use sync::{
    Delivery, Drained, LocalView, Network, OutboxRecord, Place, RowChange, ShapeBatch, Store, draft, drain,
    outbox::{Author, drain::own_records},
    store::{conformance::row_id, memory::MemoryStore},
};

const ROWS: u64 = 3;

/// One tab: what it shows, and taps that are on their way to the store.
#[derive(Default)]
struct Tab {
    view: LocalView,
    unstored: Vec<OutboxRecord>,
}

/// The tablet, and whose turn it is by the dice.
pub struct TwoTabs {
    store: MemoryStore,
    office: Office,
    tabs: [RefCell<Tab>; 2],
    dice: Cell<u64>,
    made: Cell<u64>,
    taps_left: Cell<u64>,
    conflicts: Cell<usize>,
}

impl TwoTabs {
    pub fn new(seed: u64, taps: u64) -> Self {
        let tablet = Self {
            store: MemoryStore::default(),
            office: Office::default(),
            tabs: Default::default(),
            dice: Cell::new(seed),
            made: Cell::new(0),
            taps_left: Cell::new(taps),
            conflicts: Cell::new(0),
        };
        tablet.office.now_ms.set(1_000_000);
        for n in 0..ROWS {
            let mut turn = Row::blank(Table::Turns);
            turn.set("id", Value::Uuid(row_id(n).0));
            tablet.office.make(turn);
        }
        tablet.rows_come();
        tablet.hear(1);
        tablet
    }

    pub fn conflicts(&self) -> usize {
        self.conflicts.get()
    }

    /// Taps until there are no more, with a worker that is woken now and then; gives the requests that it took from then on.
    pub fn hammer(&self) -> usize {
        while self.taps_left.get() > 0 {
            self.something_happens();
            if self.roll(4) == 0 {
                self.drain();
            }
        }
        self.tabs.iter().for_each(|tab| self.keep(&mut tab.borrow_mut()));
        let requests = self.office.requests.get();
        self.drain();
        self.office.requests.get() - requests
    }

    /// Each write is applied once, and the last word counts.
    pub fn check(&self) {
        self.rows_come();
        assert_eq!(block_on(own_records(&self.store, me())).unwrap(), [], "nothing waits");
        let applied = self.office.applied.borrow();
        assert_eq!(applied.len() as u64, self.made.get());
        self.hear(0);
        self.hear(1);
        for n in 0..ROWS {
            let last = applied.iter().rev().find(|write| write.row_id == Some(row_id(n)));
            let of_last = |column: &str| last.and_then(|write| write.data.get(column).cloned());
            let shown = self.tabs[0].borrow().view.row(Table::Turns, row_id(n)).unwrap().clone();
            assert_eq!(self.tabs[1].borrow().view.row(Table::Turns, row_id(n)), Some(&shown));
            assert!(of_last("notes").is_none_or(|notes| shown.get("notes").to_json(ColumnType::Text) == notes));
        }
    }

    fn roll(&self, sides: u64) -> u64 {
        // Knuth's generator: the upper bits are random enough for a tablet.
        self.dice
            .set(self.dice.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
        (self.dice.get() >> 33) % sides
    }

    fn drain(&self) {
        let ended = drain(&self.store, self, &self.office, me(), || self.something_happens()).now_or_never();
        assert_eq!(ended, Some(Ok(Drained::Empty)), "nobody pauses");
    }

    fn something_happens(&self) {
        for _ in 0..self.roll(5) {
            let tab = self.roll(2) as usize;
            match self.roll(8) {
                0..4 => self.tap(tab),
                4 => self.hear(tab),
                5 => self.rows_come(),
                _ => self.keep(&mut self.tabs[tab].borrow_mut()),
            }
        }
    }

    fn tap(&self, tab: usize) {
        if self.taps_left.get() == 0 {
            return;
        }
        self.taps_left.set(self.taps_left.get() - 1);
        self.made.set(self.made.get() + 1);
        let (row, n) = (row_id(self.roll(ROWS)), self.made.get());
        let column = if self.roll(4) == 0 { "work_order_number" } else { "notes" };
        let data = json!({column: format!("{n}")});
        let tab = &mut *self.tabs[tab].borrow_mut();
        let record = drafted(&tab.view, row, data.as_object().unwrap(), WriteId(row_id(1_000 + n).0));
        tab.view.put_write(record.clone());
        tab.unstored.push(record);
    }

    fn keep(&self, tab: &mut Tab) {
        for stored in block_on(self.store.enqueue(std::mem::take(&mut tab.unstored))).unwrap() {
            tab.view.put_write(stored);
        }
    }

    /// A tab reads what is stored, rows before writes.
    fn hear(&self, tab: usize) {
        let view = &mut self.tabs[tab].borrow_mut().view;
        for table in TABLES {
            view.load_table(table, block_on(self.store.rows(table)).unwrap().unwrap_or_default());
        }
        view.load_outbox(block_on(own_records(&self.store, me())).unwrap());
    }

    /// The shape's rows come to the first tab, which leads.
    fn rows_come(&self) {
        let changes = self.office.rows.borrow().values().cloned().map(RowChange::Put).collect();
        let batch = ShapeBatch {
            table: Table::Turns,
            reset: true,
            changes,
            place: Place {
                handle: "1-1".into(),
                offset: "0_0".into(),
            },
            is_up_to_date: true,
        };
        block_on(self.store.apply_shape(&batch)).unwrap();
        self.tabs[0].borrow_mut().view.apply_shape(&batch);
    }
}

impl Network for TwoTabs {
    async fn send(&self, batch: &BatchRequest) -> Delivery {
        self.office.requests.set(self.office.requests.get() + 1);
        self.something_happens();
        let answers = self.office.results(batch);
        self.something_happens();
        let is_conflict = |code: ProblemCode| code == ProblemCode::Conflict;
        let conflicts = answers
            .iter()
            .filter_map(|answer| answer.error.as_ref())
            .filter(|problem| is_conflict(problem.code));
        self.conflicts.set(self.conflicts.get() + conflicts.count());
        Delivery::Results(answers)
    }
}

/// What a tap in a tab that shows `view` becomes.
fn drafted(view: &LocalView, row: RowId, data: &Map<String, Json>, write_id: WriteId) -> OutboxRecord {
    let mutation = Mutation::read(Table::Turns, row, Operation::Update, data).unwrap();
    let current = view.row(Table::Turns, row);
    let facts = Facts { current, ..Facts::default() };
    let after = mutation.apply(facts, me(), Timestamp::from_millis(0));
    let author = Author {
        user_id: me(),
        device_id: DeviceId(row_id(2).0),
        write_id,
        now_ms: 1_000_000,
    };
    draft(&mutation, current, after.as_ref(), author, view)
}
