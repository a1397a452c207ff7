//! One server with a small demo portfolio.

use super::{Person, Standby, TestDatabase};
use sea_orm::DatabaseConnection;
use server::{
    config::{PasswordCost, RateLimits, Settings, UploadSettings},
    db::Db,
    demo::Demo,
    serve::Server,
};
use std::num::NonZeroU32;
use tempfile::TempDir;

/// How many properties a test's portfolio has: four turns, two of each manager.
const PROPERTIES: u32 = 10;

pub struct TestApp {
    server: Option<Server>,
    settings: Settings,
    folder: TempDir,
    /// Dropped last: the server has left it by then.
    database: TestDatabase,
}

/// A second server, beside a [`TestApp`].
pub struct Another(Server);

impl Another {
    pub fn url(&self) -> String {
        format!("http://{}", self.0.address())
    }
}

/// How many rows the tables have that a write touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    pub rows: i64,
    /// Without sign-ins.
    pub audit_logs: i64,
    pub changes: i64,
    pub receipts: i64,
}

impl TestApp {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// With other settings.
    pub async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::start_of(PROPERTIES, change).await
    }

    /// With a larger portfolio, so that every role has something.
    pub async fn start_with_properties(properties: u32) -> Self {
        Self::start_of(properties, |_| {}).await
    }

    /// With accounts and stages only.
    pub async fn start_without_portfolio(change: impl FnOnce(&mut Settings)) -> Self {
        Self::start_of(0, change).await
    }

    async fn start_of(properties: u32, change: impl FnOnce(&mut Settings)) -> Self {
        show_faults();
        let folder = tempfile::tempdir().unwrap();
        let database = TestDatabase::new().await;
        let mut settings = Settings {
            database: database.settings(),
            port: 0,
            uploads: UploadSettings::in_folder(folder.path().join("uploads")),
            rate_limits: RateLimits::lifted(),
            password_cost: PasswordCost {
                memory_kib: 8,
                iterations: NonZeroU32::MIN,
            },
            ..Settings::default()
        };
        change(&mut settings);
        let demo = Demo {
            properties,
            seed: 1,
            past_turns: 0,
        };
        let server = Server::start(settings.clone(), Some(demo)).await.unwrap();
        Self {
            server: Some(server),
            settings,
            folder,
            database,
        }
    }

    /// What the server runs with.
    pub fn settings(&self) -> Settings {
        self.settings.clone()
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.server.as_ref().unwrap().address())
    }

    /// One more server on the same database. Its files are the first one's.
    pub async fn another(&self) -> Another {
        let settings = Settings {
            port: 0,
            ..self.settings.clone()
        };
        Another(Server::start(settings, None).await.unwrap())
    }

    pub async fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }

    /// Stops and starts again on the same database, at the same address.
    pub async fn restart(&mut self) {
        self.settings.port = self.server.as_ref().unwrap().address().port();
        self.stop().await;
        self.restart_stopped().await;
    }

    /// The same with other settings.
    pub async fn restart_with(&mut self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.settings);
        self.restart().await;
    }

    /// The server's own database: what is written through it wakes who waits.
    pub fn db(&self) -> Db {
        self.server.as_ref().unwrap().db().clone()
    }

    /// Starts again what was stopped.
    pub async fn restart_stopped(&mut self) {
        self.server = Some(Server::start(self.settings.clone(), None).await.unwrap());
    }

    /// Reads reports from the standby from now on; none on SQLite.
    pub async fn use_standby(&mut self) -> Option<Standby> {
        let standby = Standby::of(&self.database).await?;
        self.settings.database.replica_url = Some(standby.url().clone());
        self.restart().await;
        Some(standby)
    }

    /// Waits until the standby has everything.
    pub async fn catch_up(&self, standby: &Standby) {
        standby.catch_up(&self.database).await;
    }

    pub async fn sign_in(&self, name: &str) -> Person {
        Person::sign_in(&self.url(), &format!("{name}@example.com")).await
    }

    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub fn database_url(&self) -> &str {
        self.database.url()
    }

    /// `super@example.com`, which no demo has.
    pub async fn add_super_administrator(&self) {
        use sea_orm::ConnectionTrait;
        let columns = "name, phone, is_active, password_hash, created_at, updated_at, must_change_password";
        let id = super::new_id();
        let sql = format!(
            "INSERT INTO users (id, email, role, {columns}) SELECT '{id}', 'super@example.com', 'SUPER_ADMIN', {columns} FROM users WHERE email = 'admin@example.com'"
        );
        self.database().await.execute_unprepared(&sql).await.unwrap();
    }

    /// A connection beside the server's.
    pub async fn database(&self) -> DatabaseConnection {
        self.database.connection().await.clone()
    }

    /// One number out of the database.
    pub async fn number(&self, sql: &str) -> i64 {
        self.database.number(sql).await
    }

    /// Makes every insert into a table fail whose column holds a text.
    pub async fn refuse_inserts(&self, table: &str, column: &str, text: &str) {
        self.database.refuse_inserts(table, column, text).await;
    }

    /// What nothing may change that is refused.
    pub async fn counts(&self) -> Counts {
        let rows = "SELECT (SELECT count(*) FROM properties) + (SELECT count(*) FROM turns) + (SELECT count(*) FROM scope_items)";
        Counts {
            rows: self.number(rows).await,
            audit_logs: self.number("SELECT count(*) FROM audit_logs WHERE table_name <> 'sessions'").await,
            changes: self.number("SELECT count(*) FROM changes").await,
            receipts: self.number("SELECT count(*) FROM receipts").await,
        }
    }
}

/// What the server logs as its own fault stands in the output of the test that fails for it.
fn show_faults() {
    let level = tracing::Level::ERROR;
    // Another test of this program may have begun it.
    let _ = tracing_subscriber::fmt().with_max_level(level).with_test_writer().try_init();
}
