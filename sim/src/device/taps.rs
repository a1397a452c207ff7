//! From a tap to a write that is shown, with the server's own rules (`browser/src/device/taps.rs`).
//!
//! **Invariant:** a refused tap changes nothing.

use super::{keeper::Parcel, tab::Tab};
use crate::{disk::short, flicker::whose};
use domain::{Operation, RowId, Table, WriteId};
use serde_json::{Map, Value as Json};
use std::rc::Rc;
use sync::{
    Clock, OutboxRecord,
    outbox::{
        Author,
        judge::{Tap, judge},
    },
};

impl Tab {
    /// Judges, shows, and hands over to the keeper. None where the rules refuse.
    pub fn tap(self: &Rc<Self>, table: Table, row_id: RowId, operation: Operation, data: &Map<String, Json>) -> Option<WriteId> {
        let tap = Tap {
            table,
            row_id,
            operation,
            data,
        };
        let record = self.judge(tap)?;
        let id = record.write_id;
        let world = &self.device.world;
        world.tell(|| {
            format!(
                "device {} taps {}: {} {} {}",
                self.device.number,
                short(id),
                operation.name(),
                table.url_name(),
                Json::Object(data.clone())
            )
        });
        self.promise(&record);
        self.change(|view| view.put_write(record.clone()));
        // The keeper lives as long as the tab.
        let _ = self.keeper.unbounded_send(Parcel { record });
        Some(id)
    }

    fn judge(&self, tap: Tap<'_>) -> Option<OutboxRecord> {
        let session = self.session.borrow();
        let user = &session.as_ref()?.user;
        let author = Author {
            user_id: user.id,
            device_id: self.device.id,
            write_id: WriteId(self.device.world.new_id()),
            now_ms: self.device.now_ms(),
        };
        judge(tap, user.role, author, &self.view.borrow()).ok()
    }

    /// What this user must not see go back and return.
    pub fn promise(&self, record: &OutboxRecord) {
        let mut promises = self.device.world.promises.borrow_mut();
        promises.make(whose(self.device.number, record.user_id), record);
    }
}
