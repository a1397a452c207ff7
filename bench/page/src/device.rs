//! A device without a screen: the app's store and view, put together as its `Device` does, without streams and sessions.
//!
//! **Invariant:** whatever is measured here is the app's own code; this file only calls it.

use crate::{
    rows::{self, stage_id},
    view::BenchView,
};
use browser::{
    building, clock, ids,
    store::{IdbStore, StoreError},
};
use domain::{DeviceId, Operation, Role, Row, RowId, Table, UserId, Value};
use serde_json::{Map, Value as Json};
use std::{cell::RefCell, collections::BTreeMap, rc::Rc};
use sync::{
    LocalView, OutboxRecord, Place, RowChange, ShapeBatch, Store,
    outbox::{
        Author,
        judge::{Tap, judge},
    },
};

/// Cheap to clone.
#[derive(Clone)]
pub struct BenchDevice {
    pub store: IdbStore,
    pub view: Rc<RefCell<LocalView>>,
    pub user: UserId,
    device: DeviceId,
}

/// A stage change, as the harness says it.
pub struct StageChange {
    pub turn: RowId,
    pub stage: String,
}

impl BenchDevice {
    /// On the database that the page's profile has, or gets.
    pub fn new() -> Self {
        Self {
            store: IdbStore::new("bench"),
            view: Rc::default(),
            user: UserId(ids::row_id().0),
            device: ids::device_id(),
        }
    }

    pub fn shown(&self) -> BenchView {
        BenchView(self.view.clone())
    }

    /// A first sync: the text becomes rows, on the disk and in the view.
    pub async fn sync(&self, text: &str, stored: impl FnOnce()) -> Result<(), String> {
        let rows: BTreeMap<RowId, Row> = rows::read(text)?.into_iter().map(|row| (row.id(), row)).collect();
        let batch = batch(Table::Turns, rows.into_values().map(RowChange::Put).collect());
        let storing = async {
            let applied = self.store.apply_shape(&batch).await;
            stored();
            applied
        };
        let (applied, built) = futures::future::join(storing, building::of_batch(&batch)).await;
        applied.map_err(told)?;
        self.view.borrow_mut().take_table(built);
        Ok(())
    }

    /// The stages that turns are moved between.
    pub async fn know_stages(&self) -> Result<(), String> {
        let batch = batch(Table::TurnStages, rows::stages());
        self.store.apply_shape(&batch).await.map_err(told)?;
        self.view.borrow_mut().apply_shape(&batch);
        Ok(())
    }

    /// A start of the app: what is on the disk is shown.
    pub async fn load(&self) -> Result<(), String> {
        let rows = self.store.rows(Table::Turns).await.map_err(told)?.unwrap_or_default();
        let built = building::of_rows(Table::Turns, rows).await;
        self.view.borrow_mut().take_table(built);
        Ok(())
    }

    /// A tap: judged by the rules, drafted, and in the view when this returns.
    pub fn tap(&self, change: &StageChange) -> Result<OutboxRecord, String> {
        let stage = stage_id(&change.stage).ok_or("an unknown stage")?;
        let data = Map::from_iter([("stage_id".to_owned(), Json::from(stage.to_string()))]);
        let tap = Tap {
            table: Table::Turns,
            row_id: change.turn,
            operation: Operation::StageChange,
            data: &data,
        };
        let record = judge(tap, Role::Admin, self.author(), &self.view.borrow()).map_err(|refusal| refusal.to_string())?;
        self.view.borrow_mut().put_write(record.clone());
        Ok(record)
    }

    /// Stores a tap; done when the disk has it.
    pub async fn keep(&self, record: OutboxRecord) -> Result<(), String> {
        self.store.enqueue(vec![record]).await.map(drop).map_err(told)
    }

    /// The server's row with the change, as the stream would bring it.
    pub fn confirm(&self, record: &OutboxRecord, stage: &str) {
        let mut view = self.view.borrow_mut();
        let version = view.synced_row(Table::Turns, record.row_id).map_or(0, Row::version);
        let column = |name| Table::Turns.column_index(name).unwrap_or(usize::MAX);
        let columns = vec![
            (column("stage_id"), stage_id(stage).map_or(Value::Null, Value::Uuid)),
            (column("version"), Value::Int(version + 1)),
        ];
        let id = record.row_id;
        view.apply_changes(Table::Turns, &[RowChange::Patch { id, columns }]);
        view.remove_write(record.write_id);
    }

    /// A write of a device that was away: made on a row that is not in this page's view.
    pub fn draft(&self, change: &StageChange) -> OutboxRecord {
        let to = stage_id(&change.stage).map_or(Json::Null, |id| Json::from(id.to_string()));
        let change_of_stage = sync::Change {
            from: Json::Null,
            to,
            predicted: false,
        };
        OutboxRecord {
            changes: BTreeMap::from([("stage_id".to_owned(), change_of_stage)]),
            base_version: Some(1),
            ..OutboxRecord::new(self.author(), Table::Turns, change.turn, Operation::StageChange)
        }
    }

    fn author(&self) -> Author {
        Author {
            user_id: self.user,
            device_id: self.device,
            write_id: ids::write_id(),
            now_ms: clock::now_ms(),
        }
    }
}

fn batch(table: Table, changes: Vec<RowChange>) -> ShapeBatch {
    ShapeBatch {
        table,
        reset: true,
        changes,
        place: Place {
            handle: "1-1".to_owned(),
            offset: "0_0".to_owned(),
        },
        is_up_to_date: true,
    }
}

fn told(error: StoreError) -> String {
    error.to_string()
}
