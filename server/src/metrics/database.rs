//! The load of the database, asked when somebody looks.
//!
//! **Invariant:** looking takes no connection from the pool.

use super::{Metrics, catalogue};
use crate::db::{Db, Load, ReplicaStatus};
use metrics::{counter, gauge};

impl Metrics {
    /// Brings the database's figures up to date.
    pub(super) fn look_at(&self, db: &Db) {
        let replica = db.replica_status();
        self.record(|| {
            db.load().into_iter().for_each(show_load);
            if replica.configured {
                show_replica(replica);
            }
        });
    }
}

fn show_load(load: Load) {
    let target = load.target.name();
    gauge!(catalogue::DB_CONNECTIONS, "target" => target, "state" => "in_use").set(load.in_use as f64);
    gauge!(catalogue::DB_CONNECTIONS, "target" => target, "state" => "idle").set(load.idle as f64);
    counter!(catalogue::DB_STATEMENTS, "target" => target).absolute(load.statements);
}

fn show_replica(replica: ReplicaStatus) {
    gauge!(catalogue::REPLICA_HEALTHY).set(if replica.healthy { 1 } else { 0 });
    // Unknown is not zero.
    let lag = replica.lag_ms.map_or(f64::NAN, |lag_ms| lag_ms as f64 / 1_000.0);
    gauge!(catalogue::REPLICA_LAG_SECONDS).set(lag);
}
