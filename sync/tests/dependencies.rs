//! What a write made without signal waits for, beside the row that it is made on: rows that it names and that only this device has.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::{ColumnType, DeviceId, Mutation, Operation, Row, RowId, Table, Timestamp, UserId, WriteId, mutation::Facts, schema::SetBy};
use protocol::{Problem, ProblemCode, WriteAnswer};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use sync::{
    Delivery, LocalView, OutboxRecord, WriteState, draft,
    outbox::{
        Author, Failure,
        plan::{Plan, plan},
        resolve::{clash_with, make_again, take_theirs},
        settle::{Now, settle},
    },
    store::conformance::row_id,
};

const TURN: u64 = 10;
const OTHER_TURN: u64 = 11;
const MINE: u64 = 100;

/// A tablet without signal: its turns are synced, all else is made there.
struct Tablet {
    view: LocalView,
    made: Vec<OutboxRecord>,
}

impl Tablet {
    fn new() -> Self {
        let mut view = LocalView::default();
        let turn = |n: u64| {
            let columns = json!({"id": row_id(n).to_string(), "version": 1, "property_id": row_id(5).to_string()});
            Row::from_json(Table::Turns, columns.as_object().unwrap()).unwrap()
        };
        view.load_table(Table::Turns, vec![turn(TURN), turn(OTHER_TURN)]);
        Self { view, made: vec![] }
    }

    fn tap(&mut self, table: Table, row: RowId, operation: Operation, data: Json) -> OutboxRecord {
        let mutation = Mutation::read(table, row, operation, data.as_object().unwrap()).unwrap();
        let before = self.view.row(table, row).cloned();
        let seq = self.made.len() as u64 + 1;
        let author = Author {
            user_id: UserId(row_id(1).0),
            device_id: DeviceId(row_id(2).0),
            write_id: WriteId(row_id(1_000 + seq).0),
            now_ms: 0,
        };
        let facts = Facts {
            current: before.as_ref(),
            ..Facts::default()
        };
        let after = mutation.apply(facts, author.user_id, Timestamp::from_millis(0));
        let record = OutboxRecord {
            seq,
            ..draft(&mutation, before.as_ref(), after.as_ref(), author, &self.view)
        };
        self.view.put_write(record.clone());
        self.made.push(record.clone());
        record
    }

    fn add_item(&mut self, item: u64, turn: u64) -> OutboxRecord {
        let data = json!({"turn_id": row_id(turn).to_string(), "room": "Kitchen", "category": "Paint", "description": "Walls"});
        self.tap(Table::ScopeItems, row_id(item), Operation::Create, data)
    }

    /// A photo that was taken of something.
    fn take_photo(&mut self, photo: u64, entity: &str, of: u64) -> OutboxRecord {
        let data = json!({
            "entity_type": entity, "entity_id": row_id(of).to_string(), "kind": "before", "file_name": "wall.jpg",
            "content_type": "image/jpeg", "size_bytes": 9, "content_hash": "0".repeat(64),
        });
        self.tap(Table::Documents, row_id(photo), Operation::Create, data)
    }

    /// The first write with its refusal, and the others as they are parked.
    fn after_refusal(&self, problem: Problem) -> Vec<OutboxRecord> {
        let mut records = self.made.clone();
        records[0].last_error = Some(Failure { problem, at_ms: 0 });
        let first = records[0].clone().in_state(WriteState::Rejected);
        records[0] = first;
        let parked = settle(&records, &[], &Delivery::Lost, Now { ms: 0, jitter: 0.0 });
        let mut stand: BTreeMap<u64, OutboxRecord> = records.into_iter().map(|record| (record.seq, record)).collect();
        stand.extend(parked.into_iter().map(|record| (record.seq, record)));
        stand.into_values().collect()
    }

    /// The states after the server has refused the first write.
    fn refuse_first(&self) -> Vec<WriteState> {
        let first = self.made[0].clone().in_state(WriteState::Sending);
        let records: Vec<_> = std::iter::once(first.clone()).chain(self.made[1..].iter().cloned()).collect();
        let refusal = WriteAnswer::refused(Some(first.write_id), Problem::new(ProblemCode::Validation, "no"));
        let now = Now { ms: 0, jitter: 0.0 };
        let settled = settle(&records, &[first.write_id], &Delivery::Results(vec![refusal]), now);
        let mut states: BTreeMap<u64, WriteState> = records.iter().map(|record| (record.seq, record.state)).collect();
        states.extend(settled.iter().map(|record| (record.seq, record.state)));
        states.into_values().collect()
    }

    /// What goes while the first write pauses.
    fn sent_while_first_pauses(&self) -> Vec<u64> {
        let mut records = self.made.clone();
        records[0].next_attempt_at_ms = Some(500);
        let Plan::Send(chosen) = plan(&records, 0, 100) else { return vec![] };
        let seq_of = |id: &WriteId| records.iter().find(|record| record.write_id == *id).unwrap().seq;
        chosen.iter().map(seq_of).collect()
    }
}

#[test]
fn what_names_a_row_that_only_this_device_has_goes_after_it_and_is_parked_with_it() {
    let kinds = json!({"name": "Cottage"});
    let home = json!({"property_number": "P1", "name": "mine", "street_address": "1 Elm", "city": "Tulsa", "property_type_id": row_id(MINE).to_string()});
    let on_turn = |column: &str| (Table::Turns, row_id(TURN), Operation::Update, json!({column: row_id(MINE).to_string()}));
    let cases = [
        (Table::Vendors, json!({"company_name": "Ace"}), on_turn("vendor_id")),
        (Table::Vendors, json!({"company_name": "Ace"}), on_turn("flooring_vendor_id")),
        (Table::PropertyTypes, kinds, (Table::Properties, row_id(50), Operation::Create, home)),
        (
            Table::TurnStages,
            json!({"key": "cleaning", "name": "Cleaning", "sequence": 3}),
            (
                Table::Turns,
                row_id(TURN),
                Operation::StageChange,
                json!({"stage_id": row_id(MINE).to_string()}),
            ),
        ),
    ];
    for (table, made, (of, row, operation, data)) in cases {
        let mut tablet = Tablet::new();
        let create = tablet.tap(table, row_id(MINE), Operation::Create, made);
        let naming = tablet.tap(of, row, operation, data);
        tablet.tap(Table::Turns, row_id(OTHER_TURN), Operation::Update, json!({"notes": "by itself"}));
        assert_eq!(naming.depends_on, [create.write_id], "{of:?}");
        assert_eq!(tablet.sent_while_first_pauses(), [3], "{of:?}");
        assert_eq!(
            tablet.refuse_first(),
            [WriteState::Rejected, WriteState::Blocked, WriteState::Pending],
            "{of:?}"
        );
    }
}

#[test]
fn an_approval_is_asked_for_the_scope_that_its_author_saw() {
    let mut tablet = Tablet::new();
    let item = tablet.add_item(20, TURN);
    let elsewhere = tablet.add_item(21, OTHER_TURN);
    let edit = tablet.tap(Table::ScopeItems, row_id(20), Operation::Update, json!({"quantity": "2"}));
    let asked = tablet.tap(Table::Approvals, row_id(30), Operation::Create, json!({"turn_id": row_id(TURN).to_string()}));
    assert_eq!(asked.depends_on, [edit.write_id]);
    assert_eq!(edit.depends_on, [item.write_id]);
    assert_eq!(elsewhere.depends_on, []);
    assert_eq!(tablet.sent_while_first_pauses(), [2]);
    let (rejected, blocked, free) = (WriteState::Rejected, WriteState::Blocked, WriteState::Pending);
    assert_eq!(tablet.refuse_first(), [rejected, free, blocked, blocked]);
}

/// What can be photographed: its name to a document, its table, and how it is made under [`MINE`].
fn subjects() -> [(&'static str, Table, Json); 3] {
    let home = json!({"property_number": "P1", "name": "mine", "street_address": "1 Elm", "city": "Tulsa"});
    let turn = json!({"property_id": row_id(77).to_string()});
    let item = json!({"turn_id": row_id(TURN).to_string(), "room": "Kitchen", "category": "Paint", "description": "Walls"});
    [
        ("property", Table::Properties, home),
        ("turn", Table::Turns, turn),
        ("scope_item", Table::ScopeItems, item),
    ]
}

#[test]
fn a_photo_of_what_only_this_device_has_goes_after_it_and_is_parked_with_it() {
    for (entity, table, made) in subjects() {
        let mut tablet = Tablet::new();
        let create = tablet.tap(table, row_id(MINE), Operation::Create, made);
        let photo = tablet.take_photo(40, entity, MINE);
        let elsewhere = tablet.take_photo(41, "turn", TURN);
        assert_eq!(
            (&photo.depends_on[..], &elsewhere.depends_on[..]),
            (&[create.write_id][..], &[][..]),
            "{entity}"
        );
        assert_eq!(tablet.sent_while_first_pauses(), [3], "{entity}");
        let (rejected, blocked, free) = (WriteState::Rejected, WriteState::Blocked, WriteState::Pending);
        assert_eq!(tablet.refuse_first(), [rejected, blocked, free], "{entity}");
    }
}

/// Somebody else has made the same home, or begun the same turn: what was photographed is theirs.
#[test]
fn a_photo_follows_where_its_home_or_turn_gives_way_to_another_ones() {
    for (entity, table, made) in &subjects()[..2] {
        let mut tablet = Tablet::new();
        let create = tablet.tap(*table, row_id(MINE), Operation::Create, made.clone());
        tablet.take_photo(40, entity, MINE);
        let mut theirs = made.as_object().unwrap().clone();
        theirs.extend([("id".to_owned(), json!(row_id(300).to_string())), ("version".to_owned(), json!(4))]);
        let theirs = Row::from_json(*table, &theirs).unwrap();
        let records = tablet.after_refusal(clash_with(&create, &theirs));
        let taken = take_theirs(&records, create.write_id, None);
        check_photo(&taken, entity, 300, &[]);
    }
}

/// Somebody else has struck the line that was photographed; its author makes it again, under another id.
#[test]
fn a_photo_follows_to_the_line_that_is_made_again() {
    for is_made_after_the_edit in [false, true] {
        let mut tablet = Tablet::new();
        let (entity, table, mut item) = subjects()[2].clone();
        let synced = json!({"id": row_id(MINE).to_string(), "version": 2, "quantity": "1.00", "unit_cost": "9.00", "position": 0, "is_done": false, "is_change_order": false});
        item.as_object_mut().unwrap().extend(synced.as_object().unwrap().clone());
        tablet.view.load_table(table, vec![Row::from_json(table, item.as_object().unwrap()).unwrap()]);
        let photo_first = !is_made_after_the_edit;
        if photo_first {
            tablet.take_photo(40, entity, MINE);
        }
        let edit = tablet.tap(table, row_id(MINE), Operation::Update, json!({"description": "Ceiling"}));
        if is_made_after_the_edit {
            tablet.take_photo(40, entity, MINE);
        }
        let gone = Problem::new(ProblemCode::NotFound, "this is not there any more");
        tablet.made.sort_by_key(|record| record.write_id != edit.write_id);
        let records = tablet.after_refusal(gone);
        let again = make_again(&records, edit.write_id, row_id(301));
        check_photo(&again, entity, 301, &[edit.write_id]);
    }
}

/// The photo waits to be sent, of that row and after these.
fn check_photo(decided: &[OutboxRecord], entity: &str, of: u64, after: &[WriteId]) {
    let photo = decided.iter().find(|record| record.table == Table::Documents).unwrap();
    assert_eq!(photo.changes["entity_id"].to, json!(row_id(of).to_string()), "{entity}");
    assert_eq!((photo.state, &photo.depends_on[..]), (WriteState::Pending, after), "{entity}");
}

/// A column that people set and that names something is a reference, or names an account, which no device makes.
#[test]
fn no_reference_is_forgotten() {
    const ACCOUNTS: [&str; 3] = ["property_manager_id", "sr_property_manager_id", "superintendent_id"];
    for table in Table::ALL {
        let mut named: Vec<&str> = table.references().iter().map(|(column, _)| *column).chain(table.parent_column()).collect();
        let names_something = |column: &&domain::Column| column.kind == ColumnType::Uuid && column.set_by != SetBy::Server;
        let columns = table.columns().iter().filter(names_something).map(|column| column.name);
        let mut expected: Vec<&str> = columns.filter(|name| !ACCOUNTS.contains(name)).collect();
        named.sort_unstable();
        expected.sort_unstable();
        assert_eq!(named, expected, "{table:?}");
    }
}
