//! Every figure: its name, its unit, its meaning.
//!
//! **Invariant:** a figure that is recorded is described here; a test looks for one without.

use crate::limits::Budget;
use domain::Table;
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge};

pub const HTTP_REQUESTS: &str = "turns_http_requests_total";
pub const HTTP_SECONDS: &str = "turns_http_request_seconds";
pub const WRITES: &str = "turns_writes_total";
pub const WRITE_CONFLICTS: &str = "turns_write_conflicts_total";
pub const WRITE_SECONDS: &str = "turns_write_seconds";
pub const ACTIVE_SHAPES: &str = "turns_active_shapes";
pub const LISTENERS: &str = "turns_live_listeners";
pub const SHAPE_BYTES: &str = "turns_shape_bytes_total";
pub const SYNC_SECONDS: &str = "turns_sync_seconds";
pub const PENDING_WRITES: &str = "turns_pending_writes";
pub const PENDING_DEVICES: &str = "turns_pending_devices";
pub const QUARANTINED_WRITES: &str = "turns_quarantined_writes";
pub const RATE_LIMITED: &str = "turns_rate_limited_total";
pub const SIGN_IN_FAILURES: &str = "turns_sign_in_failures_total";
pub const DB_CONNECTIONS: &str = "turns_db_connections";
pub const DB_STATEMENTS: &str = "turns_db_statements_total";
pub const REPLICA_HEALTHY: &str = "turns_replica_healthy";
pub const REPLICA_LAG_SECONDS: &str = "turns_replica_lag_seconds";
pub const ELECTRIC_UP: &str = "turns_electric_up";
pub const ELECTRIC_FAILURES: &str = "turns_electric_failures_total";
pub const ELECTRIC_ASKED_AGAIN: &str = "turns_electric_asked_again_total";
pub const INFO: &str = "turns_info";

/// From a tap's millisecond to a long poll.
pub const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 25.0];

/// Describes every figure, and begins at zero what counts rare things: a rate needs a first value.
pub fn describe() {
    describe_counter!(HTTP_REQUESTS, "Answered requests, by method, route and status.");
    describe_histogram!(
        HTTP_SECONDS,
        Unit::Seconds,
        "From a request's head to its answer's head, without requests that wait for news."
    );
    describe_counter!(
        WRITES,
        "Writes answered, by table, operation and result (applied, or the problem). An atomic batch that is refused is one, of the table “batch”."
    );
    describe_counter!(WRITE_CONFLICTS, "Writes that met a version newer than their author had seen, by table.");
    describe_histogram!(
        WRITE_SECONDS,
        Unit::Seconds,
        "From a write's intent to its receipt, on disk; by kind (one, batch)."
    );
    describe_gauge!(ACTIVE_SHAPES, "Distinct shapes that somebody waits on at this server.");
    describe_gauge!(LISTENERS, "Connections that wait for news, by kind (request, doorbell).");
    describe_counter!(SHAPE_BYTES, Unit::Bytes, "Bodies of shape answers before compression, by table.");
    describe_histogram!(
        SYNC_SECONDS,
        Unit::Seconds,
        "From a commit to its news being given to a connection that waited."
    );
    describe_gauge!(
        PENDING_WRITES,
        "Writes that devices say they still have to send; devices heard from in the last five minutes."
    );
    describe_gauge!(PENDING_DEVICES, "Devices that said so in the last five minutes.");
    describe_gauge!(
        QUARANTINED_WRITES,
        "Writes that wait for a supervisor, because their authors have lost sight of the row; NaN where the database does not say."
    );
    describe_counter!(RATE_LIMITED, "Requests refused by a limit, by budget.");
    describe_counter!(
        SIGN_IN_FAILURES,
        "Attempts to sign in that failed: a wrong password, an unknown address or an inactive account."
    );
    describe_gauge!(DB_CONNECTIONS, "Database connections, by target (primary, replica) and state (in_use, idle).");
    describe_counter!(DB_STATEMENTS, "Statements sent, by target (primary, replica).");
    describe_gauge!(
        REPLICA_HEALTHY,
        "1 while reports are read from the replica, 0 while the primary stands in for it."
    );
    describe_gauge!(
        REPLICA_LAG_SECONDS,
        Unit::Seconds,
        "How far the replica is behind; NaN while that is not known."
    );
    describe_electric();
    describe_gauge!(INFO, "Always 1; the version that runs.");
    for budget in Budget::ALL {
        counter!(RATE_LIMITED, "budget" => budget.name()).increment(0);
    }
    for table in Table::ALL {
        counter!(WRITE_CONFLICTS, "table" => table.sql_name()).increment(0);
    }
    counter!(SIGN_IN_FAILURES).increment(0);
    gauge!(ACTIVE_SHAPES).set(0);
    gauge!(INFO, "version" => env!("CARGO_PKG_VERSION")).set(1);
}

fn describe_electric() {
    describe_gauge!(ELECTRIC_UP, "1 while Electric answers for shapes, 0 while it is away.");
    describe_counter!(
        ELECTRIC_FAILURES,
        "Questions that Electric did not answer, by reason (unreachable, no_answer, wrong_secret, overloaded)."
    );
    describe_counter!(ELECTRIC_ASKED_AGAIN, "Questions sent twice, because Electric closed the connection meanwhile.");
}
