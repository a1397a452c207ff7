//! Killed in the middle of its work, again and again: what was acknowledged is there, and nothing is there twice.

use crate::support::{Dice, Person, Process, TestDatabase, new_id};
use serde_json::{Value as Json, json};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

const KILLS: u64 = 20;
const SINGLE_WRITERS: usize = 4;
const BATCH_WRITERS: usize = 4;
const ROWS_PER_BATCH: usize = 20;
const WITHOUT_LIMITS: [(&str, &str); 1] = [("RATE_LIMIT_WRITES", "off")];

/// Rows of one writer alone, with the versions that it knows.
#[derive(Clone)]
struct Writer {
    table: &'static str,
    rows: Vec<(String, i64)>,
    is_atomic: bool,
}

/// What one writer sent, and what came back.
struct Sent {
    body: Json,
    /// None where the server was gone before it had answered.
    answer: Option<String>,
}

impl Writer {
    /// The next edit of each of the rows.
    fn next(&mut self) -> Json {
        let edit = |(row, version): &mut (String, i64)| {
            // Neither makes an approval void, which would change the turn as well.
            let data = match self.table {
                "turns" => json!({"notes": format!("version {version}")}),
                _ => json!({"position": version}),
            };
            let write = json!({"table": self.table, "operation": "update", "writeId": new_id(), "rowId": row, "version": version, "data": data});
            *version += 1;
            write
        };
        let operations: Vec<Json> = self.rows.iter_mut().map(edit).collect();
        json!({"atomic": self.is_atomic, "operations": operations})
    }

    /// Writes until the server is gone.
    async fn write(mut self, person: Person, acknowledged: Arc<AtomicUsize>) -> Vec<Sent> {
        let mut sent = vec![];
        loop {
            let body = self.next();
            let answer = answer(&person, &body).await;
            let is_over = answer.is_none();
            sent.push(Sent { body, answer });
            if is_over {
                return sent;
            }
            acknowledged.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The answer, where it came whole.
async fn answer(person: &Person, body: &Json) -> Option<String> {
    let request = person.http.post(format!("{}/api/write/batch", person.url)).json(body);
    let response = request.send().await.ok()?;
    assert_eq!(response.status(), 200);
    let text = response.text().await.ok()?;
    let results: Json = serde_json::from_str(&text).ok()?;
    let results = results["results"].as_array().unwrap();
    assert!(results.iter().all(|result| result["success"] == true), "{text}");
    Some(text)
}

/// Nobody else's rows for each writer, at their versions now.
async fn writers(person: &Person) -> Vec<Writer> {
    let rows = async |table: &'static str, writers: usize, each: usize, is_atomic: bool| {
        let (all, _) = person.rows(table).await;
        let all: Vec<(String, i64)> = all
            .into_iter()
            .map(|(id, row)| (id, row["version"].as_str().unwrap().parse().unwrap()))
            .collect();
        assert!(all.len() >= writers * each, "{} rows of {table} are too few", all.len());
        let shares = all.chunks(each).take(writers);
        shares
            .map(|rows| Writer {
                table,
                rows: rows.to_vec(),
                is_atomic,
            })
            .collect::<Vec<_>>()
    };
    let singles = rows("turns", SINGLE_WRITERS, 1, true).await;
    let mut batches = rows("scope-items", BATCH_WRITERS, ROWS_PER_BATCH, false).await;
    batches[0].is_atomic = true;
    [singles, batches].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_times() {
    let database = TestDatabase::empty().await;
    let mut process = Process::start_with(&database, &["--demo", "60"], &WITHOUT_LIMITS);
    let signed_in = Person::sign_in(&process.url, "admin@example.com").await;
    let mut dice = Dice(7);
    let mut writes = 0;
    for kill in 1..=KILLS {
        let person = Person {
            url: process.url.clone(),
            ..signed_in.clone()
        };
        let acknowledged = Arc::new(AtomicUsize::new(0));
        let working: Vec<_> = writers(&person)
            .await
            .into_iter()
            .map(|writer| tokio::spawn(writer.write(person.clone(), acknowledged.clone())))
            .collect();
        let enough = 8 + dice.below(40);
        while acknowledged.load(Ordering::Relaxed) < enough {
            tokio::task::yield_now().await;
        }
        process.signal("-KILL");
        let sent: Vec<Sent> = futures::future::join_all(working).await.into_iter().flat_map(Result::unwrap).collect();
        process = Process::start_with(&database, &[], &WITHOUT_LIMITS);
        let person = Person {
            url: process.url.clone(),
            ..signed_in.clone()
        };
        for Sent { body, answer: before } in &sent {
            // What was not answered may be there or not; asked for again it is there once.
            let now = answer(&person, body).await;
            assert!(now.is_some() && (before.is_none() || *before == now), "kill {kill}: {before:?} became {now:?}");
            writes += body["operations"].as_array().unwrap().len() as i64;
        }
    }
    for (found, expected) in counts(&database, writes).await {
        assert_eq!(database.number(&found).await, expected, "{found}");
    }
}

/// Receipts, audit log and change log have each write once, and each row as many as its version says.
async fn counts(database: &TestDatabase, writes: i64) -> BTreeMap<String, i64> {
    let mut counts = BTreeMap::new();
    counts.insert("SELECT count(*) FROM receipts".to_owned(), writes);
    counts.insert("SELECT count(DISTINCT write_id) FROM audit_logs".to_owned(), writes);
    let changed = "table_name IN ('turns', 'scope_items')";
    counts.insert(format!("SELECT count(*) FROM audit_logs WHERE {changed}"), writes);
    counts.insert(format!("SELECT count(*) FROM changes WHERE {changed}"), writes);
    let versions = |table: &str| format!("SELECT sum(version - 1) FROM {table}");
    let written = database
        .number(&format!("SELECT ({}) + ({})", versions("turns"), versions("scope_items")))
        .await;
    counts.insert(format!("SELECT {written}"), writes);
    for table in ["turns", "scope_items"] {
        let twice = format!(
            "SELECT count(*) FROM {table} WHERE version - 1 <>
             (SELECT count(*) FROM audit_logs WHERE table_name = '{table}' AND row_id = CAST({table}.id AS text))"
        );
        counts.insert(twice, 0);
    }
    counts
}
