//! Sending writes.

use super::{Answer, Http, to_body};
use gloo_net::http::Request;
use protocol::{BatchAnswer, BatchRequest};
use sync::{Delivery, Network};

/// A hundred writes over a poor signal; what is not answered by then is asked about again.
const LIMIT_MS: i64 = 30_000;

impl Network for Http {
    async fn send(&self, batch: &BatchRequest) -> Delivery {
        let Some(body) = to_body(batch) else { return Delivery::Lost };
        let Ok(answer) = self.ask_compressed(Request::post("/api/write/batch"), body, LIMIT_MS).await else {
            return Delivery::Lost;
        };
        let delivery = read(&answer);
        if delivery == Delivery::Lost {
            self.not_ours();
        }
        delivery
    }
}

fn read(answer: &Answer) -> Delivery {
    match (answer.status, answer.json::<BatchAnswer>(), answer.problem()) {
        (200, Some(batch), _) => Delivery::Results(batch.results),
        (_, _, Some(problem)) => Delivery::Refused {
            problem,
            retry_after_ms: answer.retry_after_ms(),
        },
        _ => Delivery::Lost,
    }
}
