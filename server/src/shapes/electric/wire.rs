//! The connections to Electric.
//!
//! Electric closes a connection after fifty requests, without a word in the last answer, and perhaps just when we use it again. Such
//! a question was not answered and changes nothing, so it is sent once more, on a connection of its own.
//!
//! **Invariant:** a question whose asker has gone is gone too, with its connection; no error tells the address, which holds the secret.

use crate::config::ElectricSettings;
use axum::http::HeaderMap;
use reqwest::{Client, Response, Url, redirect::Policy};
use std::{error::Error, io, sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// Electric itself, or what stands before it, gives up an idle connection after a minute.
const IDLE: Duration = Duration::from_secs(30);
/// Live requests come in waves: as many connections are kept for the next one.
const IDLE_CONNECTIONS: usize = 1_024;

/// Where questions go out.
pub struct Wire {
    pooled: Client,
    /// Makes a connection for each question.
    fresh: Client,
    room: Arc<Semaphore>,
    head: Duration,
}

/// The head of an answer, and its body to come.
pub struct Answered {
    /// What came.
    pub response: Response,
    /// Its place among the open questions.
    _room: OwnedSemaphorePermit,
    /// Whether the question had to be sent twice.
    pub was_resent: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Silence {
    /// No connection, or one that broke.
    #[error("it cannot be reached ({0})")]
    Unreachable(String),
    /// A connection, and nothing on it.
    #[error("it said nothing for {0:?}")]
    Silent(Duration),
    /// Our own limit.
    #[error("as many questions are open as may be")]
    Crowded,
}

impl Wire {
    /// No connection is made yet.
    pub fn new(settings: &ElectricSettings) -> reqwest::Result<Self> {
        let client = |idle| {
            // No proxy of the environment's either: the secret goes to Electric and to nobody else.
            let builder = Client::builder()
                .no_proxy()
                .redirect(Policy::none())
                .http1_only()
                .connect_timeout(settings.connect);
            // A container may have no certificates, and needs none for an Electric beside it.
            let builder = if settings.url.is_https() { builder } else { builder.tls_certs_only([]) };
            // Bodies go on as they came.
            let builder = builder.no_gzip().no_brotli().no_deflate().no_zstd();
            let builder = builder.pool_idle_timeout(IDLE).pool_max_idle_per_host(idle);
            builder.user_agent(concat!("turns-server/", env!("CARGO_PKG_VERSION"))).build()
        };
        Ok(Self {
            pooled: client(IDLE_CONNECTIONS)?,
            fresh: client(0)?,
            room: Arc::new(Semaphore::new(settings.at_once)),
            head: settings.head,
        })
    }

    /// Asks, and waits for the head of the answer.
    pub async fn ask(&self, address: Url, headers: HeaderMap) -> Result<Answered, Silence> {
        let room = Arc::clone(&self.room).try_acquire_owned().map_err(|_| Silence::Crowded)?;
        let send = |client: &Client| client.get(address.clone()).headers(headers.clone()).send();
        let ask = async {
            match send(&self.pooled).await {
                Err(error) if was_cut_off(&error) => (send(&self.fresh).await, true),
                answered => (answered, false),
            }
        };
        let (answered, was_resent) = timeout(self.head, ask).await.map_err(|_| Silence::Silent(self.head))?;
        match answered {
            Ok(response) => Ok(Answered {
                response,
                _room: room,
                was_resent,
            }),
            Err(error) => Err(Silence::Unreachable(told(error))),
        }
    }
}

/// Whether the connection was there and ended before an answer.
fn was_cut_off(error: &reqwest::Error) -> bool {
    let is_cut = |cause: &(dyn Error + 'static)| {
        let by_http = cause
            .downcast_ref::<hyper::Error>()
            .is_some_and(|error| error.is_incomplete_message() || error.is_canceled() || error.is_closed());
        let by_system = cause.downcast_ref::<io::Error>().is_some_and(|error| {
            use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
            matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset)
        });
        by_http || by_system
    };
    !error.is_connect() && causes(error).any(is_cut)
}

/// The last cause says most, and none of them the address.
fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    causes(&error).last().map(ToString::to_string).unwrap_or_default()
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}
