//! A server that is open, whoever brings it its requests: [`super::Server`] from a network, a simulation from its own devices.
//!
//! **Invariant:** nothing here waits for a network; what a new database needs is there before the first request.

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
    metrics::Metrics,
    router,
    shapes::{KnownShapes, electric::Electric, hub::Hub},
    stages,
    uploads::Uploads,
    write::WriteQueue,
};
use anyhow::Context;
use axum::Router;
use domain::Role;
use tokio::sync::watch;

/// A server that nobody reaches but by its service.
pub struct Opened {
    app: App,
    /// Accounts that this start has made, with the passwords that are shown once.
    new_accounts: Vec<Credentials>,
    stop: watch::Sender<bool>,
}

impl Opened {
    /// Opens the database and makes what a new one needs.
    pub async fn open(settings: Settings, demo: Option<Demo>) -> anyhow::Result<Self> {
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
        let (stop, stopping) = watch::channel(false);
        let app = App::new(Parts {
            settings,
            hub: Hub::listen(&db),
            writes: WriteQueue::open(db.clone()),
            db,
            uploads,
            passwords,
            sessions: KnownSessions::default(),
            shapes: KnownShapes::default(),
            limiter,
            metrics,
            electric,
            stopping,
        });
        Ok(Self { app, new_accounts, stop })
    }

    /// Answers requests. Each says in an extension, as `axum::extract::ConnectInfo`, who is at the other end.
    pub fn service(&self) -> Router {
        router::router(self.app.clone())
    }

    /// Its database, for what reads and writes beside the API.
    pub fn db(&self) -> &Db {
        &self.app.db
    }

    /// Accounts that this start has made.
    pub fn new_accounts(&self) -> &[Credentials] {
        &self.new_accounts
    }

    /// Ends what waits and closes the database.
    pub async fn close(self) {
        self.stop_waiting();
        self.app.db.clone().close().await;
    }

    pub(super) const fn app(&self) -> &App {
        &self.app
    }

    /// Whoever waits for news is answered now.
    pub(super) fn stop_waiting(&self) {
        // Where nobody listens, nobody waits.
        let _ = self.stop.send(true);
    }
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
