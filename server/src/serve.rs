//! The running server: start, listen, stop.
//!
//! **Invariant:** after [`Server::stop`] every acknowledged write is in the database file and nobody waits.

use crate::{
    admin::keeping::{self, By, NewPerson, StoredPassword},
    app::{App, Parts},
    auth::{
        Email, KnownSessions, Passwords,
        accounts::{self, Credentials},
    },
    clock,
    config::Settings,
    db::Db,
    demo::{self, Demo},
    ids,
    limits::Limiter,
    metrics::{self, Metrics},
    router,
    shapes::{
        self, KnownShapes,
        electric::{self, Electric},
        hub::Hub,
    },
    stages,
    uploads::{self, Uploads},
    write::{self, WriteQueue},
};
use anyhow::Context;
use domain::Role;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::watch,
    task::JoinHandle,
};

/// How long answers under way may take when the server stops.
const LAST_ANSWERS: Duration = Duration::from_millis(1_500);
const TIDY_EVERY: Duration = Duration::from_secs(60 * 60);

/// A server that listens.
pub struct Server {
    address: SocketAddr,
    /// Accounts that this start has made, with the passwords that are shown once.
    new_accounts: Vec<Credentials>,
    stop: watch::Sender<bool>,
    serving: JoinHandle<std::io::Result<()>>,
    db: Db,
}

impl Server {
    /// Opens the database, makes what a new one needs, and listens.
    pub async fn start(settings: Settings, demo: Option<Demo>) -> anyhow::Result<Self> {
        let passwords = Passwords::new(settings.password_cost)?;
        let uploads = Uploads::open(&settings.uploads).await?;
        let limiter = Limiter::new(settings.rate_limits, settings.redis_url.as_deref())?;
        let metrics = Metrics::new()?;
        let electric = settings
            .electric
            .as_ref()
            .map(|electric| Electric::new(electric, metrics.clone()))
            .transpose()?;
        let db = Db::open(&settings.database).await?;
        let new_accounts = prepare(&db, &passwords, demo).await?;
        let wanted = SocketAddr::new(settings.host, settings.port);
        let listener = listen(wanted).with_context(|| format!("cannot listen on {wanted}"))?;
        let address = listener.local_addr()?;
        let (stop, stopping) = watch::channel(false);
        let app = App::new(Parts {
            settings,
            hub: Hub::listen(&db),
            writes: WriteQueue::open(db.clone()),
            db: db.clone(),
            uploads,
            passwords,
            sessions: KnownSessions::default(),
            shapes: KnownShapes::default(),
            limiter,
            metrics,
            electric,
            stopping,
        });
        tokio::spawn(tidy_now_and_then(app.clone()));
        tokio::spawn(keep_up_metrics(app.clone()));
        if let Some(electric) = app.electric.clone() {
            tokio::spawn(electric::watch(app.clone(), electric));
        }
        let service = router::router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let serving = axum::serve(listener, service).with_graceful_shutdown(async move { app.stopped().await });
        Ok(Self {
            address,
            new_accounts,
            stop,
            serving: tokio::spawn(serving.into_future()),
            db,
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
    pub const fn db(&self) -> &Db {
        &self.db
    }

    /// Accounts that this start has made.
    pub fn new_accounts(&self) -> &[Credentials] {
        &self.new_accounts
    }

    /// Ends what waits, lets what runs finish, and closes the database.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        if tokio::time::timeout(LAST_ANSWERS, self.serving).await.is_err() {
            tracing::warn!("some answers were cut off; their writes are finished and may be asked for again");
        }
        self.db.close().await;
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

async fn prepare(db: &Db, passwords: &Passwords, demo: Option<Demo>) -> anyhow::Result<Vec<Credentials>> {
    let now = clock::now();
    stages::seed(db, now).await.context("cannot make the turn stages")?;
    if !accounts::none_exist(db.readers()).await? {
        if demo.is_some() {
            tracing::info!("the database has accounts already: no demo data was made");
        }
        return Ok(vec![]);
    }
    match demo {
        Some(demo) => demo::make(db, passwords, demo, now).await,
        None => Ok(vec![first_administrator(db, passwords).await?]),
    }
}

/// Somebody to begin with. The address is one that no mail reaches: it stands in for people who are not known yet, and
/// is to be left for accounts of their own. The password is random, shown once, and must be changed at the first sign-in.
async fn first_administrator(db: &Db, passwords: &Passwords) -> anyhow::Result<Credentials> {
    let password = ids::new_password();
    let person = NewPerson {
        email: Email::read("admin@localhost")?,
        name: "Administrator".to_owned(),
        phone: None,
        role: Role::SuperAdmin,
        vendor_id: None,
    };
    let stored = StoredPassword {
        hash: passwords.hash(password.clone()).await?,
        is_one_time: true,
    };
    let tx = db.write().await?;
    let made = keeping::add(&tx, &By::program("turns-server"), person, stored, clock::now()).await?;
    tx.commit().await?;
    Ok(Credentials {
        email: made.email,
        password,
        role: Role::SuperAdmin,
    })
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
