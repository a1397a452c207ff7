//! Answers to what parked writes ask, each with what is told afterwards.
//!
//! **Invariant:** an answer that the rules refuse changes nothing.

use super::AppState;
use crate::facts::{answer::Answer, writes};
use domain::{Mutation, Refusal, WriteId, mutation::field};
use serde_json::{Map, Value as Json};
use sync::{OutboxRecord, outbox::resolve::may_discard};
use wasm_bindgen_futures::spawn_local;

impl AppState {
    /// Asks the rules about the values of an answer, as at a tap.
    pub fn check_answer(self, write: WriteId, answer: &Answer) -> Result<(), Refusal> {
        let Answer::Send(other) = answer else { return Ok(()) };
        let record = self.parked(write).ok_or_else(|| field("id", "is decided already".to_owned()))?;
        let mine = record.changes.iter().filter(|(_, change)| !change.predicted);
        let mut data: Map<String, Json> = mine.map(|(column, change)| (column.clone(), change.to.clone())).collect();
        data.extend(other.clone());
        Mutation::read(record.table, record.row_id, record.operation, &data).map(drop)
    }

    /// Does what its user has decided about a write.
    pub fn answer(self, write: WriteId, answer: Answer) {
        let Some(sentence) = self.sentence(write) else { return };
        let told = match answer {
            Answer::SendAgain => format!("Sent again: {sentence}"),
            Answer::KeepMine => format!("Kept yours: {sentence}"),
            Answer::TakeTheirs => format!("Kept theirs. Given up: {sentence}"),
            Answer::MakeAgain => format!("Made again: {sentence}"),
            Answer::Send(_) => format!("Sent with other values: {sentence}"),
        };
        self.toasts.tell(told, None);
        spawn_local(async move {
            let device = self.device();
            match answer {
                Answer::SendAgain => device.send_again(write).await,
                Answer::KeepMine => device.keep_mine(write).await,
                Answer::TakeTheirs => device.take_theirs(write).await,
                Answer::MakeAgain => device.make_again(write).await,
                Answer::Send(other) => device.edit_and_resend(write, &other).await,
            }
        });
    }

    /// Gives a write up, and what builds on it. Nothing happens to one that was sent meanwhile.
    pub fn discard(self, write: WriteId) {
        if !self.parked(write).is_some_and(|record| may_discard(&record)) {
            return;
        }
        let Some(sentence) = self.sentence(write) else { return };
        self.toasts.tell(format!("Discarded: {sentence}"), None);
        spawn_local(async move { self.device().discard(write).await });
    }

    fn sentence(self, write: WriteId) -> Option<String> {
        let record = self.parked(write)?;
        Some(self.peek(|view| writes::sentence(view, &record)))
    }

    fn parked(self, write: WriteId) -> Option<OutboxRecord> {
        self.device().outbox().into_iter().find(|record| record.write_id == write)
    }
}
