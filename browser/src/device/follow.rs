//! Brings into the view what other tabs, the worker and this tab's own streams have stored.
//!
//! **Invariant:** signals are taken one after another, so that what was read earlier is never shown later; nothing is shown that was read in
//! another session than this tab's.

use super::{Inner, News, show::Shown};
use crate::{
    building,
    channel::Signal,
    clock,
    leader::{Audience, StreamState},
    runs::WokenBy,
    store::StoreError,
};
use domain::{RowId, Table, UserId, WriteId};
use futures::{StreamExt, channel::mpsc::UnboundedReceiver};
use std::{
    collections::{HashMap, HashSet},
    rc::{Rc, Weak},
};
use sync::{
    Applied, OutboxRecord, Place, RowChange, ShapeBatch, Store, WriteState,
    outbox::{drain::own_records, history},
    view::TableView,
};
use wasm_bindgen_futures::spawn_local;

/// More rows than this are not named one by one.
const MOST_NAMED_ROWS: usize = 500;

/// Runs as long as the device.
pub(super) async fn follow(device: Weak<Inner>, mut inbox: UnboundedReceiver<Signal>) {
    while let Some(first) = inbox.next().await {
        let mut gathered = Gathered::default();
        gathered.add(first);
        while let Ok(next) = inbox.try_recv() {
            gathered.add(next);
        }
        let Some(device) = device.upgrade() else { return };
        device.take_in(gathered).await;
    }
}

/// Signals that came together: each thing is read once.
#[derive(Default)]
struct Gathered {
    session: bool,
    outbox: bool,
    photos: bool,
    reached: Option<bool>,
    is_asked_who_leads: bool,
    /// The tab that says that it leads.
    leads: Option<String>,
    has_worker_run: bool,
    /// The rows to read; all where `None`.
    rows: HashMap<Table, Option<HashSet<RowId>>>,
}

impl Gathered {
    fn add(&mut self, signal: Signal) {
        match signal {
            Signal::OutboxChanged => self.outbox = true,
            Signal::PhotosChanged => self.photos = true,
            Signal::SessionChanged => self.session = true,
            Signal::ServerReached { reached } => self.reached = Some(reached),
            Signal::WhoLeads => self.is_asked_who_leads = true,
            Signal::Leads { tab } => self.leads = Some(tab),
            Signal::WorkerRan => self.has_worker_run = true,
            Signal::RowsChanged { table, ids } => {
                let known = self.rows.entry(table).or_insert_with(|| Some(HashSet::new()));
                match (known.as_mut(), ids) {
                    (Some(known), Some(ids)) => known.extend(ids),
                    _ => *known = None,
                }
            }
        }
    }
}

impl Inner {
    async fn take_in(self: &Rc<Self>, gathered: Gathered) {
        if gathered.session {
            // A session in this page's memory was changed by nobody else; but the server may not know it any more.
            if self.store.is_in_memory() {
                self.confirm_session().await;
            } else {
                self.reload_session().await;
            }
        }
        let is_brought_anew = gathered.rows.values().any(Option::is_none);
        // Rows first: a write whose echo they are is over in the outbox by now, and must not flicker.
        // What lies in this page's memory no other tab has changed.
        for (table, ids) in gathered.rows.into_iter().filter(|_| !self.store.is_in_memory()) {
            self.reload_rows(table, ids).await;
        }
        // With a table that was not here, writes that have waited for it are over.
        if gathered.outbox || is_brought_anew {
            self.reload_outbox().await;
        }
        if gathered.photos {
            self.reload_photos().await;
        }
        if let Some(reached) = gathered.reached {
            self.note_server_reached(reached);
        }
        if gathered.is_asked_who_leads && self.is_leading.get() {
            self.say_who_leads();
        }
        if gathered.leads.is_some() {
            self.leading_tab.replace(gathered.leads);
            self.tell(News::Status);
        } else if gathered.has_worker_run {
            self.tell(News::Status);
        }
    }

    fn say_who_leads(&self) {
        // Over what lies in one page's memory nobody else is led.
        if !self.store.is_in_memory() {
            self.channel.tell(&Signal::Leads { tab: self.tab.clone() });
        }
    }

    /// Forgets what has been over for long enough, once a day, for the whole device: a tab may be open for months.
    pub(super) async fn trim_history(&self) {
        let now_ms = clock::now_ms();
        if self.is_leading.get() && history::is_to_be_trimmed(self.trimmed_at_ms.get(), now_ms) {
            self.trimmed_at_ms.set(Some(now_ms));
            // What could not be trimmed is trimmed another time.
            let _ = history::trim(&self.store, now_ms).await;
        }
    }

    /// Says whether the table is here. Rows that had to make room on a full disk stay in sight until they come again.
    async fn reload_rows(&self, table: Table, ids: Option<HashSet<RowId>>) -> bool {
        let Some(user) = self.user_id() else { return false };
        let store = self.store.on_behalf_of(user);
        let named: Option<Vec<RowId>> = ids.map(|ids| ids.into_iter().collect());
        let place = self.places.borrow().get(&table).cloned();
        let read = match &named {
            Some(ids) => store.rows_by_id(table, ids).await,
            None => store.rows(table).await,
        };
        let is_here = !matches!(read, Ok(None));
        match read {
            Ok(Some(rows)) if self.user_id() == Some(user) => match &named {
                // Some rows are not the table, though it lies here by now: word of it is on its way.
                Some(ids) => self.change(|view| view.replace_rows(table, ids, rows)),
                None => {
                    // While it was built this tab may have come to lead, and have shown more: then that is read too.
                    let is_as_read = || self.places.borrow().get(&table) == place.as_ref();
                    match self.show_table(table, rows, is_as_read).await {
                        Shown::Yes => self.note_placed(table),
                        Shown::IsOld => drop(self.signals.unbounded_send(Signal::RowsChanged { table, ids: None })),
                        Shown::NotTheirs => {}
                    }
                }
            },
            // Somebody else's by now, or not here.
            Ok(_) => {}
            Err(StoreError::NotOurs) => self.look_whose_it_is(Signal::RowsChanged { table, ids: named }),
            // The server has them: they come again, to whichever tab leads.
            Err(StoreError::UnreadableRow(_)) => drop(self.store.forget_rows().await),
            Err(error) => self.tell(News::StorageFailed(error.to_string())),
        }
        is_here
    }

    pub(super) async fn reload_outbox(self: &Rc<Self>) {
        let Some(user) = self.user_id() else { return };
        match self.try_reload_outbox(user).await {
            Ok(true) => {
                self.tell(News::Status);
                self.arm();
            }
            // Somebody else's by now.
            Ok(false) => {}
            Err(StoreError::NotOurs) => self.look_whose_it_is(Signal::OutboxChanged),
            Err(error) => self.tell(News::StorageFailed(error.to_string())),
        }
    }

    /// A write that has left the outbox has left its echo in the rows, in one transaction. Another tab's signal for these may still be on its way:
    /// so they are read before the write goes from the view, or what it set would be seen to go back and return. The
    /// tab that leads reads them too: an earlier leader may have stored them.
    async fn try_reload_outbox(&self, user: UserId) -> Result<bool, StoreError> {
        let (mut refreshed, mut away, mut kept) = (HashSet::new(), HashSet::new(), Vec::new());
        loop {
            let mut records = own_records(&self.store.on_behalf_of(user), user).await?;
            if self.user_id() != Some(user) {
                return Ok(false);
            }
            let mut over = self.view.borrow().over_in(&records);
            over.retain(|id, _| !refreshed.contains(id));
            if over.keys().all(|id| away.contains(id)) {
                kept.retain(|record: &OutboxRecord| over.contains_key(&record.write_id));
                records.extend(kept);
                self.change(|view| view.load_outbox(records));
                return Ok(true);
            }
            // Asked anew with each look at the outbox: a table may have come meanwhile, and a later write to the same row be over with it.
            away.clear();
            for table in Table::ALL {
                let of_table = || over.iter().filter(|(_, (of, _))| *of == table);
                let ids: HashSet<RowId> = of_table().map(|(_, (_, row))| *row).collect();
                if !ids.is_empty() {
                    let told = if self.reload_rows(table, Some(ids)).await {
                        &mut refreshed
                    } else {
                        &mut away
                    };
                    told.extend(of_table().map(|(id, _)| *id));
                }
            }
            kept = self.still_shown(&away).await?;
        }
    }

    /// Somebody else has signed in, and this tab has not heard of it: its view stays as it is until it has taken the session in. Should that be its
    /// own again by then, what it wanted to read is read.
    fn look_whose_it_is(&self, again: Signal) {
        let _ = self.signals.unbounded_send(Signal::SessionChanged);
        let _ = self.signals.unbounded_send(again);
    }

    /// Writes whose echo is stored nowhere at the moment: what they set is shown, as applied, until their table is here again.
    async fn still_shown(&self, away: &HashSet<WriteId>) -> Result<Vec<OutboxRecord>, StoreError> {
        if away.is_empty() {
            return Ok(Vec::new());
        }
        let past = self.store.history(usize::MAX).await?.into_iter();
        let settled = past.filter(|record| away.contains(&record.write_id) && record.state == WriteState::Settled);
        Ok(settled.map(|record| record.in_state(WriteState::Acked)).collect())
    }

    /// A table has been here: perhaps it was the last one.
    pub(super) fn note_placed(&self, table: Table) {
        let is_new = self.placed.borrow_mut().insert(table);
        let session = self.session.borrow().clone();
        if is_new && session.is_some_and(|session| session.tables().iter().all(|table| self.placed.borrow().contains(table))) {
            self.tell(News::FirstSync);
        }
    }

    fn note_server_reached(self: &Rc<Self>, reached: bool) {
        if self.is_server_reached.replace(reached) == reached {
            return;
        }
        self.tell(News::Status);
        if reached {
            self.server_is_back(WokenBy::Server);
        }
    }
}

/// What this tab's own streams bring, while it leads.
pub(super) struct Screen(pub Weak<Inner>);

impl Audience for Screen {
    fn leading(&self) {
        let Some(device) = self.0.upgrade() else { return };
        device.is_leading.set(true);
        device.say_who_leads();
        device.tell(News::Status);
        spawn_local(async move { device.trim_history().await });
    }

    /// What lies between there and what this tab has seen was stored by somebody who could not tell of it any more.
    fn begins_at(&self, table: Table, place: Option<&Place>) {
        let (Some(device), Some(place)) = (self.0.upgrade(), place) else { return };
        let seen = device.places.borrow_mut().insert(table, place.clone());
        if seen.as_ref() != Some(place) {
            device.tell_all(&Signal::RowsChanged { table, ids: None });
            device.tell_all(&Signal::OutboxChanged);
        } else {
            // This tab has found it when it was loaded; others may have been open.
            device.channel.tell(&Signal::RowsChanged { table, ids: None });
        }
    }

    async fn prepare(&self, batch: &ShapeBatch) -> Option<TableView> {
        if batch.reset { Some(building::of_batch(batch).await) } else { None }
    }

    async fn stored(&self, batch: &ShapeBatch, prepared: Option<TableView>, applied: &Applied) {
        let Some(device) = self.0.upgrade() else { return };
        device.places.borrow_mut().insert(batch.table, batch.place.clone());
        device.show(batch, prepared).await;
        device.note_placed(batch.table);
        if batch.table == Table::Notifications && !batch.reset && !batch.changes.is_empty() {
            // A supervisor may have decided: what they held is asked about at once, and not hours later.
            device.ask_about_held();
        }
        if batch.reset || !batch.changes.is_empty() {
            let named = !batch.reset && batch.changes.len() <= MOST_NAMED_ROWS;
            let ids = named.then(|| batch.changes.iter().map(RowChange::id).collect());
            device.channel.tell(&Signal::RowsChanged { table: batch.table, ids });
        }
        if batch.reset || !applied.settled.is_empty() {
            // Not taken out of the view here: an earlier write to the same row may be over too, and this tab not know it yet. With a table that
            // was not here, writes that have waited for it are over.
            device.tell_all(&Signal::OutboxChanged);
        }
    }

    fn awaits_echo(&self, table: Table) -> bool {
        let Some(device) = self.0.upgrade() else { return false };
        let view = device.view.borrow();
        view.writes().any(|record| record.table == table && record.awaits_echo())
    }

    fn stream_stands(&self, table: Table, how: StreamState) {
        let Some(device) = self.0.upgrade() else { return };
        device.streams.borrow_mut().insert(table, how);
        device.tell(News::Status);
    }

    fn server_reached(&self, reached: bool) {
        let Some(device) = self.0.upgrade() else { return };
        device.channel.tell(&Signal::ServerReached { reached });
        device.note_server_reached(reached);
    }

    fn session_ended(&self) {
        if let Some(device) = self.0.upgrade() {
            spawn_local(async move { device.stream_was_refused().await });
        }
    }

    fn storage_failed(&self, error: &StoreError) {
        if let Some(device) = self.0.upgrade() {
            device.tell(News::StorageFailed(error.to_string()));
        }
    }
}
