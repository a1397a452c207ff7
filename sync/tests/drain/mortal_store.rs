//! A store whose process dies at a chosen step: before or after the step is carried out, but never in the middle.

use domain::{Row, RowId, Table, WriteId};
use std::{
    cell::{Cell, RefCell},
    convert::Infallible,
    future::pending,
};
use sync::{Amendment, Applied, OutboxRecord, Place, ShapeBatch, Store, Stored, store::memory::MemoryStore};

/// See the module.
#[derive(Default)]
pub struct MortalStore {
    pub disk: MemoryStore,
    steps_to_live: Cell<Option<usize>>,
    deaths: RefCell<Vec<usize>>,
}

impl MortalStore {
    pub fn new(deaths: Vec<usize>) -> Self {
        Self {
            deaths: RefCell::new(deaths),
            ..Self::default()
        }
    }

    /// A new process: it lives as long as the script says.
    pub fn start_process(&self) {
        self.steps_to_live.set(self.deaths.borrow_mut().pop());
    }

    /// A process that does not die.
    pub fn start_lasting_process(&self) {
        self.steps_to_live.set(None);
    }

    /// Each call is a step; the process that runs out of them waits for ever, and its future is dropped.
    async fn step(&self) {
        match self.steps_to_live.get() {
            Some(0) => pending().await,
            left => self.steps_to_live.set(left.map(|left| left - 1)),
        }
    }
}

macro_rules! mortal {
    ($self:ident, $call:expr) => {{
        $self.step().await;
        let done = $call.await;
        $self.step().await;
        done
    }};
}

impl Store for MortalStore {
    type Error = Infallible;

    async fn enqueue(&self, drafts: Vec<OutboxRecord>) -> Result<Vec<OutboxRecord>, Infallible> {
        mortal!(self, self.disk.enqueue(drafts))
    }
    async fn outbox(&self) -> Result<Vec<Stored>, Infallible> {
        mortal!(self, self.disk.outbox())
    }
    async fn amend(&self, amendments: Vec<Amendment>) -> Result<bool, Infallible> {
        mortal!(self, self.disk.amend(amendments))
    }
    async fn history(&self, most: usize) -> Result<Vec<OutboxRecord>, Infallible> {
        mortal!(self, self.disk.history(most))
    }
    async fn forget_history(&self, ids: &[WriteId]) -> Result<(), Infallible> {
        mortal!(self, self.disk.forget_history(ids))
    }
    async fn apply_shape(&self, batch: &ShapeBatch) -> Result<Applied, Infallible> {
        mortal!(self, self.disk.apply_shape(batch))
    }
    async fn place(&self, table: Table) -> Result<Option<Place>, Infallible> {
        mortal!(self, self.disk.place(table))
    }
    async fn rows(&self, table: Table) -> Result<Option<Vec<Row>>, Infallible> {
        mortal!(self, self.disk.rows(table))
    }
    async fn rows_by_id(&self, table: Table, ids: &[RowId]) -> Result<Option<Vec<Row>>, Infallible> {
        mortal!(self, self.disk.rows_by_id(table, ids))
    }
    async fn forget_rows(&self) -> Result<(), Infallible> {
        mortal!(self, self.disk.forget_rows())
    }
    async fn note(&self, name: &str) -> Result<Option<String>, Infallible> {
        mortal!(self, self.disk.note(name))
    }
    async fn set_note(&self, name: &str, text: Option<&str>) -> Result<(), Infallible> {
        mortal!(self, self.disk.set_note(name, text))
    }
}
