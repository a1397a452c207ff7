//! A small portfolio for tests: two stages, one property, one turn.

use domain::{DeviceId, Operation, Row, RowId, Table, UserId, Value, WriteId};
use serde_json::Value as Json;
use sync::{Change, LocalView, OutboxRecord, Place, RowChange, ShapeBatch, Touched, outbox::Author};
use uuid::Uuid;

/// See the module.
pub struct Field {
    /// What the facts are read from.
    pub view: LocalView,
}

impl Field {
    pub const DRAFT: RowId = RowId(Uuid::from_u128(1));
    pub const REVIEW: RowId = RowId(Uuid::from_u128(2));
    pub const PROPERTY: RowId = RowId(Uuid::from_u128(10));
    pub const TURN: RowId = RowId(Uuid::from_u128(20));
    pub const MANAGER: Uuid = Uuid::from_u128(99);

    pub fn new() -> Self {
        let mut field = Self { view: LocalView::default() };
        field.put_stage(Self::DRAFT, "Draft", 1, &[]);
        field.put_stage(Self::REVIEW, "Scope Review", 2, &["requires_amount"]);
        let mut property = row(Table::Properties, Self::PROPERTY);
        for (column, text) in [
            ("name", "12 Elm Street"),
            ("street_address", "12 Elm Street"),
            ("city", "Tulsa"),
            ("state", "OK"),
            ("zip_code", "74104"),
            ("property_number", "P-007"),
        ] {
            property.set(column, Value::text(text));
        }
        field.put(property);
        field.put_turn(Self::TURN, Self::DRAFT, &[]);
        field
    }

    pub fn put(&mut self, row: Row) -> Touched {
        let place = Place {
            handle: "1".into(),
            offset: "0_0".into(),
        };
        self.view.apply_shape(&ShapeBatch {
            table: row.table(),
            reset: false,
            changes: vec![RowChange::Put(row)],
            place,
            is_up_to_date: true,
        })
    }

    pub fn put_stage(&mut self, id: RowId, name: &str, sequence: i64, flags: &[&str]) {
        let mut stage = row(Table::TurnStages, id);
        stage.set("name", Value::text(name));
        stage.set("sequence", Value::Int(sequence));
        stage.set("is_active", Value::Bool(true));
        for flag in flags {
            stage.set(flag, Value::Bool(true));
        }
        self.put(stage);
    }

    pub fn put_turn(&mut self, id: RowId, stage: RowId, values: &[(&str, Value)]) -> Touched {
        let mut turn = row(Table::Turns, id);
        turn.set("property_id", Value::Uuid(Self::PROPERTY.0));
        turn.set("stage_id", Value::Uuid(stage.0));
        turn.set("priority", Value::text("medium"));
        turn.set("property_manager_id", Value::Uuid(Self::MANAGER));
        for (column, value) in values {
            turn.set(column, value.clone());
        }
        self.put(turn)
    }

    pub fn put_item(&mut self, turn: RowId, n: u128, room: &str, quantity: i64, unit_cost: i64) -> Touched {
        let mut item = row(Table::ScopeItems, RowId(Uuid::from_u128(1_000 + n)));
        item.set("turn_id", Value::Uuid(turn.0));
        item.set("room", Value::text(room));
        item.set("category", Value::text("Paint"));
        item.set("description", Value::text(format!("Item {n}")));
        item.set("quantity", Value::Numeric(quantity));
        item.set("unit_cost", Value::Numeric(unit_cost));
        item.set("position", Value::Int(n as i64));
        self.put(item)
    }
}

pub fn row(table: Table, id: RowId) -> Row {
    let mut row = Row::blank(table);
    row.set("id", Value::Uuid(id.0));
    row.set("version", Value::Int(1));
    row
}

/// The write `n` of the manager, which gives these columns.
pub fn write(n: u128, table: Table, row: RowId, operation: Operation, given: &[(&str, Json)]) -> OutboxRecord {
    let author = Author {
        user_id: UserId(Field::MANAGER),
        device_id: DeviceId(Uuid::nil()),
        write_id: WriteId(Uuid::from_u128(n)),
        now_ms: 0,
    };
    let change = |to: &Json| Change {
        from: Json::Null,
        to: to.clone(),
        predicted: false,
    };
    OutboxRecord {
        seq: n as u64,
        changes: given.iter().map(|(name, to)| ((*name).to_owned(), change(to))).collect(),
        ..OutboxRecord::new(author, table, row, operation)
    }
}
