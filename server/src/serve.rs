//! The running server: start, listen, stop.
//!
//! **Invariant:** after [`Server::stop`] every acknowledged write is in the database file and nobody waits.

mod opened;

pub use opened::Opened;

use crate::{
    app::App,
    auth::accounts::Credentials,
    clock,
    config::Settings,
    db::Db,
    demo::Demo,
    metrics,
    shapes::{self, electric},
    uploads, write,
};
use anyhow::Context;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    net::{TcpListener, TcpSocket},
    task::JoinHandle,
};

/// How long answers under way may take when the server stops.
const LAST_ANSWERS: Duration = Duration::from_millis(1_500);
const TIDY_EVERY: Duration = Duration::from_secs(60 * 60);

/// A server that listens.
pub struct Server {
    address: SocketAddr,
    opened: Opened,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Server {
    /// Opens the database, makes what a new one needs, and listens.
    pub async fn start(settings: Settings, demo: Option<Demo>) -> anyhow::Result<Self> {
        let wanted = SocketAddr::new(settings.host, settings.port);
        let opened = Opened::open(settings, demo).await?;
        let listener = listen(wanted).with_context(|| format!("cannot listen on {wanted}"))?;
        let address = listener.local_addr()?;
        let app = opened.app().clone();
        tokio::spawn(tidy_now_and_then(app.clone()));
        tokio::spawn(keep_up_metrics(app.clone()));
        if let Some(electric) = app.electric.clone() {
            tokio::spawn(electric::watch(app.clone(), electric));
        }
        let service = opened.service().into_make_service_with_connect_info::<SocketAddr>();
        let serving = axum::serve(listener, service).with_graceful_shutdown(async move { app.stopped().await });
        Ok(Self {
            address,
            opened,
            serving: tokio::spawn(serving.into_future()),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where a person on this machine finds it.
    pub fn url(&self) -> String {
        if self.address.ip().is_loopback() {
            format!("http://localhost:{}", self.address.port())
        } else {
            format!("http://{}", self.address)
        }
    }

    /// Its database, for what writes beside the API.
    pub fn db(&self) -> &Db {
        self.opened.db()
    }

    /// Accounts that this start has made.
    pub fn new_accounts(&self) -> &[Credentials] {
        self.opened.new_accounts()
    }

    /// Ends what waits, lets what runs finish, and closes the database.
    pub async fn stop(self) {
        self.opened.stop_waiting();
        if tokio::time::timeout(LAST_ANSWERS, self.serving).await.is_err() {
            tracing::warn!("some answers were cut off; their writes are finished and may be asked for again");
        }
        self.opened.close().await;
    }
}

/// Devices come back together when a network does. Whoever finds no place in the line tries again only after a second.
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    const IN_LINE: u32 = 4_096;
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // As every server does on Unix: a port is free again as soon as its last server has ended.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(IN_LINE)
}

async fn tidy_now_and_then(app: App) {
    let mut ticks = tokio::time::interval(TIDY_EVERY);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.stopped() => return,
        }
        if let Err(error) = shapes::trim::trim(&app.db, &app.settings.limits, clock::now()).await {
            tracing::warn!(%error, "the change log was not trimmed");
        }
        if let Err(error) = write::rest(&app.db, clock::now()).await {
            tracing::warn!(%error, "finished turns were not taken off the devices");
        }
        match uploads::sweep::sweep(&app, clock::now()).await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "files that no document wants were removed"),
            Err(error) => tracing::warn!(%error, "files that no document wants were not removed"),
        }
    }
}

async fn keep_up_metrics(app: App) {
    let mut ticks = tokio::time::interval(metrics::UPKEEP_EVERY);
    loop {
        tokio::select! {
            _ = ticks.tick() => app.metrics.upkeep(),
            () = app.stopped() => return,
        }
    }
}
