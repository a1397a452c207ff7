//! The harness's rows as turns of ours, read from its JSON text straight into packed rows.
//!
//! Each of its columns has its like in ours; a stage's name becomes the id of a stage.
//!
//! **Invariant:** a row is read whole, or the text is refused.

use domain::{
    Row, Table, Value,
    row::{Packing, ValueRef},
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, SeqAccess, Visitor},
};
use std::fmt;
use sync::RowChange;
use uuid::Uuid;

/// The stages in the harness's data.
pub const STAGES: [&str; 9] = [
    "draft",
    "secure_property",
    "inspection",
    "scope_review",
    "vendor_assigned",
    "in_progress",
    "change_order",
    "turns_complete",
    "scan_360",
];

/// The id that a stage has here.
pub fn stage_id(name: &str) -> Option<Uuid> {
    let place = STAGES.iter().position(|stage| *stage == name)?;
    Some(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + place as u128))
}

/// The name of the stage with this id.
pub fn stage_name(id: Uuid) -> Option<&'static str> {
    STAGES.into_iter().find(|name| stage_id(name) == Some(id))
}

/// The stages as rows: they demand nothing, as in the harness.
pub fn stages() -> Vec<RowChange> {
    let stage = |(place, name): (usize, &&str)| {
        let mut row = Row::blank(Table::TurnStages);
        row.set("id", Value::Uuid(stage_id(name).unwrap_or_default()));
        row.set("version", Value::Int(1));
        row.set("key", Value::text(*name));
        row.set("name", Value::text(*name));
        row.set("sequence", Value::Int(place as i64));
        row.set("is_active", Value::Bool(true));
        RowChange::Put(row)
    };
    STAGES.iter().enumerate().map(stage).collect()
}

/// One row of the harness.
#[derive(Deserialize)]
struct PeerRow<'a> {
    id: Uuid,
    property_id: Uuid,
    turn_no: &'a str,
    stage: &'a str,
    priority: &'a str,
    entered_at: &'a str,
    move_out: &'a str,
    due_date: &'a str,
    done_on: Option<&'a str>,
    vendor_id: Option<Uuid>,
    manager_id: Uuid,
    est: f64,
    appr: f64,
    actual: Option<f64>,
    approval: &'a str,
    power: &'a str,
    water: &'a str,
    trash_out: bool,
    appl_need: bool,
    appl_ord: bool,
    is_active: bool,
    wo: &'a str,
    notes: &'a str,
    version: i64,
    updated_at: &'a str,
}

/// Reads the text: all rows, in its order.
pub fn read(text: &str) -> Result<Vec<Row>, String> {
    let mut json = serde_json::Deserializer::from_str(text);
    let read = Rows(Columns::of_turns()).deserialize(&mut json).and_then(|rows| json.end().map(|()| rows));
    read.map_err(|error| error.to_string())
}

struct Rows(Columns);

impl<'de> DeserializeSeed<'de> for Rows {
    type Value = Vec<Row>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Row>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Rows {
    type Value = Vec<Row>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rows")
    }

    /// In pieces of the size of a shape's page.
    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Vec<Row>, A::Error> {
        let (mut all, mut packing) = (Vec::new(), Packing::new(Table::Turns));
        while let Some(row) = rows.next_element::<PeerRow<'de>>()? {
            self.0.pack(&row, &mut packing).map_err(serde::de::Error::custom)?;
            if packing.len() == ROWS_PER_PAGE {
                all.extend(std::mem::replace(&mut packing, Packing::new(Table::Turns)).finish());
            }
        }
        all.extend(packing.finish());
        Ok(all)
    }
}

const ROWS_PER_PAGE: usize = 10_000;

/// Where each of the harness's columns belongs, in the order of [`Columns::pack`].
struct Columns([usize; 25]);

const NAMES: [&str; 25] = [
    "id",
    "version",
    "updated_at",
    "turn_number",
    "property_id",
    "stage_id",
    "stage_entered_at",
    "priority",
    "work_order_number",
    "move_out_date",
    "due_date",
    "completed_on",
    "vendor_id",
    "estimated_amount",
    "approved_amount",
    "actual_amount",
    "approval_status",
    "power_status",
    "water_status",
    "trash_out_needed",
    "appliances_needed",
    "appliances_ordered",
    "is_active",
    "notes",
    "property_manager_id",
];

impl Columns {
    fn of_turns() -> Self {
        Self(NAMES.map(|name| Table::Turns.column_index(name).unwrap_or(usize::MAX)))
    }

    fn pack(&self, row: &PeerRow<'_>, packing: &mut Packing) -> Result<(), String> {
        let stage = stage_id(row.stage).ok_or("an unknown stage")?;
        let uuid = |id: Option<Uuid>| id.map_or(ValueRef::Null, ValueRef::Uuid);
        let cents = |amount: Option<f64>| amount.map_or(ValueRef::Null, |amount| ValueRef::Numeric((amount * 100.0).round() as i64));
        let date = |text: Option<&str>| -> Result<ValueRef<'static>, String> {
            text.map_or(Ok(ValueRef::Null), |text| {
                text.parse().map(ValueRef::Date).map_err(|_| format!("{text} is no day"))
            })
        };
        let instant = |text: &str| text.parse().map(ValueRef::Timestamp).map_err(|_| format!("{text} is no instant"));
        let values = [
            ValueRef::Uuid(row.id),
            ValueRef::Int(row.version),
            instant(row.updated_at)?,
            ValueRef::Text(row.turn_no),
            ValueRef::Uuid(row.property_id),
            ValueRef::Uuid(stage),
            instant(row.entered_at)?,
            ValueRef::Text(row.priority),
            ValueRef::Text(row.wo),
            date(Some(row.move_out))?,
            date(Some(row.due_date))?,
            date(row.done_on)?,
            uuid(row.vendor_id),
            cents(Some(row.est)),
            cents(Some(row.appr)),
            cents(row.actual),
            ValueRef::Text(row.approval),
            ValueRef::Text(row.power),
            ValueRef::Text(row.water),
            ValueRef::Bool(row.trash_out),
            ValueRef::Bool(row.appl_need),
            ValueRef::Bool(row.appl_ord),
            ValueRef::Bool(row.is_active),
            ValueRef::Text(row.notes),
            uuid(Some(row.manager_id)),
        ];
        for (index, value) in self.0.iter().zip(values) {
            packing.put(*index, value);
        }
        packing.end_row();
        Ok(())
    }
}
