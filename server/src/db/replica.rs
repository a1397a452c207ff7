//! A standby of PostgreSQL that answers reports while it is not too far behind.
//!
//! **Invariant:** who asks for the standby gets it only if the last look, a second ago, found it healthy and it answers now.

use super::{
    cannot,
    lag::Lag,
    load::{Load, Statements, Target},
    postgres,
};
use crate::config::{DatabaseSettings, DatabaseUrl};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbErr, Statement};
use std::{
    fmt,
    time::{Duration, Instant},
};
use tokio::{sync::watch, task::JoinHandle, time::timeout};

const CONNECTIONS: u32 = 8;
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A standby that takes longer to answer is as good as gone.
const PATIENCE: Duration = Duration::from_secs(2);

const PRIMARY_POSITION: &str = "SELECT (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint";
const STANDBY_POSITION: &str = "SELECT pg_is_in_recovery(), (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint,
    (extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::bigint";

/// What is known of the standby.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplicaStatus {
    /// Whether there is one.
    pub configured: bool,
    /// Whether it answers reports now.
    pub healthy: bool,
    /// How far it is behind, where that is known.
    pub lag_ms: Option<u64>,
}

/// The standby, looked at as long as this lives.
pub(super) struct Replica {
    connection: DatabaseConnection,
    statements: Statements,
    status: watch::Receiver<ReplicaStatus>,
    looking: JoinHandle<()>,
}

/// Why the standby is not asked.
enum Trouble {
    Gone(String),
    NoStandby,
    Behind(Option<Duration>),
}

/// What looks at the standby again and again.
struct Lookout {
    primary: DatabaseConnection,
    standby: DatabaseConnection,
    max_lag: Duration,
    begin: Instant,
    lag: Lag,
    status: watch::Sender<ReplicaStatus>,
}

impl Replica {
    /// Looks once, then goes on by itself. A standby that is away now may come later.
    pub(super) async fn watch(url: &DatabaseUrl, settings: &DatabaseSettings, primary: &DatabaseConnection) -> anyhow::Result<Self> {
        let mut options = postgres::options(url, CONNECTIONS);
        options.connect_lazy(true).min_connections(0).acquire_timeout(PATIENCE);
        let mut connection = Database::connect(options).await.map_err(cannot(format!("use the read replica {url}")))?;
        let statements = Statements::default();
        statements.count(&mut connection);
        let (sender, status) = watch::channel(ReplicaStatus {
            configured: true,
            healthy: true,
            lag_ms: None,
        });
        let mut lookout = Lookout {
            primary: primary.clone(),
            standby: connection.clone(),
            max_lag: settings.replica_max_lag,
            begin: Instant::now(),
            lag: Lag::default(),
            status: sender,
        };
        lookout.look().await;
        let looking = tokio::spawn(async move {
            loop {
                tokio::time::sleep(LOOK_EVERY).await;
                lookout.look().await;
            }
        });
        Ok(Self {
            connection,
            statements,
            status,
            looking,
        })
    }

    /// The standby, if it is healthy and answers.
    pub(super) async fn connection(&self) -> Option<DatabaseConnection> {
        let answers = self.status.borrow().healthy && matches!(timeout(PATIENCE, self.connection.ping()).await, Ok(Ok(())));
        answers.then(|| self.connection.clone())
    }

    /// What the last look found; changes are told.
    pub(super) fn status(&self) -> watch::Receiver<ReplicaStatus> {
        self.status.clone()
    }

    /// How busy its connections are; the looks at it are among the statements.
    pub(super) fn load(&self) -> Load {
        self.statements.load(Target::Replica, [&self.connection])
    }

    pub(super) async fn close(&self) -> Result<(), DbErr> {
        self.looking.abort();
        self.connection.close_by_ref().await
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

impl Lookout {
    async fn look(&mut self) {
        let found = timeout(PATIENCE, self.lag())
            .await
            .unwrap_or_else(|_| Err(Trouble::Gone("it does not answer".to_owned())));
        let found = found.and_then(|lag| if lag > self.max_lag { Err(Trouble::Behind(Some(lag))) } else { Ok(lag) });
        let lag = match &found {
            Ok(lag) | Err(Trouble::Behind(Some(lag))) => Some(*lag),
            Err(_) => None,
        };
        let was_healthy = self.status.borrow().healthy;
        match &found {
            Err(trouble) if was_healthy => tracing::warn!("reports are read from the primary: the read replica {trouble}"),
            Ok(_) if !was_healthy => tracing::info!("reports are read from the read replica again"),
            _ => {}
        }
        self.status.send_replace(ReplicaStatus {
            configured: true,
            healthy: found.is_ok(),
            lag_ms: lag.map(|lag| u64::try_from(lag.as_millis()).unwrap_or(u64::MAX)),
        });
    }

    /// The primary's position is taken first: a standby that has it was not behind at that time.
    async fn lag(&mut self) -> Result<Duration, Trouble> {
        // Without the primary the notes are as old as they are, and the standby is all there is.
        if let Ok(Some(position)) = one(&self.primary, PRIMARY_POSITION).await.and_then(|row| row.try_get_by_index(0)) {
            self.lag.note(position, self.begin.elapsed());
        }
        let row = one(&self.standby, STANDBY_POSITION).await?;
        if !row.try_get_by_index::<bool>(0)? {
            return Err(Trouble::NoStandby);
        }
        let position: i64 = row.try_get_by_index(1)?;
        let since_last_transaction: Option<i64> = row.try_get_by_index(2)?;
        let at_most = since_last_transaction.and_then(|ms| u64::try_from(ms).ok()).map(Duration::from_millis);
        self.lag.of(position, self.begin.elapsed()).or(at_most).ok_or(Trouble::Behind(None))
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone(why) => write!(f, "cannot be reached: {why}"),
            Self::NoStandby => write!(f, "is no standby of another database"),
            Self::Behind(Some(lag)) => write!(f, "is {} ms behind", lag.as_millis()),
            Self::Behind(None) => write!(f, "is behind, by how much is not known"),
        }
    }
}

impl From<DbErr> for Trouble {
    fn from(error: DbErr) -> Self {
        Self::Gone(error.to_string())
    }
}

async fn one(db: &DatabaseConnection, sql: &str) -> Result<sea_orm::QueryResult, DbErr> {
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    row.ok_or_else(|| DbErr::RecordNotFound(sql.to_owned()))
}
