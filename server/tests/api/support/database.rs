//! A database for one test: a file, or a database of a PostgreSQL that `cargo xtask postgres` has started.
//!
//! `TURNS_TEST_DATABASE` says which; the tests are the same.

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use server::{
    config::{DatabaseSettings, DatabaseUrl},
    db::Db,
};
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;
use tokio::sync::OnceCell;

pub struct TestDatabase {
    url: String,
    place: Place,
    /// Beside the server's; made when it is first asked for.
    connection: OnceCell<DatabaseConnection>,
}

enum Place {
    Folder(#[expect(dead_code, reason = "removed when it is dropped")] TempDir),
    Postgres { name: String },
}

impl TestDatabase {
    /// A new one. On PostgreSQL its tables are there already: migrating takes longer than most tests.
    pub async fn new() -> Self {
        if !is_postgres() {
            return Self::empty().await;
        }
        static TEMPLATE: OnceCell<String> = OnceCell::const_new();
        let template = TEMPLATE
            .get_or_init(async || {
                let name = new_name();
                create(&name, "template0").await;
                Db::open(&settings(&postgres_url(&name))).await.unwrap().close().await;
                name
            })
            .await;
        Self::copy_of(template).await
    }

    /// A new one without tables.
    pub async fn empty() -> Self {
        if is_postgres() {
            return Self::copy_of("template0").await;
        }
        let folder = tempfile::tempdir().unwrap();
        Self {
            url: format!("sqlite://{}?mode=rwc", folder.path().join("new/turns.db").display()),
            place: Place::Folder(folder),
            connection: OnceCell::new(),
        }
    }

    async fn copy_of(template: &str) -> Self {
        let name = new_name();
        create(&name, template).await;
        Self {
            url: postgres_url(&name),
            place: Place::Postgres { name },
            connection: OnceCell::new(),
        }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn settings(&self) -> DatabaseSettings {
        settings(&self.url)
    }

    /// The same database on the standby; none on SQLite.
    pub fn replica_url(&self) -> Option<DatabaseUrl> {
        let Place::Postgres { name } = &self.place else { return None };
        Some(read(&in_database(&variable("TURNS_TEST_REPLICA_URL"), name)))
    }

    /// A connection beside the server's.
    pub async fn connection(&self) -> &DatabaseConnection {
        self.connection.get_or_init(async || Database::connect(&self.url).await.unwrap()).await
    }

    /// One number out of the database, by SQL that both understand.
    pub async fn number(&self, sql: &str) -> i64 {
        number(self.connection().await, sql).await
    }

    /// Makes every insert into a table fail whose column holds a text.
    pub async fn refuse_inserts(&self, table: &str, column: &str, text: &str) {
        let trap = match &self.place {
            Place::Folder(_) => format!(
                "CREATE TRIGGER trap BEFORE INSERT ON {table} WHEN NEW.{column} LIKE '%{text}%'
                 BEGIN SELECT RAISE(ABORT, 'secret detail'); END"
            ),
            Place::Postgres { .. } => format!(
                "CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'secret detail'; END $$;
                 CREATE TRIGGER trap BEFORE INSERT ON {table} FOR EACH ROW WHEN (NEW.{column} LIKE '%{text}%') EXECUTE FUNCTION trap()"
            ),
        };
        self.connection().await.execute_unprepared(&trap).await.unwrap();
    }
}

impl Drop for TestDatabase {
    /// A hundred databases would fill a small machine's disk.
    fn drop(&mut self) {
        let Place::Postgres { name } = &self.place else { return };
        let sql = format!("DROP DATABASE {name} WITH (FORCE)");
        // The test's own runtime cannot wait here.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { administrator().await.execute_unprepared(&sql).await.map(drop) })
        });
        if !std::thread::panicking() {
            dropping.join().unwrap().unwrap();
        }
    }
}

pub fn is_postgres() -> bool {
    match std::env::var("TURNS_TEST_DATABASE").as_deref() {
        Ok("postgres") => true,
        Ok("sqlite") | Err(_) => false,
        Ok(other) => panic!("TURNS_TEST_DATABASE is sqlite or postgres, not {other}"),
    }
}

/// One number through a connection, by SQL that both databases understand.
pub async fn number(db: &impl ConnectionTrait, sql: &str) -> i64 {
    let backend = db.get_database_backend();
    let sql = match backend {
        DbBackend::Postgres => format!("SELECT ({sql})::bigint"),
        _ => sql.to_owned(),
    };
    let row = db.query_one_raw(Statement::from_string(backend, sql)).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

async fn create(name: &str, template: &str) {
    // Without fsync, copying files is quicker than writing them through the log.
    let sql = format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy");
    administrator().await.execute_unprepared(&sql).await.unwrap();
}

async fn administrator() -> DatabaseConnection {
    Database::connect(variable("TURNS_TEST_POSTGRES_URL")).await.unwrap()
}

/// No other run of the tests on the same servers has it.
fn new_name() -> String {
    static LAST: AtomicU64 = AtomicU64::new(0);
    format!("test_{}_{}", std::process::id(), LAST.fetch_add(1, Ordering::Relaxed))
}

fn postgres_url(name: &str) -> String {
    in_database(&variable("TURNS_TEST_POSTGRES_URL"), name)
}

fn in_database(url: &str, name: &str) -> String {
    let (server, query) = url.split_once("/postgres?").unwrap();
    format!("{server}/{name}?{query}")
}

fn settings(url: &str) -> DatabaseSettings {
    DatabaseSettings::only(read(url))
}

fn read(url: &str) -> DatabaseUrl {
    DatabaseUrl::read("DATABASE_URL", url.to_owned()).unwrap()
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run the tests with cargo xtask postgres"))
}
