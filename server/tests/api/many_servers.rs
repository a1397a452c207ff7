//! Several servers on one database.

use crate::support::{Person, TestApp, is_postgres};
use serde_json::{Value as Json, json};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// What others have done is heard of within a second.
const A_SECOND: Duration = Duration::from_secs(1);

async fn rename(person: &Person, turn: &Json, version: i64, notes: &str) {
    let write = json!({"operation": "update", "rowId": turn, "version": version, "data": {"notes": notes}});
    assert_eq!(person.write("turns", write).await.status, 200);
}

/// A person's session as another server knows it.
fn at(url: &str, person: &Person) -> Person {
    let http = reqwest::Client::builder();
    let bearer = format!("Bearer {}", person.token).parse().unwrap();
    Person {
        url: url.to_owned(),
        http: http
            .default_headers([(reqwest::header::AUTHORIZATION, bearer)].into_iter().collect())
            .build()
            .unwrap(),
        ..person.clone()
    }
}

#[tokio::test]
async fn what_one_server_commits_wakes_who_waits_at_another() {
    const WRITES: i64 = 12;
    let app = TestApp::start().await;
    let other = app.another().await;
    let here = app.sign_in("manager").await;
    let there = at(&other.url(), &here);
    let turn = here.first("turns").await["id"].clone();
    let mut page = there.rows("turns").await.1;
    let began = Instant::now();
    for version in 1..=WRITES {
        let note = format!("note {version}");
        let ((), heard) = tokio::join!(rename(&here, &turn, version, &note), there.wait("turns", &page));
        assert_eq!(heard.changes()[0]["value"]["notes"], note);
        page = heard;
    }
    // SQLite has no bell: there the log is looked at twice a second.
    let at_most = if is_postgres() { A_SECOND * 3 } else { A_SECOND * WRITES as u32 };
    assert!(began.elapsed() < at_most, "{:?}", began.elapsed());
}

#[tokio::test]
async fn writers_at_two_servers_are_followed_as_one() {
    const EACH: i64 = 25;
    let app = TestApp::start().await;
    let other = app.another().await;
    let here = app.sign_in("admin").await;
    let there = at(&other.url(), &here);
    let (mut rows, mut page) = there.rows("turns").await;
    let turns: Vec<Json> = rows.keys().take(2).map(|id| json!(id)).collect();
    let writes = async |person: &Person, turn: &Json| {
        for version in 1..=EACH {
            rename(person, turn, version, &format!("note {version}")).await;
        }
    };
    let follow = async {
        let mut lsns: Vec<i64> = vec![];
        while lsns.len() < 2 * EACH as usize {
            page = there.wait("turns", &page).await;
            assert_eq!(page.status, 200);
            page.apply_to(&mut rows);
            lsns.extend(page.changes().iter().map(|change| lsn(change)));
        }
        lsns
    };
    let ((), (), lsns) = tokio::join!(writes(&here, &turns[0]), writes(&there, &turns[1]), follow);
    assert!(lsns.is_sorted_by(|one, next| one < next), "each once, in the order of their commits: {lsns:?}");
    assert_eq!(rows, here.rows("turns").await.0);
}

fn lsn(change: &Json) -> i64 {
    change["headers"]["lsn"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn whoever_is_deactivated_elsewhere_is_gone_here_within_a_second() {
    let app = TestApp::start().await;
    let other = app.another().await;
    let (admin, manager) = (app.sign_in("admin").await, app.sign_in("manager").await);
    let there = at(&other.url(), &manager);
    let page = there.rows("turns").await.1;
    let deactivate = async {
        let answer = admin.patch(&format!("/api/admin/users/{}", manager.id), &json!({"isActive": false})).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        Instant::now()
    };
    let (waited, done_at) = tokio::join!(there.wait("turns", &page), deactivate);
    assert_eq!(waited.status, 401);
    assert!(done_at.elapsed() < A_SECOND, "{:?}", done_at.elapsed());
    assert_eq!(manager.get("/api/auth/session").await.status, 401, "and here at once");
}

#[tokio::test]
async fn who_begins_reads_the_standby_and_hears_the_rest() {
    let mut app = TestApp::start().await;
    let Some(standby) = app.use_standby().await else { return };
    let manager = app.sign_in("manager").await;
    let turn = manager.first("turns").await;
    app.catch_up(&standby).await;
    standby.pause().await;
    rename(&manager, &turn["id"], 1, "not there yet").await;
    let (mut rows, id) = (BTreeMap::new(), turn["id"].as_str().unwrap());
    let begun = manager.shape("turns", "offset=-1").await;
    begun.apply_to(&mut rows);
    assert_eq!(rows[id]["notes"], turn["notes"], "the standby shows what it has");
    let heard = manager.follow("turns", &begun).await;
    heard.apply_to(&mut rows);
    assert_eq!(rows[id]["notes"], "not there yet");
    // After a start the server remembers nothing of its own.
    app.restart().await;
    let ahead = manager.follow("turns", &heard).await;
    assert_eq!(
        (ahead.status.as_u16(), ahead.is_up_to_date),
        (200, true),
        "whoever is further than the standby asks the primary"
    );
    standby.resume().await;
}
