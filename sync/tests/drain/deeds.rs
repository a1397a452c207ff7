//! What can happen on a day, on the tablet and in the office.

use crate::{office::POISON, story::Story, user::Way};
use domain::{Operation, Row, RowId, Table, Value};
use serde_json::{Value as Json, json};
use sync::store::conformance::row_id;

const YEAR_MS: i64 = 365 * 24 * 60 * 60 * 1_000;

/// What happens next.
#[derive(Clone, Copy, Debug)]
pub enum Deed {
    EditNotes { row: u64, value: u8 },
    EditWorkOrder { row: u64, value: u8 },
    AddItem { row: u64 },
    EditLastItem { value: u8 },
    EditCost { is_quantity: bool, value: u8 },
    DeleteLastItem,
    MakePoison,
    MakeHome { number: u8 },
    BeginTurn,
    AddItemToMyTurn,
    Drain,
    Echo,
    OtherTab,
    Hear,
    ClockJumps { years: i64 },
    Withdraw { row: u64 },
    GiveBack { row: u64 },
    Supervise { adopts: bool },
    Resolve { pick: u8, way: Way },
    ResolveOnTheWay { pick: u8, way: Way },
    Office(OfficeDeed),
}

/// What somebody else does.
#[derive(Clone, Copy, Debug)]
pub enum OfficeDeed {
    EditsItem { value: u8 },
    EditsCost { is_quantity: bool, value: u8 },
    DeletesItem,
    MakesHome { number: u8 },
    BeginsTurn { number: u8 },
    EditsNotes { row: u64, value: u8 },
    EditsPriority { row: u64, value: u8 },
}

impl Story {
    pub fn live(&mut self, deed: Deed) {
        self.office.now_ms.set(self.office.now_ms.get() + 700);
        match deed {
            Deed::EditNotes { row, value } => self.tap(Table::Turns, row_id(row), Operation::Update, json!({"notes": format!("mine {value}")})),
            Deed::EditWorkOrder { row, value } => self.tap(Table::Turns, row_id(row), Operation::Update, json!({"work_order_number": format!("W{value}")})),
            Deed::MakePoison => self.tap(Table::Turns, row_id(0), Operation::Update, json!({"notes": POISON})),
            Deed::AddItem { row } => self.add_item(row_id(row)),
            Deed::AddItemToMyTurn => self.add_item(row_id(600 + self.homes)),
            Deed::EditLastItem { value } => self.edit_item(json!({"description": format!("mine {value}")})),
            Deed::EditCost { is_quantity, value } => self.edit_item(json!({cost(is_quantity): format!("{value}.5")})),
            Deed::DeleteLastItem => self.tap(Table::ScopeItems, self.last_item(), Operation::Delete, json!({})),
            Deed::MakeHome { number } => {
                self.homes += 1;
                let data = json!({"property_number": format!("P{number}"), "name": "mine", "street_address": "1 Elm", "city": "Tulsa"});
                self.tap(Table::Properties, row_id(500 + self.homes), Operation::Create, data);
            }
            Deed::BeginTurn => {
                let data = json!({"property_id": row_id(500 + self.homes).to_string(), "notes": "mine"});
                self.tap(Table::Turns, row_id(600 + self.homes), Operation::Create, data);
            }
            Deed::Drain => self.run_drain_once(),
            Deed::Echo => self.echo(),
            Deed::OtherTab => self.change_tabs(),
            Deed::Hear => self.hear(),
            Deed::ClockJumps { years } => self.office.now_ms.set(self.office.now_ms.get() + years * YEAR_MS),
            Deed::Withdraw { row } => _ = self.office.withdrawn.borrow_mut().insert(row_id(row)),
            Deed::GiveBack { row } => _ = self.office.withdrawn.borrow_mut().remove(&row_id(row)),
            Deed::Resolve { pick, way } => self.resolve(pick, way),
            Deed::ResolveOnTheWay { pick, way } => self.meanwhile.borrow_mut().push((pick, way)),
            Deed::Supervise { adopts } => _ = self.office.supervise(adopts),
            Deed::Office(deed) => self.live_in_the_office(deed),
        }
    }

    fn live_in_the_office(&self, deed: OfficeDeed) {
        match deed {
            OfficeDeed::EditsItem { value } => {
                self.office
                    .edit(Table::ScopeItems, self.last_item(), "description", Value::text(format!("theirs {value}")));
            }
            OfficeDeed::EditsCost { is_quantity, value } => {
                self.office
                    .edit(Table::ScopeItems, self.last_item(), cost(is_quantity), Value::Numeric(1_000 + i64::from(value)));
            }
            OfficeDeed::DeletesItem => self.office.delete(Table::ScopeItems, self.last_item()),
            OfficeDeed::MakesHome { number } => {
                let mut home = Row::blank(Table::Properties);
                home.set("id", Value::Uuid(row_id(700 + u64::from(number)).0));
                home.set("property_number", Value::text(format!("P{number}")));
                self.office.make(home);
            }
            OfficeDeed::BeginsTurn { number } => {
                let mut turn = Row::blank(Table::Turns);
                turn.set("id", Value::Uuid(row_id(800 + u64::from(number)).0));
                turn.set("is_active", Value::Bool(true));
                // The latest home of mine, where there is one, or their own.
                let home = if number == 0 {
                    row_id(500 + self.homes)
                } else {
                    row_id(700 + u64::from(number))
                };
                turn.set("property_id", Value::Uuid(home.0));
                self.office.make(turn);
            }
            OfficeDeed::EditsNotes { row, value } => self.office.edit(Table::Turns, row_id(row), "notes", Value::text(format!("theirs {value}"))),
            OfficeDeed::EditsPriority { row, value } => {
                let priority = ["low", "medium", "high", "urgent"][usize::from(value)];
                self.office.edit(Table::Turns, row_id(row), "priority", Value::text(priority));
            }
        }
    }

    fn last_item(&self) -> RowId {
        row_id(100 + self.items)
    }

    fn edit_item(&mut self, data: Json) {
        self.tap(Table::ScopeItems, self.last_item(), Operation::Update, data);
    }

    fn add_item(&mut self, turn: RowId) {
        if self.view.row(Table::Turns, turn).is_none() {
            return;
        }
        self.items += 1;
        let data = json!({"turn_id": turn.to_string(), "room": "Kitchen", "category": "Paint", "description": "Walls"});
        self.tap(Table::ScopeItems, self.last_item(), Operation::Create, data);
    }
}

fn cost(is_quantity: bool) -> &'static str {
    if is_quantity { "quantity" } else { "unit_cost" }
}
