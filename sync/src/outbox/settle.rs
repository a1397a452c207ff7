//! What an answer means for the records that were sent, and for those that build on them.
//!
//! Pure: records in, amended records out. The drainer stores all of them in one transaction, or none.

mod conflict;

use super::{
    Failure, OutboxRecord, Receipt, WriteState,
    backoff::{hold_ms, is_transient, obeyed_ms, pause_ms},
    delivery::Delivery,
};
use domain::WriteId;
use protocol::{Problem, ProblemCode, WriteAnswer};
use std::collections::{BTreeMap, HashSet};

/// The moment and the dice of one settlement.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Milliseconds since 1970.
    pub ms: i64,
    /// From 0 to 1, so that a thousand tablets do not come back at once.
    pub jitter: f64,
}

/// The records that a delivery changes. `records` are all of the user's, in order of `seq`; `sent` are those that travelled.
pub fn settle(records: &[OutboxRecord], sent: &[WriteId], delivery: &Delivery, now: Now) -> Vec<OutboxRecord> {
    settle_knowing(records, &[], sent, delivery, now)
}

/// The same, knowing what of the user's is over on this device: what another tab did and has settled since is no conflict.
pub fn settle_knowing(records: &[OutboxRecord], past: &[OutboxRecord], sent: &[WriteId], delivery: &Delivery, now: Now) -> Vec<OutboxRecord> {
    let mut desk = Desk {
        records: records.iter().map(|record| (record.seq, record.clone())).collect(),
        past,
        touched: HashSet::new(),
        now,
    };
    let sent = desk.sent(sent);
    match delivery {
        Delivery::Results(answers) => desk.answered_all(&sent, answers),
        Delivery::Refused { problem, retry_after_ms } => {
            for seq in &sent {
                desk.refused_together(*seq, sent.len(), problem, *retry_after_ms);
            }
        }
        Delivery::Lost => {
            for seq in sent {
                desk.try_again(seq, unreached("the server could not be reached"), None);
            }
        }
    }
    desk.block_descendants();
    let touched = desk.touched;
    desk.records.into_values().filter(|record| touched.contains(&record.seq)).collect()
}

/// Parks what builds on refused or discarded writes. The drainer runs it before each batch, so that an
/// interrupted settlement is finished by the next wake.
pub fn park_orphans(records: &[OutboxRecord], now: Now) -> Vec<OutboxRecord> {
    let parks = |record: &OutboxRecord| record.state.needs_user() || record.state == WriteState::Discarded;
    if !records.iter().any(parks) {
        return Vec::new();
    }
    settle(records, &[], &Delivery::Lost, now)
}

struct Desk<'a> {
    records: BTreeMap<u64, OutboxRecord>,
    past: &'a [OutboxRecord],
    touched: HashSet<u64>,
    now: Now,
}

impl Desk<'_> {
    fn sent(&self, sent: &[WriteId]) -> Vec<u64> {
        self.records
            .values()
            .filter(|record| record.state.is_asked_about() && sent.contains(&record.write_id))
            .map(|record| record.seq)
            .collect()
    }

    fn put(&mut self, record: OutboxRecord) {
        self.touched.insert(record.seq);
        self.records.insert(record.seq, record);
    }

    /// Receipts first: a refusal may decide about later writes to its row, and must find those that are applied.
    fn answered_all(&mut self, sent: &[u64], answers: &[WriteAnswer]) {
        let answer_of = |desk: &Self, seq: &u64| answers.iter().find(|answer| answer.write_id == Some(desk.records[seq].write_id));
        for seq in self.heard_too_soon(sent, answers) {
            self.try_again(seq, unreached("the answer did not say what became of a change that this one builds on"), None);
        }
        for seq in sent {
            if let Some(answer) = answer_of(self, seq).filter(|answer| answer.success && self.records[seq].state.is_asked_about()) {
                self.answered(*seq, answer);
            }
        }
        for seq in sent {
            match answer_of(self, seq) {
                // An earlier answer in the same delivery may have decided about this one already.
                _ if !self.records[seq].state.is_asked_about() => {}
                Some(answer) if answer.success => {}
                Some(answer) => self.answered(*seq, answer),
                None => self.try_again(*seq, unreached("the answer did not mention this change"), None),
            }
        }
    }

    /// Receipts of writes that build on one to their row of which nothing was said. Taken now, they would be over before it, and it be shown over them.
    /// The server keeps them.
    fn heard_too_soon(&self, sent: &[u64], answers: &[WriteAnswer]) -> Vec<u64> {
        let mut unheard: HashSet<WriteId> = HashSet::new();
        let mut too_soon = vec![];
        for record in sent.iter().map(|seq| &self.records[seq]) {
            let answer = answers.iter().find(|answer| answer.write_id == Some(record.write_id));
            let is_earlier = |id: &WriteId| unheard.contains(id) && self.is_on_same_row(*id, record);
            if answer.is_none_or(says_nothing) {
                unheard.insert(record.write_id);
            } else if answer.is_some_and(|answer| answer.success) && record.depends_on.iter().any(is_earlier) {
                unheard.insert(record.write_id);
                too_soon.push(record.seq);
            }
        }
        too_soon
    }

    fn is_on_same_row(&self, id: WriteId, record: &OutboxRecord) -> bool {
        let mut others = self.records.values();
        others.any(|other| other.write_id == id && (other.table, other.row_id) == (record.table, record.row_id))
    }

    fn answered(&mut self, seq: u64, answer: &WriteAnswer) {
        match (answer.success, &answer.error) {
            (true, _) => self.applied(seq, answer),
            (false, Some(problem)) => self.refused_alone(seq, problem),
            (false, None) => self.try_again(seq, unreached("the answer gave no reason"), None),
        }
    }

    /// A receipt without a txid is no receipt: the write is asked about again.
    fn applied(&mut self, seq: u64, answer: &WriteAnswer) {
        let Some(txid) = answer.txid.clone() else {
            return self.try_again(seq, unreached("the answer held no receipt"), None);
        };
        let mut record = self.records[&seq].clone().in_state(WriteState::Acked);
        record.receipt = Some(Receipt {
            version: answer.version,
            txid,
            in_shape: answer.in_shape.unwrap_or(true),
            received_at_ms: self.now.ms,
            quiet_looks: 0,
            comes_before_row: answer.version.is_none() && self.awaits_row(&record),
        });
        record.last_error = None;
        record.next_attempt_at_ms = None;
        record.is_unanswered = false;
        self.put(record);
    }

    /// Whether its row is still to come: it was never here as the server has it, or an earlier write to it is acknowledged and has not been echoed.
    fn awaits_row(&self, record: &OutboxRecord) -> bool {
        let same_row = |other: &&OutboxRecord| (other.table, other.row_id) == (record.table, record.row_id);
        let mut earlier = self.records.range(..record.seq).map(|(_, other)| other).filter(same_row);
        record.base_version.is_none() || earlier.any(OutboxRecord::awaits_echo)
    }

    fn refused_alone(&mut self, seq: u64, problem: &Problem) {
        if !is_transient(problem.code) {
            // The server has looked for a receipt before it refused.
            self.records.entry(seq).and_modify(|record| record.is_unanswered = false);
        }
        let record = &self.records[&seq];
        match problem.code {
            ProblemCode::Conflict => self.conflicted(seq, problem),
            ProblemCode::Quarantined => self.hold(seq, problem.clone()),
            // Its ancestor is on this device and will go again, or is parked and takes this one along.
            ProblemCode::Blocked if record.depends_on.iter().any(|id| self.is_open(*id)) => {
                let waiting = record.clone().in_state(WriteState::Pending);
                self.put(waiting);
            }
            code if is_transient(code) => self.try_again(seq, problem.clone(), None),
            _ => self.reject(seq, problem.clone()),
        }
    }

    /// A refusal of the whole request says nothing yet about each write: they are tried one by one.
    fn refused_together(&mut self, seq: u64, together: usize, problem: &Problem, retry_after_ms: Option<i64>) {
        if problem.code == ProblemCode::Unauthenticated && self.records[&seq].state == WriteState::Held {
            return;
        }
        if problem.code == ProblemCode::Unauthenticated {
            let waiting = self.records[&seq].clone().in_state(WriteState::Pending);
            return self.put(waiting);
        }
        let record = &self.records[&seq];
        // What may be applied is not refused before the server has said something about it, and not only about the request.
        if is_transient(problem.code) || together > 1 || record.is_unanswered || record.state == WriteState::Held {
            return self.try_again(seq, problem.clone(), retry_after_ms);
        }
        self.reject(seq, problem.clone());
    }

    fn is_open(&self, id: WriteId) -> bool {
        self.records
            .values()
            .any(|record| record.write_id == id && (record.state.is_waiting() || record.state.needs_user() || record.state == WriteState::Held))
    }

    fn reject(&mut self, seq: u64, problem: Problem) {
        let mut record = self.records[&seq].clone().in_state(WriteState::Rejected);
        record.last_error = Some(Failure { problem, at_ms: self.now.ms });
        record.next_attempt_at_ms = None;
        self.put(record);
    }

    /// The server keeps it for a supervisor. What it was held for stays its reason, however the later questions go.
    fn hold(&mut self, seq: u64, problem: Problem) {
        let before = &self.records[&seq];
        let asked = if before.state == WriteState::Held {
            before.attempts.saturating_add(1)
        } else {
            1
        };
        let mut record = before.clone().in_state(WriteState::Held);
        record.attempts = asked;
        record.next_attempt_at_ms = Some(self.now.ms.saturating_add(hold_ms(asked)));
        record.last_error = Some(Failure { problem, at_ms: self.now.ms });
        self.put(record);
    }

    fn try_again(&mut self, seq: u64, problem: Problem, retry_after_ms: Option<i64>) {
        let record = &self.records[&seq];
        if let Some(held) = record.last_error.clone().filter(|_| record.state == WriteState::Held) {
            return self.hold(seq, held.problem);
        }
        let mut record = record.clone().in_state(WriteState::Pending);
        record.attempts = record.attempts.saturating_add(1);
        // Who limits does so before anything is read; any other silence may be about an answer that got lost.
        record.is_unanswered |= is_transient(problem.code) && problem.code != ProblemCode::RateLimited;
        let pause_ms = retry_after_ms.map_or_else(|| pause_ms(record.attempts, self.now.jitter), obeyed_ms);
        record.next_attempt_at_ms = Some(self.now.ms.saturating_add(pause_ms));
        record.last_error = Some(Failure { problem, at_ms: self.now.ms });
        self.put(record);
    }

    /// A refused write parks its own descendants and nothing else; also those that an interrupted drain left marked as sending:
    /// what they build on is not applied, so they are not either.
    fn block_descendants(&mut self) {
        let mut parked: HashSet<WriteId> = self
            .records
            .values()
            .filter(|record| record.state.needs_user() || record.state == WriteState::Discarded)
            .map(|record| record.write_id)
            .collect();
        let waiting: Vec<u64> = self
            .records
            .values()
            .filter(|record| record.state.is_waiting())
            .map(|record| record.seq)
            .collect();
        for seq in waiting {
            let record = &self.records[&seq];
            if record.depends_on.iter().any(|id| parked.contains(id)) {
                parked.insert(record.write_id);
                let mut blocked = record.clone().in_state(WriteState::Blocked);
                let problem = Problem::new(ProblemCode::Blocked, "a change that this one builds on was not accepted");
                blocked.last_error = Some(Failure { problem, at_ms: self.now.ms });
                self.put(blocked);
            }
        }
    }
}

/// Whether an answer leaves open what became of its write.
fn says_nothing(answer: &WriteAnswer) -> bool {
    match &answer.error {
        _ if answer.success => answer.txid.is_none(),
        Some(problem) => is_transient(problem.code),
        None => true,
    }
}

fn unreached(why: &str) -> Problem {
    Problem::new(ProblemCode::Unavailable, why)
}
