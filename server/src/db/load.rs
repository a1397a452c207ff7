//! How busy the database's connections are, for the operator.
//!
//! **Invariant:** asking takes no connection.

use sea_orm::{DatabaseConnection, DbBackend};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Where statements go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The database that is written to.
    Primary,
    /// The one that reports are read from.
    Replica,
}

/// One target's load.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Of which.
    pub target: Target,
    /// Connections that somebody has.
    pub in_use: usize,
    /// Connections that wait for somebody.
    pub idle: usize,
    /// Statements since the start.
    pub statements: u64,
}

/// Counts the statements of connections. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Statements(Arc<AtomicU64>);

impl Statements {
    /// Counts what goes over this connection and its clones from now on.
    pub fn count(&self, connection: &mut DatabaseConnection) {
        let counter = Arc::clone(&self.0);
        connection.set_metric_callback(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
        });
    }

    /// The load of the connections that are counted here.
    pub fn load<'a>(&self, target: Target, connections: impl IntoIterator<Item = &'a DatabaseConnection>) -> Load {
        let mut load = Load {
            target,
            in_use: 0,
            idle: 0,
            statements: self.0.load(Ordering::Relaxed),
        };
        for connection in connections {
            let (all, idle) = size(connection);
            load.in_use += all.saturating_sub(idle);
            load.idle += idle;
        }
        load
    }
}

impl Target {
    /// As labels have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Replica => "replica",
        }
    }
}

fn size(connection: &DatabaseConnection) -> (usize, usize) {
    match connection.get_database_backend() {
        DbBackend::Postgres => {
            let pool = connection.get_postgres_connection_pool();
            (pool.size() as usize, pool.num_idle())
        }
        _ => {
            let pool = connection.get_sqlite_connection_pool();
            (pool.size() as usize, pool.num_idle())
        }
    }
}
