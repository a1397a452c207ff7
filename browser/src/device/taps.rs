//! From a tap to a write that is shown: the rules are asked and the result predicted with the server's own code.
//!
//! **Invariant:** a refused tap changes nothing.

use super::{Inner, News, keeper::Parcel};
use crate::{
    clock, ids,
    store::{Session, StoreError},
    timing::{Moment, TAP_TO_VIEW},
};
use domain::{Operation, Refusal, RowId, Table, WriteId, mutation::field};
use futures::channel::oneshot;
use serde_json::{Map, Value as Json};
use sync::{
    OutboxRecord,
    outbox::{
        Author,
        judge::{Tap, judge},
    },
};

impl Inner {
    /// Judges, shows, and hands over to the keeper, who answers `durable`.
    pub(super) fn tap(
        &self,
        table: Table,
        row_id: RowId,
        operation: Operation,
        data: &Map<String, Json>,
        durable: Option<oneshot::Sender<Result<(), StoreError>>>,
    ) -> Result<WriteId, Refusal> {
        let begun = Moment::now();
        let tap = Tap {
            table,
            row_id,
            operation,
            data,
        };
        let record = self.judge(tap)?;
        let id = record.write_id;
        self.change(|view| view.put_write(record.clone()));
        if let Some(begun) = begun {
            begun.measure(TAP_TO_VIEW);
        }
        self.tell(News::Status);
        // The keeper lives as long as the device.
        let _ = self.keeper.unbounded_send(Parcel {
            record,
            begun,
            photo: None,
            durable,
        });
        Ok(id)
    }

    pub(super) fn judge(&self, tap: Tap<'_>) -> Result<OutboxRecord, Refusal> {
        let session = self.session.borrow();
        let Session { user, .. } = session.as_ref().ok_or_else(|| field("id", "is nobody's: sign in first".to_owned()))?;
        let author = Author {
            user_id: user.id,
            device_id: self.device_id,
            write_id: ids::write_id(),
            now_ms: clock::now_ms(),
        };
        judge(tap, user.role, author, &self.view.borrow())
    }
}
