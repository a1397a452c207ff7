//! The network between device and office, which breaks by a script; and the user, who decides while answers are on their way.

use crate::{office::FAULT, story::Story};
use protocol::{BatchRequest, Problem, ProblemCode};
use std::future::pending;
use sync::{Delivery, Network};

/// What the network or the server does to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    LostRequest,
    LostAnswer,
    /// The request arrives twice; the second answer is the one that comes back.
    Repeated,
    SignedOut,
    TooMany {
        retry_after_ms: i64,
    },
    FailedAfterCommit,
    FailedBeforeCommit,
    Unavailable,
    /// The answer forgets every second write.
    HalfAnswered,
    /// The device's process dies while the answer is on its way.
    DiedOnTheWay,
    TooLarge,
    /// What the server cannot carry out makes the whole request fail.
    WholeRequest,
}

impl Network for Story {
    async fn send(&self, batch: &BatchRequest) -> Delivery {
        self.office.requests.set(self.office.requests.get() + 1);
        assert!(batch.operations.len() <= protocol::MAX_BATCH_WRITES);
        let fault = self.office.faults.borrow_mut().pop().unwrap_or(Fault::None);
        let delivery = match fault {
            Fault::None => Delivery::Results(self.office.results(batch)),
            Fault::LostRequest => Delivery::Lost,
            Fault::LostAnswer => {
                self.office.results(batch);
                Delivery::Lost
            }
            Fault::Repeated => {
                self.office.results(batch);
                Delivery::Results(self.office.results(batch))
            }
            Fault::SignedOut => refused(ProblemCode::Unauthenticated, None),
            Fault::TooMany { retry_after_ms } => refused(ProblemCode::RateLimited, Some(retry_after_ms)),
            Fault::FailedAfterCommit => {
                self.office.results(batch);
                refused(ProblemCode::Internal, None)
            }
            Fault::FailedBeforeCommit => refused(ProblemCode::Internal, None),
            Fault::Unavailable => refused(ProblemCode::Unavailable, Some(2_000)),
            Fault::HalfAnswered => Delivery::Results(self.office.results(batch).into_iter().step_by(2).collect()),
            Fault::DiedOnTheWay => {
                self.office.results(batch);
                pending().await
            }
            // A proxy with a smaller limit than ours: only a single write fits through.
            Fault::TooLarge if batch.operations.len() > 1 => refused(ProblemCode::PayloadTooLarge, None),
            Fault::WholeRequest if holds_a_fault(batch) => refused(ProblemCode::Internal, None),
            Fault::TooLarge | Fault::WholeRequest => Delivery::Results(self.office.results(batch)),
        };
        self.resolve_meanwhile();
        delivery
    }
}

fn holds_a_fault(batch: &BatchRequest) -> bool {
    batch.operations.iter().any(|json| json["data"]["notes"] == FAULT)
}

fn refused(code: ProblemCode, retry_after_ms: Option<i64>) -> Delivery {
    Delivery::Refused {
        problem: Problem::new(code, "refused"),
        retry_after_ms,
    }
}
