//! What the server knows of a device's writes: receipts, what is held, and what the audit log says.
//!
//! **Invariant:** it only reads.

use crate::{
    db::entity::{audit_log, quarantine, receipt},
    problem::Result,
    write::Intent,
};
use domain::{Row, RowId, Table, UserId, WriteId};
use protocol::{
    WireWrite, WriteAnswer,
    handover::{
        DeviceWrite, DeviceWrites,
        reckon::{HeldState, Known, KnownChange, KnownReceipt},
    },
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use std::collections::HashMap;

/// How many are asked for with one statement.
const AT_ONCE: usize = 500;

/// Everything that is known of these writes.
pub async fn all(db: &impl ConnectionTrait, device: &DeviceWrites) -> Result<HashMap<WriteId, Known>> {
    let mut known: HashMap<WriteId, Known> = HashMap::new();
    let named: Vec<(WriteId, &DeviceWrite)> = device.writes.iter().filter_map(|write| Some((write.write.write_id?, write))).collect();
    for some in named.chunks(AT_ONCE) {
        let ids: Vec<WriteId> = some.iter().map(|(id, _)| *id).collect();
        let writes: HashMap<WriteId, &DeviceWrite> = some.iter().copied().collect();
        for model in receipt::all_in(db, &ids).await? {
            let id = WriteId(model.write_id.0);
            known.entry(id).or_default().receipt = writes.get(&id).and_then(|write| as_known(&write.write, &model));
        }
        for model in quarantine::all_in(db, &ids).await? {
            let is_waiting = model.state == quarantine::WAITING;
            let state = if is_waiting { HeldState::Waiting } else { HeldState::Decided };
            known.entry(WriteId(model.write_id.0)).or_default().held = Some(state);
        }
    }
    for (id, write) in named {
        let changes = changes(db, id, &write.write).await?;
        if !changes.is_empty() {
            known.entry(id).or_default().changes = changes;
        }
    }
    Ok(known)
}

fn as_known(write: &WireWrite, model: &receipt::Model) -> Option<KnownReceipt> {
    let answer: Option<WriteAnswer> = serde_json::from_str(&model.answer).ok();
    let intent = intent(write);
    Some(KnownReceipt {
        user_id: UserId(model.user_id.0),
        table: Table::from_name(&model.table_name)?,
        row_id: RowId(model.row_id.0),
        txid: answer.and_then(|answer| answer.txid),
        is_same_content: intent.is_some_and(|intent| intent.digest() == model.content_digest),
    })
}

/// What a write has done to its own row; what followed from it in others is not compared.
async fn changes(db: &impl ConnectionTrait, id: WriteId, write: &WireWrite) -> Result<Vec<KnownChange>> {
    use audit_log::Column;
    let Some(intent) = intent(write) else { return Ok(vec![]) };
    let entries = audit_log::Entity::find()
        .filter(Column::TableName.eq(intent.table.sql_name()))
        .filter(Column::RowId.eq(intent.row_id.to_string()))
        .filter(Column::WriteId.eq(id.to_string()))
        .order_by_asc(Column::Id)
        .all(db)
        .await?;
    let read = |text: &String| Row::from_pg_json(intent.table, &serde_json::from_str(text).ok()?).ok();
    let changes = entries.into_iter().map(|entry| KnownChange {
        at_micros: entry.at,
        after: entry.new_row.as_ref().and_then(read),
    });
    Ok(changes.collect())
}

fn intent(write: &WireWrite) -> Option<Intent> {
    let id = write.write_id?;
    Intent::read(serde_json::to_value(write).ok()?, None, id).ok()
}
