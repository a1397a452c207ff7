//! Answers to what parked writes ask, each with what is told afterwards.
//!
//! **Invariant:** an answer that the rules refuse changes nothing, and what is told has happened.

use super::AppState;
use crate::facts::{
    answer::{self, Answer},
    question::Question,
    writes,
};
use domain::{Mutation, Refusal, WriteId, mutation::field};
use serde_json::{Map, Value as Json};

const DECIDED: &str = "Nothing was changed: this has been decided or sent meanwhile.";
const SENT: &str = "It cannot be discarded any more: it was sent meanwhile.";

impl AppState {
    /// Asks the rules about the values of an answer, as at a tap.
    pub fn check_answer(self, write: WriteId, answer: &Answer) -> Result<(), Refusal> {
        let Answer::Send(other) = answer else { return Ok(()) };
        let record = self.peek(|view| view.write(write).cloned());
        let record = record.ok_or_else(|| field("id", "is decided already".to_owned()))?;
        let mine = record.changes.iter().filter(|(_, change)| !change.predicted);
        let mut data: Map<String, Json> = mine.map(|(column, change)| (column.clone(), change.to.clone())).collect();
        data.extend(other.clone());
        Mutation::read(record.table, record.row_id, record.operation, &data).map(drop)
    }

    /// Does what its user has decided about a write, and tells it.
    pub async fn answer(self, question: Question, answer: Answer) {
        let (device, write) = (self.device(), question.write);
        let is_done = match &answer {
            Answer::SendAgain => device.send_again(write).await,
            Answer::KeepMine => device.keep_mine(write).await,
            Answer::TakeTheirs => device.take_theirs(write).await,
            Answer::MakeAgain => device.make_again(write).await,
            Answer::Send(other) => device.edit_and_resend(write, other).await,
        };
        if is_done {
            self.toasts.tell(answer::told(&question, &answer), None);
        } else {
            self.toasts.warn(DECIDED);
        }
    }

    /// Gives a write up, and what builds on it; or says that it cannot be given up any more.
    pub async fn discard(self, write: WriteId) {
        let sentence = self.peek(|view| view.write(write).map(|record| writes::sentence(view, record)));
        match sentence {
            Some(sentence) if self.device().discard(write).await => self.toasts.tell(format!("Discarded: {sentence}"), None),
            _ => self.toasts.warn(SENT),
        }
    }
}
