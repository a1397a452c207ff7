//! An answer's body on its way from Electric to a client.
//!
//! **Invariant:** a body is never held, only what of it has just come; one that does not end as it should is cut off, so that nobody takes
//! it for whole.

use super::{
    tail::{Reached, Tail},
    wire::Answered,
};
use crate::metrics::Metrics;
use axum::body::{Body, Bytes};
use domain::Table;
use futures::{StreamExt, future::BoxFuture, stream};
use std::{io, time::Duration};
use tokio::time::timeout;

/// A body that is under way.
pub struct Flow {
    /// Where it comes from.
    pub answered: Answered,
    /// How long Electric may be silent.
    pub patience: Duration,
    /// Of which table it tells.
    pub table: Table,
    /// Counts what goes by.
    pub metrics: Metrics,
    /// Read already.
    pub begun: Vec<Bytes>,
    /// Where it must lead, and where it does.
    pub claim: Option<(String, Tail)>,
    /// An event stream: it may end anywhere, and does when this completes.
    pub until: Option<BoxFuture<'static, ()>>,
}

impl Flow {
    /// The body, as far as somebody reads it; dropped, it lets go of Electric too.
    pub fn into_body(mut self) -> Body {
        self.begun.reverse();
        let chunks = stream::unfold(Some(self), |flow| async {
            let mut flow = flow?;
            match flow.next().await {
                Ok(Some(bytes)) => Some((Ok(bytes), Some(flow))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        });
        // Compression asks once more after the end.
        Body::from_stream(chunks.fuse())
    }

    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        if let Some(bytes) = self.begun.pop() {
            return Ok(Some(self.passing(bytes)));
        }
        let Some(until) = &mut self.until else {
            return match chunk(&mut self.answered, self.patience).await? {
                Some(bytes) => Ok(Some(self.passing(bytes))),
                None => self.ended(),
            };
        };
        let come = tokio::select! {
            () = until => None,
            chunk = chunk(&mut self.answered, self.patience) => chunk.ok().flatten(),
        };
        Ok(come.map(|bytes| self.passing(bytes)))
    }

    fn passing(&mut self, bytes: Bytes) -> Bytes {
        self.metrics.shape_sent(self.table, bytes.len());
        if let Some((_, tail)) = &mut self.claim {
            tail.push(&bytes);
        }
        bytes
    }

    fn ended(&self) -> io::Result<Option<Bytes>> {
        match &self.claim {
            Some((claimed, tail)) if matches!(tail.reached(), Reached::Place(reached) if reached != *claimed) => {
                tracing::warn!(
                    table = self.table.sql_name(),
                    "Electric claimed a place that its answer does not reach: the answer was cut off"
                );
                Err(io::Error::other("the answer is not whole"))
            }
            _ => Ok(None),
        }
    }
}

/// What comes next; none at the end.
pub async fn chunk(answered: &mut Answered, patience: Duration) -> io::Result<Option<Bytes>> {
    match timeout(patience, answered.response.chunk()).await {
        Ok(Ok(chunk)) => Ok(chunk),
        Ok(Err(error)) => Err(io::Error::other(error.without_url())),
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}
