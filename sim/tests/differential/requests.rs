//! Random requests: most of them nearly right, because what is all wrong is refused for its first fault.

use crate::both::Both;
use domain::{DeviceId, Operation, Row, RowId, Table, UserId, WriteId};
use protocol::{
    BatchRequest, User, WireWrite,
    handover::{DeviceWrite, DeviceWrites, HANDOVER_VERSION, Standing},
};
use serde_json::{Map, Value as Json, json};
use sim::{
    dice::Dice,
    office::{ids, people},
};
use std::collections::BTreeSet;

const WRITTEN: [Table; 7] = [
    Table::Properties,
    Table::Properties,
    Table::Turns,
    Table::Turns,
    Table::ScopeItems,
    Table::ScopeItems,
    Table::Vendors,
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
        }
    }

    fn somebody(&self, dice: &Dice) -> UserId {
        ids::user(dice.below(6) as u64)
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
        let row = self.some_row(user, table, dice, both);
        let operation = match dice.below(12) {
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
            data: data(dice, both, table, operation),
            metadata: protocol::write::WriteMetadata::default(),
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

fn data(dice: &Dice, both: &Both, table: Table, operation: Operation) -> Map<String, Json> {
    let mut data = Map::new();
    match operation {
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
        (Table::ScopeItems, 4..=5) => ("unit_cost", json!("99.90")),
        (Table::ScopeItems, 6) => ("turn_id", json!(ids::turn(0))),
        (Table::ScopeItems, _) => ("description", text()),
        (_, 1..=3) => ("is_approved", json!(dice.one_in(2))),
        (_, 4) => ("is_active", json!(dice.one_in(2))),
        (_, 5) => ("tax_id", text()),
        _ => ("notes", text()),
    }
}
