//! Brings into the view what other tabs, the worker and the streams have stored (`browser/src/device/follow.rs`).
//!
//! **Invariant:** signals are taken one after another, so that what was read earlier is never shown later; nothing is shown that was read in
//! another session than this tab's.

use super::{Signal, tab::Tab};
use crate::{
    disk::{DiskError, short},
    wrong::Wrong,
};
use domain::{RowId, Table, WriteId};
use futures::{StreamExt, channel::mpsc::UnboundedReceiver};
use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};
use sync::{Applied, OutboxRecord, Place, RowChange, ShapeBatch, Store, WriteState, outbox::drain::own_records};

/// Signals that came together: each thing is read once.
#[derive(Default)]
struct Gathered {
    session: bool,
    outbox: bool,
    reached: Option<bool>,
    /// The rows to read; all where `None`.
    rows: BTreeMap<Table, Option<BTreeSet<RowId>>>,
}

impl Gathered {
    fn add(&mut self, signal: Signal) {
        match signal {
            Signal::OutboxChanged => self.outbox = true,
            Signal::SessionChanged => self.session = true,
            Signal::ServerReached(reached) => self.reached = Some(reached),
            Signal::RowsChanged(table, ids) => {
                let known = self.rows.entry(table).or_insert_with(|| Some(BTreeSet::new()));
                match (known.as_mut(), ids) {
                    (Some(known), Some(ids)) => known.extend(ids),
                    _ => *known = None,
                }
            }
        }
    }
}

impl Tab {
    pub(super) async fn follow(self: Rc<Self>, mut inbox: UnboundedReceiver<Signal>) {
        while let Some(first) = inbox.next().await {
            let mut gathered = Gathered::default();
            gathered.add(first);
            while let Ok(next) = inbox.try_recv() {
                gathered.add(next);
            }
            self.take_in(gathered).await;
        }
    }

    async fn take_in(self: &Rc<Self>, gathered: Gathered) {
        if gathered.session {
            self.reload_session().await;
        }
        // Rows first: a write whose echo they are is over in the outbox by now, and must not flicker.
        let is_brought_anew = gathered.rows.values().any(Option::is_none);
        for (table, ids) in gathered.rows {
            self.reload_rows(table, ids).await;
        }
        // With a table that was not here, writes that have waited for it are over.
        if gathered.outbox || is_brought_anew {
            self.reload_outbox().await;
        }
        if let Some(reached) = gathered.reached
            && self.is_server_reached.replace(reached) != reached
            && reached
        {
            self.server_is_back();
        }
    }

    /// Says whether the table is here. Rows that had to make room stay in sight until they come again.
    async fn reload_rows(&self, table: Table, ids: Option<BTreeSet<RowId>>) -> bool {
        let Some(user) = self.user_id() else { return false };
        let hand = self.hand().on_behalf_of(user);
        let named: Option<Vec<RowId>> = ids.map(|ids| ids.into_iter().collect());
        let read = match &named {
            Some(ids) => hand.rows_by_id(table, ids).await,
            None => hand.rows(table).await,
        };
        let is_here = !matches!(read, Ok(None));
        match read {
            Ok(Some(rows)) if self.user_id() == Some(user) => self.change(|view| match &named {
                Some(ids) => view.replace_rows(table, ids, rows),
                None => view.load_table(table, rows),
            }),
            Err(DiskError::NotOurs) => self.look_whose_it_is(Signal::RowsChanged(table, named)),
            _ => {}
        }
        is_here
    }

    /// Takes the outbox as the store has it.
    pub async fn reload_outbox(self: &Rc<Self>) {
        let Some(user) = self.user_id() else { return };
        let (mut read, mut away, mut kept) = (BTreeSet::new(), BTreeSet::new(), vec![]);
        loop {
            let mut records = match own_records(&self.hand().on_behalf_of(user), user).await {
                Ok(records) => records,
                Err(DiskError::NotOurs) => return self.look_whose_it_is(Signal::OutboxChanged),
                Err(DiskError::Full) => return,
            };
            if self.device.world.wrong == Some(Wrong::ForgetsAtAck) {
                records.retain(|record| record.state != WriteState::Acked);
            }
            if self.user_id() != Some(user) {
                return;
            }
            let mut over = self.view.borrow().over_in(&records);
            over.retain(|id, _| !read.contains(id));
            if over.keys().all(|id| away.contains(id)) || self.device.world.wrong == Some(Wrong::ForgetsAtAck) {
                kept.retain(|record: &OutboxRecord| over.contains_key(&record.write_id));
                records.extend(kept);
                self.change(|view| view.load_outbox(records));
                return self.arm();
            }
            // Asked anew with each look at the outbox: a table may have come meanwhile, and a later write to the same row be over with it.
            away.clear();
            for table in over.values().map(|(table, _)| *table).collect::<BTreeSet<_>>() {
                let of_table = || over.iter().filter(|(_, (of, _))| *of == table);
                let ids = of_table().map(|(_, (_, row))| *row).collect();
                let told = if self.reload_rows(table, Some(ids)).await { &mut read } else { &mut away };
                told.extend(of_table().map(|(id, _)| *id));
            }
            kept = self.still_shown(&away).await;
        }
    }

    /// Somebody else has signed in, and this tab has not heard of it: its view stays as it is until it has taken the session in. Should that be its
    /// own again by then, what it wanted to read is read.
    fn look_whose_it_is(&self, again: Signal) {
        self.hear(Signal::SessionChanged);
        self.hear(again);
    }

    /// Writes whose echo is stored nowhere at the moment: what they set is shown, as applied, until their table is here again.
    async fn still_shown(&self, away: &BTreeSet<WriteId>) -> Vec<OutboxRecord> {
        if away.is_empty() {
            return vec![];
        }
        let past = self.hand().history(usize::MAX).await.unwrap_or_default().into_iter();
        past.filter(|record| away.contains(&record.write_id) && record.state == WriteState::Settled)
            .map(|record| record.in_state(WriteState::Acked))
            .collect()
    }

    /// This tab's stream begins where the store says. Whatever lies between that and what this tab has seen was stored by somebody who could
    /// not tell of it any more.
    pub fn begins_at(&self, table: Table, place: Option<&Place>) {
        let Some(place) = place else { return };
        if self.places.borrow_mut().insert(table, place.clone()).as_ref() != Some(place) {
            self.tell_all(&Signal::RowsChanged(table, None));
            self.tell_all(&Signal::OutboxChanged);
        } else {
            // This tab has found it when it was loaded; others may have been open.
            self.device.tell(self.process, &Signal::RowsChanged(table, None));
        }
    }

    /// This tab's own streams have stored a batch.
    pub fn stored(self: &Rc<Self>, batch: &ShapeBatch, applied: &Applied) {
        self.device.world.tell(|| {
            let settled: Vec<String> = applied.settled.iter().map(|id| short(*id)).collect();
            format!(
                "device {}: tab {} stored {} changes of {:?}, settling {settled:?}",
                self.device.number,
                self.process.0,
                batch.changes.len(),
                batch.table
            )
        });
        self.places.borrow_mut().insert(batch.table, batch.place.clone());
        self.change(|view| view.apply_shape(batch));
        if batch.reset || !batch.changes.is_empty() {
            let ids = (!batch.reset).then(|| batch.changes.iter().map(RowChange::id).collect());
            self.device.tell(self.process, &Signal::RowsChanged(batch.table, ids));
        }
        if batch.reset || !applied.settled.is_empty() {
            // Not taken out of the view here: an earlier write to the same row may be over too, and this tab not know it yet. With a table that
            // was not here, writes that have waited for it are over.
            self.tell_all(&Signal::OutboxChanged);
        }
    }
}
