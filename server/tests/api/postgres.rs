//! What only PostgreSQL has: a standby for reports, several servers, connections that end. On SQLite there is nothing to test.

use crate::support::{Standby, TestDatabase, commit_one_change, number};
use sea_orm::ConnectionTrait;
use server::{
    config::DatabaseUrl,
    db::{Db, Fault, ReplicaStatus, counters},
};
use std::time::Duration;

const CHANGES: &str = "SELECT count(*) FROM changes";

/// Completes when the replica is as healthy as that.
async fn wait_until_healthy(db: &Db, healthy: bool) -> ReplicaStatus {
    let mut news = db.replica_news().unwrap();
    let found = tokio::time::timeout(Duration::from_secs(60), news.wait_for(|status| status.healthy == healthy)).await;
    *found.unwrap().unwrap()
}

async fn reads_standby(db: &Db) -> bool {
    number(&db.for_reports().await, "SELECT CASE WHEN pg_is_in_recovery() THEN 1 ELSE 0 END").await == 1
}

#[tokio::test]
async fn reports_read_the_standby_until_it_is_too_far_behind() {
    let database = TestDatabase::new().await;
    let Some(standby) = Standby::of(&database).await else { return };
    let mut settings = database.settings();
    settings.replica_url = Some(standby.url().clone());
    settings.replica_max_lag = Duration::from_secs(3);
    let db = Db::open(&settings).await.unwrap();
    wait_until_healthy(&db, true).await;
    assert!(reads_standby(&db).await);

    standby.pause().await;
    commit_one_change(&db).await;
    assert_eq!(number(&db.for_reports().await, CHANGES).await, 0, "the standby shows what it has");
    assert_eq!(number(db.readers(), CHANGES).await, 1);
    let status = wait_until_healthy(&db, false).await;
    assert!(status.configured && status.lag_ms.unwrap() > 3_000, "{status:?}");
    assert_eq!(number(&db.for_reports().await, CHANGES).await, 1, "the primary answers for it");

    standby.resume().await;
    let status = wait_until_healthy(&db, true).await;
    assert!(status.lag_ms.unwrap() <= 3_000, "{status:?}");
    assert!(reads_standby(&db).await);
    db.close().await;
}

#[tokio::test]
async fn without_a_standby_that_answers_reports_read_the_primary() {
    let database = TestDatabase::new().await;
    let Some(standby) = Standby::of(&database).await else { return };
    let nowhere = DatabaseUrl::read("READ_REPLICA_URL", "postgres://u:secret@127.0.0.1:1/turns".to_owned()).unwrap();
    let itself = database.settings().url;
    for url in [nowhere, itself] {
        let mut settings = database.settings();
        settings.replica_url = Some(url);
        let db = Db::open(&settings).await.unwrap();
        let status = db.replica_status();
        assert!(status.configured && !status.healthy, "{status:?}");
        commit_one_change(&db).await;
        assert!(!reads_standby(&db).await);
        db.close().await;
    }
    drop(standby);
}

#[tokio::test]
async fn servers_that_start_together_on_a_new_database_migrate_it_once() {
    let database = TestDatabase::empty().await;
    if database.replica_url().is_none() {
        return;
    }
    let settings = database.settings();
    let starts = (0..4).map(|_| Db::open(&settings));
    let started = futures::future::join_all(starts).await;
    let epochs: Vec<_> = started.iter().map(|db| db.as_ref().unwrap().epoch()).collect();
    assert!(epochs.iter().all(|epoch| *epoch == epochs[0] && epoch.len() == 32), "{epochs:?}");
    for db in started {
        db.unwrap().close().await;
    }
}

#[tokio::test]
async fn connections_that_the_database_has_ended_are_made_anew() {
    let database = TestDatabase::new().await;
    if database.replica_url().is_none() {
        return;
    }
    let db = Db::open(&database.settings()).await.unwrap();
    commit_one_change(&db).await;
    let running = db.write().await.unwrap();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    database.connection().await.execute_unprepared(end).await.unwrap();
    let failed = running.execute_unprepared("SELECT 1").await.unwrap_err();
    assert_eq!(Fault::of(&failed), Fault::Passing);
    drop(running);
    // The one that failed is gone for good; the next write has a new connection.
    commit_one_change(&db).await;
    // A reader that was busy a moment ago is not asked first whether it lives: it may fail once, and it passes.
    let mut failures = 0;
    while let Err(error) = counters::current(db.readers(), counters::CHANGE_POSITION).await {
        failures += 1;
        assert!(Fault::of(&error) == Fault::Passing && failures < 20, "{error}");
    }
    assert_eq!(number(db.readers(), CHANGES).await, 2);
    db.close().await;
}

#[tokio::test]
async fn a_server_that_cannot_reach_its_database_says_so_without_the_password() {
    let database = TestDatabase::new().await;
    if database.replica_url().is_none() {
        return;
    }
    let (server, query) = database.url().split_once("@localhost:5432/").unwrap();
    let missing = format!("{server}:secret@localhost:5432/missing_{query}");
    let no_tls = format!("{server}:secret@localhost:5432/{query}&sslmode=require");
    for url in [missing, no_tls] {
        let settings = server::config::DatabaseSettings::only(DatabaseUrl::read("DATABASE_URL", url).unwrap());
        let error = Db::open(&settings).await.err().unwrap();
        let text = format!("{error:#} {error:?}");
        assert!(text.contains("cannot") && !text.contains("secret"), "{text}");
    }
}
