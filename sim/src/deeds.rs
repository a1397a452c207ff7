//! What people, browsers, clocks and the office do in a day.
//!
//! **Invariant:** a deed is done by somebody who could do it: through a screen, a server or a plug.

use crate::{
    coverage::Fault,
    device::{
        Device,
        tab::Tab,
        worker::{self, Wake},
    },
    files::Handed,
    office::{PEOPLE, ids},
    server::SUPERVISOR,
    world::World,
};
use domain::{Operation, Row, RowId, Table, UserId, WriteId};
use protocol::BatchRequest;
use serde_json::{Map, Value as Json, json};
use std::rc::Rc;
use sync::{OutboxRecord, Receipt, WriteState};

/// Who approves.
const DIRECTOR: UserId = ids::user(6);
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const YEAR_MS: i64 = 365 * DAY_MS;

impl World {
    /// Something happens.
    pub fn deed(self: &Rc<Self>) {
        let device = self.dice.pick(&self.devices.borrow()).clone();
        if self.is_contested_day.get() && self.dice.one_in(3) {
            return self.quarrel(&device);
        }
        match self.dice.below(100) {
            0..=36 => self.tap(&device),
            37..=43 => self.office_edits(),
            44..=48 => self.office_moves_access(),
            49..=55 => self.person_decides(&device),
            56 => self.a_supervisor_decides(),
            57 => self.hand_over(&device),
            58..=61 => self.plug(&device),
            62..=66 => device.dies_somewhere(),
            67..=71 => {
                if device.tabs.borrow().len() < 2 {
                    Tab::open(&device);
                }
            }
            72..=74 => self.close_browser(&device),
            75 if self.dice.one_in(3) => self.weeks_pass(&device),
            75..=77 => self.jump_clock(&device),
            78..=80 => self.sign_somebody_else_in(&device),
            81..=82 => self.sign_out(&device),
            83..=85 => self.end_session(&device),
            86 => self.trouble_storage(&device),
            87..=88 => self.update_app(&device),
            89..=91 => {
                self.met_all(Fault::LogTrimmed);
                self.server.borrow_mut().trim();
            }
            92..=93 => self.restart_server(),
            94..=95 => {
                self.met(Fault::DoorbellBroke, &device);
                self.break_bells(Some(device.number));
            }
            _ => self.let_time_pass(),
        }
    }

    /// What is rare on other days: people lose sight of what they work on, and everybody decides about what they meet.
    fn quarrel(self: &Rc<Self>, device: &Rc<Device>) {
        let has_held = device.disk.records().iter().any(|record| record.state == WriteState::Held);
        if has_held && !self.dice.one_in(4) {
            return self.much_is_open(device);
        }
        match self.dice.below(7) {
            0..=1 => self.office_moves_access(),
            2 => self.office_edits(),
            3 => self.office_removes(),
            4 => self.office_contradicts(device),
            _ => (0..4).for_each(|_| self.person_decides(device)),
        }
    }

    /// While a supervisor has something, its author asks, goes on, meets others, and decides about that.
    fn much_is_open(self: &Rc<Self>, device: &Rc<Device>) {
        // As when the app is opened.
        self.some_tab(device).iter().for_each(Tab::ask_about_held);
        self.tap(device);
        (0..2).for_each(|_| self.office_contradicts(device));
        (0..4).for_each(|_| self.person_decides(device));
    }

    /// Somebody at a desk is at the very thing that a tablet has changed and not sent.
    fn office_contradicts(self: &Rc<Self>, device: &Device) {
        let mut edits = device.disk.records();
        edits.retain(|record| record.operation == Operation::Update && record.state.is_waiting());
        if edits.is_empty() {
            return;
        }
        let edit = self.dice.pick(&edits);
        let row = self.server.borrow_mut().rows(edit.table).into_iter().find(|row| row.id() == edit.row_id);
        let Some(row) = row else { return };
        if edit.table == Table::ScopeItems && self.dice.one_in(2) {
            self.office_writes(row.id(), edit.table, row.version(), Operation::Delete, &json!({}));
        } else if let Some(text) = ["notes", "work_order_number", "description"]
            .iter()
            .find(|name| edit.changes.contains_key(**name))
        {
            let data = json!({*text: format!("office {}", self.dice.next())});
            self.office_writes(row.id(), edit.table, row.version(), Operation::Update, &data);
        }
    }

    /// Somebody at a desk strikes a line of a scope, which may be worked on.
    fn office_removes(self: &Rc<Self>) {
        let items = self.server.borrow_mut().rows(Table::ScopeItems);
        if items.is_empty() {
            return;
        }
        let item = self.dice.pick(&items);
        self.office_writes(item.id(), Table::ScopeItems, item.version(), Operation::Delete, &json!({}));
    }

    /// Full for a while; or, rarely, cleared.
    fn trouble_storage(&self, device: &Rc<Device>) {
        if self.dice.one_in(3) {
            return self.clear_database(device);
        }
        self.met(Fault::StorageFull, device);
        device.disk.full_until_ms.set(self.now_ms() + self.dice.below_ms(20_000));
    }

    fn let_time_pass(&self) {
        let until_ms = self.now_ms() + self.dice.below_ms(4 * 60 * 1_000);
        self.run_until(until_ms);
    }

    fn tap(&self, device: &Rc<Device>) {
        let Some(tab) = self.some_tab(device) else {
            Tab::open(device);
            return;
        };
        for _ in 0..=self.dice.below(3) {
            self.tap_once(&tab);
        }
    }

    pub(crate) fn some_tab(&self, device: &Device) -> Option<Rc<Tab>> {
        let tabs = device.tabs.borrow();
        (!tabs.is_empty()).then(|| self.dice.pick(&tabs).clone())
    }

    fn tap_once(&self, tab: &Rc<Tab>) {
        let unique = |what: &str| json!(format!("{what} {}", self.dice.next()));
        let turn = self.some_row(tab, Table::Turns);
        let item = self.some_row(tab, Table::ScopeItems);
        let home = self.some_row(tab, Table::Properties);
        match self.dice.below(20) {
            0..=3 => tap(tab, Table::Turns, turn, Operation::Update, json!({"notes": unique("notes")})),
            // One of a few, so that it comes back to what it was.
            4 => tap(
                tab,
                Table::Turns,
                turn,
                Operation::Update,
                json!({"notes": format!("one of {}", self.dice.below(2))}),
            ),
            5..=6 => tap(tab, Table::Turns, turn, Operation::Update, json!({"work_order_number": unique("W")})),
            7..=8 => {
                let stage = ids::stage(self.dice.below(9) as u64);
                tap(tab, Table::Turns, turn, Operation::StageChange, json!({"stage_id": stage.to_string()}));
            }
            9..=10 => self.add_item(tab, turn),
            11..=12 => tap(tab, Table::ScopeItems, item, Operation::Update, json!({"description": unique("walls")})),
            13 => tap(tab, Table::ScopeItems, item, Operation::Update, json!({"is_done": self.dice.one_in(2)})),
            14 => tap(tab, Table::ScopeItems, item, Operation::Delete, json!({})),
            15 if self.dice.one_in(2) => self.take_photo(tab),
            15 => tap(tab, Table::Properties, home, Operation::Update, json!({"notes": unique("home")})),
            16 => self.make_home(tab),
            // One is under way there, as a rule.
            19 if self.dice.one_in(2) => self.begin_turn(tab, home),
            17 => tap(
                tab,
                Table::Turns,
                turn,
                Operation::Update,
                json!({"notes": unique("n"), "work_order_number": unique("W")}),
            ),
            // The device does not know who works here: the server refuses.
            18 => tap(tab, Table::Turns, turn, Operation::Update, json!({"vendor_id": ids::user(9).to_string()})),
            _ if self.dice.one_in(2) => self.see_to_approval(tab, turn),
            _ => tap(tab, Table::ScopeItems, item, Operation::Update, json!({"quantity": self.dice.below(9)})),
        }
    }

    /// A photo of something in sight, which may be there on this device alone.
    fn take_photo(&self, tab: &Rc<Tab>) {
        let (entity, table) = *self
            .dice
            .pick(&[("property", Table::Properties), ("turn", Table::Turns), ("scope_item", Table::ScopeItems)]);
        let Some(of) = self.some_row(tab, table) else { return };
        self.photograph(tab, entity, of);
    }

    fn photograph(&self, tab: &Rc<Tab>, entity: &str, of: RowId) {
        let data = json!({
            "entity_type": entity, "entity_id": of.to_string(), "kind": "before", "file_name": "wall.jpg", "content_type": "image/jpeg",
            "size_bytes": 1 + self.dice.below(9), "content_hash": format!("{:064x}", self.dice.next()),
        });
        tap(tab, Table::Documents, Some(RowId(self.new_id())), Operation::Create, data);
    }

    /// A manager asks, the director agrees to what they see.
    fn see_to_approval(&self, tab: &Rc<Tab>, turn: Option<RowId>) {
        let Some(turn) = turn else { return };
        let digest = tab
            .view
            .borrow()
            .row(Table::Turns, turn)
            .and_then(|turn| turn.text("scope_digest").map(str::to_owned));
        tap(tab, Table::Turns, Some(turn), Operation::Approve, json!({"scope_digest": digest}));
        tap(
            tab,
            Table::Approvals,
            Some(RowId(self.new_id())),
            Operation::Create,
            json!({"turn_id": turn.to_string()}),
        );
    }

    fn some_row(&self, tab: &Tab, table: Table) -> Option<RowId> {
        let view = tab.view.borrow();
        let count = view.count(table);
        view.rows(table).nth(self.dice.below(count.max(1))).map(domain::Row::id)
    }

    fn add_item(&self, tab: &Rc<Tab>, turn: Option<RowId>) {
        let Some(turn) = turn else { return };
        let data = json!({"turn_id": turn.to_string(), "room": "Kitchen", "category": "Paint", "description": format!("walls {}", self.dice.next())});
        tap(tab, Table::ScopeItems, Some(RowId(self.new_id())), Operation::Create, data);
    }

    /// A home, its turn and a line of its scope, all in one go and perhaps without a network.
    fn make_home(&self, tab: &Rc<Tab>) {
        let (home, turn) = (RowId(self.new_id()), RowId(self.new_id()));
        // Somebody else may be at the same door.
        let number = format!("P-{}", self.dice.below(if self.dice.one_in(2) { 6 } else { 1_000_000 }));
        let data = json!({"property_number": number, "name": "New", "street_address": "1 New Street", "city": "Tulsa"});
        tap(tab, Table::Properties, Some(home), Operation::Create, data);
        tap(tab, Table::Turns, Some(turn), Operation::Create, json!({"property_id": home.to_string()}));
        self.add_item(tab, Some(turn));
        self.photograph(tab, "property", home);
        self.photograph(tab, "turn", turn);
    }

    fn begin_turn(&self, tab: &Rc<Tab>, home: Option<RowId>) {
        let Some(home) = home else { return };
        tap(
            tab,
            Table::Turns,
            Some(RowId(self.new_id())),
            Operation::Create,
            json!({"property_id": home.to_string()}),
        );
    }

    /// A supervisor looks at what is held.
    fn a_supervisor_decides(self: &Rc<Self>) {
        if self.dice.one_in(2) && !self.is_contested_day.get() {
            self.supervisors_decide();
        }
    }

    /// Somebody at a desk writes a row that tablets have too.
    fn office_edits(self: &Rc<Self>) {
        let turns = self.server.borrow_mut().rows(Table::Turns);
        let asked = turns.iter().find(|turn| turn.text("approval_status") == Some("dfo_needed"));
        if let Some(turn) = asked.filter(|_| self.dice.one_in(2)) {
            return self.director_decides(turn);
        }
        let turn = self.dice.pick(&turns);
        let (column, value) = match self.dice.below(3) {
            0 => ("notes", json!(format!("office {}", self.dice.next()))),
            1 => ("priority", json!(["low", "medium", "high", "urgent"][self.dice.below(4)])),
            _ => ("work_order_number", json!(format!("O {}", self.dice.next()))),
        };
        self.office_writes(turn.id(), Table::Turns, turn.version(), Operation::Update, &json!({column: value}));
    }

    /// The director is at a desk, and has a reason.
    fn director_decides(self: &Rc<Self>, turn: &Row) {
        let operation = *self.dice.pick(&[Operation::Approve, Operation::Reject]);
        let data = json!({"scope_digest": turn.text("scope_digest")});
        let metadata = json!({"rejectReason": "two quotes, please"});
        let write = json!({
            "table": "turns", "operation": operation, "writeId": WriteId(self.new_id()), "rowId": turn.id(), "version": turn.version(),
            "data": data, "metadata": metadata,
        });
        self.desk_writes(DIRECTOR, write);
    }

    /// Homes change hands, vendors and inspectors come and go.
    fn office_moves_access(self: &Rc<Self>) {
        let gives = self.dice.one_in(2);
        let (table, id, data) = match self.dice.below(3) {
            0 => (
                Table::Properties,
                ids::property(0),
                json!({"property_manager_id": ids::user(if gives { 2 } else { 3 }).to_string()}),
            ),
            1 => (Table::Turns, ids::turn(0), json!({"vendor_id": gives.then(|| ids::vendor(0).to_string())})),
            _ => (
                Table::Turns,
                ids::turn(0),
                json!({"superintendent_id": gives.then(|| ids::user(4).to_string())}),
            ),
        };
        let row = self.server.borrow_mut().rows(table).into_iter().find(|row| row.id() == id);
        let is_so = |row: &Row| {
            data.as_object()
                .into_iter()
                .flatten()
                .all(|(column, value)| row.to_json().get(column) == Some(value))
        };
        let Some(row) = row.filter(|row| !is_so(row)) else { return };
        self.promises.borrow_mut().forgive_presence();
        if self.office_writes(id, table, row.version(), Operation::Update, &data) {
            self.met_all(if gives { Fault::AccessGiven } else { Fault::AccessWithdrawn });
        }
    }

    /// Says whether it was applied.
    fn office_writes(self: &Rc<Self>, id: RowId, table: Table, version: i64, operation: Operation, data: &Json) -> bool {
        self.tell(|| format!("the office writes {} {id} v{version} {data}", table.url_name()));
        let write =
            json!({"table": table.url_name(), "operation": operation, "writeId": WriteId(self.new_id()), "rowId": id, "version": version, "data": data});
        self.desk_writes(SUPERVISOR, write)
    }

    /// Somebody writes who is not on a tablet. Says whether it was applied.
    fn desk_writes(self: &Rc<Self>, user: UserId, write: Json) -> bool {
        let batch = BatchRequest {
            operations: vec![write],
            atomic: false,
            user_id: None,
            waiting: None,
        };
        let mut server = self.server.borrow_mut();
        let before = server.position();
        let (token, _) = server.sign_in(user);
        let answered = server.write(token, &batch, self.now_ms());
        server.sign_out(token);
        drop(server);
        debug_assert!(answered.is_ok());
        self.after_commits(before, &Handed::new());
        answered.is_ok_and(|answers| answers.iter().all(|answer| answer.success))
    }

    /// The network goes or comes.
    fn plug(&self, device: &Rc<Device>) {
        let is_online = !device.is_online.get();
        device.is_online.set(is_online);
        self.tell(|| format!("device {} is {}", device.number, if is_online { "online" } else { "offline" }));
        if !is_online {
            self.met(Fault::Offline, device);
            self.break_bells(Some(device.number));
            return;
        }
        for tab in device.tabs.borrow().iter() {
            tab.network_came();
        }
        if device.has_worker {
            worker::wake(device, Wake::Sync { tries_left: 2 });
        }
    }

    fn close_browser(&self, device: &Device) {
        self.met(Fault::BrowserClosed, device);
        device.close();
    }

    fn jump_clock(&self, device: &Device) {
        let by_ms = *self.dice.pick(&[-YEAR_MS, YEAR_MS, -3_600_000, 3_600_000, -400_000, 400_000]);
        let error_ms = if device.clock_error_ms.get() == 0 { by_ms } else { 0 };
        self.met(Fault::ClockJumped, device);
        device.clock_error_ms.set(error_ms);
    }

    /// A tablet that is taken out of its drawer once a week, as its clock has it. What is over is forgotten by whoever leads next.
    fn weeks_pass(&self, device: &Rc<Device>) {
        let Some(tab) = self.some_tab(device) else { return };
        self.met(Fault::ClockJumped, device);
        for _ in 0..7 {
            device.clock_error_ms.set(device.clock_error_ms.get() + 8 * DAY_MS);
            self.tap_once(&tab);
            self.run_until(self.now_ms() + self.dice.below_ms(20_000));
        }
        if let Some(tab) = self.some_tab(device) {
            tab.stop_streams();
            tab.start_streams();
        }
    }

    fn sign_somebody_else_in(&self, device: &Rc<Device>) {
        let user = ids::user(1 + self.dice.below(PEOPLE) as u64);
        self.sign_in(device, user);
    }

    /// Somebody signs in on a device, in one of its tabs.
    pub fn sign_in(&self, device: &Rc<Device>, user: UserId) {
        let tab = self.some_tab(device).unwrap_or_else(|| Tab::open(device));
        self.tell(|| format!("device {}: user {} signs in", device.number, user.0.as_u128() % 64));
        let signing = tab.clone();
        tab.spawn(async move {
            signing.sign_in(user).await;
        });
    }

    fn sign_out(&self, device: &Rc<Device>) {
        let Some(tab) = self.some_tab(device) else { return };
        let how = self.some_leaving();
        let leaving = tab.clone();
        tab.spawn(async move { leaving.sign_out(how).await });
    }

    /// By a password that was reset, or by an administrator.
    fn end_session(&self, device: &Device) {
        let Some(session) = device.disk.session_note() else { return };
        self.met(Fault::SessionEnded, device);
        self.server.borrow_mut().end_sessions(session.user.id);
        self.end_dead_bells();
    }

    /// Another version of the app was here, which has written what this one reads, or does not understand.
    fn update_app(&self, device: &Device) {
        self.met(Fault::AppUpdated, device);
        let owner = device.disk.session_note().map(|session| session.user.id);
        let raw = json!({"schema": *self.dice.pick(&[0, 250]), "writeId": WriteId(self.new_id()), "userId": owner, "what": "of another time"});
        device.disk.memory.put_foreign_envelope(raw.clone());
        self.ledger.borrow_mut().foreign(device.number, raw);
        device.close();
        for record in device.disk.records() {
            let Some(old) = of_version_1(&record) else { continue };
            self.met(Fault::OldEnvelope, device);
            device.disk.memory.put_foreign_envelope(old);
        }
    }
}

impl Device {
    /// The browser ends with everything in it.
    pub fn close(&self) {
        while !self.tabs.borrow().is_empty() {
            self.close_tab(0);
        }
        let worker = self.worker.borrow_mut().take();
        if let Some(worker) = worker {
            self.world.executor.kill(worker.process);
        }
        self.world.break_bells(Some(self.number));
    }

    /// A tab or the worker is stopped.
    fn dies_somewhere(&self) {
        let worker = self.worker.borrow().as_ref().map(|worker| worker.process);
        let tabs: Vec<_> = self.tabs.borrow().iter().map(|tab| tab.process).collect();
        let all: Vec<_> = worker.into_iter().chain(tabs).collect();
        if !all.is_empty() {
            self.dies(*self.world.dice.pick(&all));
        }
    }
}

fn tap(tab: &Rc<Tab>, table: Table, row: Option<RowId>, operation: Operation, data: Json) {
    let (Some(row), Json::Object(data)) = (row, data) else { return };
    let data: Map<String, Json> = data;
    tab.tap(table, row, operation, &data);
}

/// The envelope as version 1 wrote it; none where that version would have known something else.
fn of_version_1(record: &OutboxRecord) -> Option<Json> {
    let was_tried = record.attempts > 0 && record.state == WriteState::Pending;
    let knows_more = |receipt: &Receipt| receipt.quiet_looks > 0 || receipt.comes_before_row;
    if record.state == WriteState::Held || record.is_unanswered != was_tried || record.receipt.as_ref().is_some_and(knows_more) {
        return None;
    }
    let mut raw = serde_json::to_value(record).ok()?;
    let envelope = raw.as_object_mut()?;
    envelope.insert("schema".to_owned(), 1.into());
    envelope.remove("seen");
    envelope.remove("isUnanswered");
    Some(raw)
}
