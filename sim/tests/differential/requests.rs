//! Random requests: most of them nearly right, because what is all wrong is refused for its first fault.

use crate::both::Both;
use domain::{DeviceId, Operation, Row, RowId, Table, UserId, WriteId, approval::Level};
use protocol::{
    BatchRequest, User, WireWrite, WriteMetadata,
    handover::{DeviceWrite, DeviceWrites, HANDOVER_VERSION, Standing},
};
use serde_json::{Map, Value as Json, json};
use sim::{
    dice::Dice,
    office::{ids, people},
};
use std::collections::BTreeSet;

const WRITTEN: [Table; 10] = [
    Table::Properties,
    Table::Properties,
    Table::Turns,
    Table::Turns,
    Table::ScopeItems,
    Table::ScopeItems,
    Table::Vendors,
    Table::Approvals,
    Table::Documents,
    Table::Documents,
];

/// Whoever writes all these requests, and remembers them.
#[derive(Default)]
pub struct Author {
    made: u64,
    sent: Vec<(UserId, WireWrite)>,
    /// Rows that somebody sees, or has seen.
    seen: BTreeSet<(UserId, Table, RowId)>,
}

impl Author {
    pub fn batch(&mut self, dice: &Dice, both: &Both) -> (UserId, BatchRequest) {
        let user = self.somebody(dice);
        let writes = 1 + dice.below(5);
        let operations = (0..writes).map(|_| self.sent_by(user, dice, both)).collect();
        let owner = if dice.one_in(25) { self.somebody(dice) } else { user };
        let batch = BatchRequest {
            operations,
            atomic: false,
            user_id: dice.one_in(2).then_some(owner),
            waiting: None,
        };
        (user, batch)
    }

    /// What a device would hand over: new writes and old ones.
    pub fn device(&mut self, dice: &Dice, both: &Both) -> DeviceWrites {
        let user = self.somebody(dice);
        let mut writes = vec![];
        for seq in 0..1 + dice.below(4) as u64 {
            let write = if dice.one_in(3) { self.earlier(user, dice) } else { None };
            let write = write.unwrap_or_else(|| self.write(user, dice, both));
            let standing = *dice.pick(&[Standing::Waiting, Standing::NeedsUser, Standing::Held, Standing::Applied, Standing::Discarded]);
            let owner = if dice.one_in(9) { self.somebody(dice) } else { user };
            writes.push(DeviceWrite {
                seq: seq * 7 % 5,
                user_id: owner,
                made_at_ms: 0,
                standing,
                txid: None,
                write,
            });
        }
        let person = people().into_iter().find(|person| person.id == user);
        DeviceWrites {
            version: HANDOVER_VERSION,
            device_id: DeviceId(ids::made(0)),
            user: person.unwrap(),
            exported_at_ms: 0,
            complete_since_ms: 0,
            writes,
            photos: vec![],
        }
    }

    /// What leads to a decision, which chance alone hardly finds: a scope that costs enough, a request, and what the director says.
    pub fn approval(&mut self, step: usize, dice: &Dice, both: &Both) -> (UserId, BatchRequest) {
        let (manager, director) = (ids::user(2), ids::user(6));
        let find = |table: Table, id: RowId| both.rows(table).into_iter().find(|row| row.id() == id);
        let (turn, item) = (find(Table::Turns, ids::turn(0)), find(Table::ScopeItems, ids::scope_item(1)));
        let digest = turn.as_ref().and_then(|turn| turn.text("scope_digest").map(str::to_owned));
        let decision = *dice.pick(&[Operation::Approve, Operation::Reject]);
        let new_row = RowId(self.new_id());
        let (user, table, row_id, operation, data) = match step {
            0 => (
                manager,
                Table::ScopeItems,
                ids::scope_item(1),
                Operation::Update,
                json!({"unit_cost": format!("{}.00", 3_200 + dice.below(900))}),
            ),
            1 => (manager, Table::Approvals, new_row, Operation::Create, json!({"turn_id": ids::turn(0)})),
            _ => (director, Table::Turns, ids::turn(0), decision, json!({"scope_digest": digest})),
        };
        let current = if table == Table::Turns { turn } else { item };
        let write = WireWrite {
            table: Some(table.url_name().to_owned()),
            operation,
            write_id: Some(WriteId(self.new_id())),
            row_id: Some(row_id),
            version: current.filter(|_| operation != Operation::Create).map(|row| row.version()),
            data: data.as_object().cloned().unwrap_or_default(),
            metadata: metadata(dice, operation),
            after: vec![],
        };
        let batch = BatchRequest {
            operations: vec![json(&write)],
            atomic: false,
            user_id: None,
            waiting: None,
        };
        (user, batch)
    }

    fn somebody(&self, dice: &Dice) -> UserId {
        ids::user(dice.below(7) as u64)
    }

    fn sent_by(&mut self, user: UserId, dice: &Dice, both: &Both) -> Json {
        match dice.below(30) {
            0 => json!({"table": "turns", "operation": "bless", "writeId": ids::made(7), "rowId": ids::turn(0)}),
            1 => json!({"table": "cars", "operation": "update", "writeId": ids::made(8), "rowId": ids::turn(0)}),
            2..=4 => {
                let again = self.earlier(user, dice).unwrap_or_else(|| self.write(user, dice, both));
                json(&self.changed(again, dice))
            }
            _ => json(&self.write(user, dice, both)),
        }
    }

    /// Something that was sent before, mostly by the same person.
    fn earlier(&self, user: UserId, dice: &Dice) -> Option<WireWrite> {
        let is_foreign = dice.one_in(6);
        let theirs: Vec<&WireWrite> = self.sent.iter().filter(|(by, _)| is_foreign || *by == user).map(|(_, write)| write).collect();
        (!theirs.is_empty()).then(|| (*dice.pick(&theirs)).clone())
    }

    /// A repeat may be rebased, or be another write under the same id.
    fn changed(&self, mut write: WireWrite, dice: &Dice) -> WireWrite {
        match dice.below(5) {
            0 => write.version = write.version.map(|version| version + 1),
            1 => drop(write.data.insert("notes".to_owned(), json!("other"))),
            2 => drop(write.data.insert("id".to_owned(), json!(write.row_id))),
            _ => {}
        }
        write
    }

    fn write(&mut self, user: UserId, dice: &Dice, both: &Both) -> WireWrite {
        let table = *dice.pick(&WRITTEN);
        let user_decides = user == ids::user(6) && table == Table::Turns;
        let row = self.some_row(user, table, dice, both);
        let operation = match dice.below(12) {
            _ if user_decides && !dice.one_in(4) || (table == Table::Turns && dice.one_in(20)) => *dice.pick(&[Operation::Approve, Operation::Reject]),
            _ if table == Table::Approvals && !dice.one_in(4) => Operation::Create,
            0..=2 => Operation::Create,
            3 => Operation::Delete,
            4..=5 if table == Table::Turns || dice.one_in(9) => Operation::StageChange,
            _ => Operation::Update,
        };
        let is_new = operation == Operation::Create && !dice.one_in(8);
        let row_id = match &row {
            Some(row) if !is_new => row.id(),
            _ => RowId(self.new_id()),
        };
        let write = WireWrite {
            table: Some(table.url_name().to_owned()),
            operation,
            write_id: Some(WriteId(self.new_id())),
            row_id: Some(row_id),
            version: version(dice, operation, row.as_ref()),
            data: data(dice, both, table, operation, row.as_ref()),
            metadata: metadata(dice, operation),
            after: self.after(user, row_id, dice),
        };
        self.sent.push((user, write.clone()));
        write
    }

    /// Mostly one that this person has seen, and may not see any more.
    fn some_row(&mut self, user: UserId, table: Table, dice: &Dice, both: &Both) -> Option<Row> {
        let mut rows = both.rows(table);
        for viewer in people().iter().map(User::viewer) {
            let filter = viewer.sees(table);
            let seen = rows.iter().filter(|row| filter.admits(row));
            self.seen.extend(seen.map(|row| (viewer.user, table, row.id())));
        }
        if !dice.one_in(6) {
            rows.retain(|row| self.seen.contains(&(user, table, row.id())));
        }
        (!rows.is_empty() && !dice.one_in(20)).then(|| dice.pick(&rows).clone())
    }

    /// Earlier writes to the same row, and now and then any other.
    fn after(&self, user: UserId, row: RowId, dice: &Dice) -> Vec<WriteId> {
        if dice.one_in(2) {
            return vec![];
        }
        let is_any = dice.one_in(12);
        let earlier = self.sent.iter().filter(|(by, write)| is_any || (*by == user && write.row_id == Some(row)));
        let mut earlier: Vec<WriteId> = earlier.filter_map(|(_, write)| write.write_id).collect();
        let first = earlier.len().saturating_sub(1 + dice.below(3));
        earlier.drain(..first);
        earlier
    }

    fn new_id(&mut self) -> uuid::Uuid {
        self.made += 1;
        ids::made(self.made)
    }
}

fn json(write: &WireWrite) -> Json {
    serde_json::to_value(write).unwrap()
}

fn version(dice: &Dice, operation: Operation, row: Option<&Row>) -> Option<i64> {
    let now = row.map_or(1, Row::version);
    match dice.below(10) {
        _ if operation == Operation::Create => None,
        0 => None,
        1 => Some(now + 1),
        2..=4 => Some(1 + dice.below(now.max(1) as usize) as i64),
        _ => Some(now),
    }
}

fn metadata(dice: &Dice, operation: Operation) -> WriteMetadata {
    let is_decision = matches!(operation, Operation::Approve | Operation::Reject);
    WriteMetadata {
        approval_level: dice.one_in(6).then(|| *dice.pick(&[Level::Dfo, Level::Ho])),
        reject_reason: (is_decision && !dice.one_in(4)).then(|| "two quotes, please".to_owned()),
    }
}

fn data(dice: &Dice, both: &Both, table: Table, operation: Operation, row: Option<&Row>) -> Map<String, Json> {
    let mut data = Map::new();
    match operation {
        Operation::Approve | Operation::Reject => {
            let digest = row.and_then(|row| row.text("scope_digest")).filter(|_| !dice.one_in(6));
            data.extend((!dice.one_in(6)).then(|| ("scope_digest".to_owned(), json!(digest.unwrap_or("of something else")))));
            return data;
        }
        Operation::Delete if !dice.one_in(10) => return data,
        Operation::StageChange => drop(data.insert("stage_id".to_owned(), json!(ids::stage(dice.below(10) as u64)))),
        Operation::Create => data.extend(required(dice, both, table)),
        _ => {}
    }
    let is_bare = matches!(operation, Operation::StageChange | Operation::Create) && !dice.one_in(4);
    for _ in 0..if is_bare { 0 } else { 1 + dice.below(2) } {
        let (column, value) = column(dice, table);
        data.insert(column.to_owned(), value);
    }
    data
}

/// What a new row must have; now and then something is missing.
fn required(dice: &Dice, both: &Both, table: Table) -> Map<String, Json> {
    let some = |rows: Vec<Row>| rows.get(dice.below(rows.len().max(1))).map(Row::id);
    let made = match table {
        Table::Properties => json!({"property_number": format!("P-{}", dice.below(9)), "name": "N", "street_address": "S", "city": "C"}),
        Table::Turns => json!({"property_id": some(both.rows(Table::Properties))}),
        Table::Approvals => json!({"turn_id": some(both.rows(Table::Turns))}),
        Table::Documents => {
            let (entity, of) = *dice.pick(&[
                ("property", Table::Properties),
                ("turn", Table::Turns),
                ("scope_item", Table::ScopeItems),
                ("vendor", Table::Vendors),
            ]);
            let kind = if dice.one_in(8) { "text/html" } else { "image/png" };
            json!({
                "entity_type": entity, "entity_id": some(both.rows(of)), "kind": "before", "file_name": "F", "content_type": kind,
                "size_bytes": dice.below(6), "content_hash": format!("{:064x}", dice.next()),
            })
        }
        Table::ScopeItems => json!({"turn_id": some(both.rows(Table::Turns)), "room": "R", "category": "C", "description": "D"}),
        _ => json!({"company_name": "A"}),
    };
    let Json::Object(mut made) = made else { return Map::new() };
    if dice.one_in(15) {
        let names: Vec<String> = made.keys().cloned().collect();
        made.remove(dice.pick(&names));
    }
    made
}

fn column(dice: &Dice, table: Table) -> (&'static str, Json) {
    let people = || json!((!dice.one_in(4)).then(|| ids::user(dice.below(8) as u64)));
    let vendor = || json!((!dice.one_in(4)).then(|| ids::vendor(dice.below(3) as u64)));
    let text = || json!(format!("text {}", dice.below(4)));
    let wrong = || dice.pick(&[json!(null), json!(""), json!(-1), json!({}), json!("\0"), json!("no")]).clone();
    match (table, dice.below(10)) {
        (_, 0) => (
            *dice.pick(&[
                "version",
                "id",
                "colour",
                "created_by",
                "stage_id",
                "vendor_id",
                "unit_cost",
                "is_active",
                "lock_box_code",
            ]),
            wrong(),
        ),
        (Table::Properties, 1..=4) => ("property_manager_id", people()),
        (Table::Properties, 5) => ("sr_property_manager_id", people()),
        (Table::Properties, 6) => ("property_number", json!(format!("P-{}", dice.below(9)))),
        (Table::Properties, 7) => ("monthly_rent", json!("1200.50")),
        (Table::Properties, 8) => ("is_active", json!(dice.one_in(2))),
        (Table::Properties, _) => ("notes", text()),
        (Table::Turns, 1..=2) => ("vendor_id", vendor()),
        (Table::Turns, 3) => ("flooring_vendor_id", vendor()),
        (Table::Turns, 4..=5) => ("superintendent_id", people()),
        (Table::Turns, 6) => ("estimated_amount", json!(format!("{}.00", dice.below(9_000)))),
        (Table::Turns, 7) => ("priority", json!(*dice.pick(&["low", "high", "whenever"]))),
        (Table::Turns, _) => ("notes", text()),
        (Table::ScopeItems, 1..=3) => ("is_done", json!(dice.one_in(2))),
        // Never so much that the home office is asked: whom the server asks by itself it gives an id by chance.
        (Table::ScopeItems, 4..=5) => ("unit_cost", json!(*dice.pick(&["99.90", "1600.00"]))),
        (Table::ScopeItems, 6) => ("turn_id", json!(ids::turn(0))),
        (Table::ScopeItems, _) => ("description", text()),
        (Table::Documents, 1..=6) => ("caption", text()),
        (Table::Documents, _) => ("content_type", json!("image/png")),
        (Table::Approvals, _) => ("reason", text()),
        (_, 1..=3) => ("is_approved", json!(dice.one_in(2))),
        (_, 4) => ("is_active", json!(dice.one_in(2))),
        (_, 5) => ("tax_id", text()),
        _ => ("notes", text()),
    }
}
