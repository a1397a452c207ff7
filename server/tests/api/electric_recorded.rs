//! Electric's own answers, recorded, come through to the client.

use crate::support::{Line, Recording, Stub, TestApp, electric_at, shape_answer};
use serde_json::{Value as Json, json};
use std::sync::Arc;

const OF_THE_SERVICE: [&str; 2] = ["electric-server", "electric-internal-known-error"];

/// Asks as the recorded client did; gives what came, and what Electric was asked.
async fn replay(recording: Recording, more: &[(&'static str, String)]) -> (reqwest::Response, crate::support::Asked, Recording) {
    let recording = Arc::new(recording);
    let bytes = recording.bytes();
    let stub = Stub::start(move |_, line: Line| line.say_and_hang_up(bytes.clone())).await;
    let app = TestApp::start_with(|settings| settings.electric = Some(electric_at(&stub.url))).await;
    let admin = app.sign_in("admin").await;
    let of_the_place = ["offset", "handle", "live", "live_sse", "cursor", "replica", "log"];
    let asked = recording.query.iter().filter(|(name, _)| of_the_place.contains(&name.as_str()));
    let request = admin
        .http
        .get(format!("{}/api/sync/{}", app.url(), recording.query["table"]))
        .query(&asked.collect::<Vec<_>>());
    let request = more.iter().fold(request, |request, (name, value)| request.header(*name, value));
    let answer = request.send().await.unwrap();
    let asked = stub.asked().remove(0);
    drop(stub);
    (answer, asked, Arc::into_inner(recording).unwrap())
}

#[tokio::test]
async fn answers_come_through_whole_and_private() {
    for name in [
        "01-initial-empty-table",
        "02-empty-follow-offset",
        "04-live-insert",
        "05-live-update-replica-default",
        "08-live-delete",
        "09-live-pk-update",
        "11-live-timeout",
        "12-nonlive-up-to-date-again",
        "14-live-behind-returns-at-once",
        "15b-follow-15",
        "20-raw-chunk-framing",
        "22-nonempty-follow",
        "25-live-update-replica-full",
        "70-unknown-handle-409",
        "73-unknown-handle-live-409",
        "81-offset-now-then-live",
        "92-live-sse",
        "92b-sse-error-409",
    ] {
        let (answer, asked, recorded) = replay(Recording::read(name), &[]).await;
        assert_eq!(answer.status(), recorded.status, "{name}");
        for (header, value) in &recorded.headers {
            let passes = header.starts_with("electric-") && !OF_THE_SERVICE.contains(&header.as_str()) || ["etag", "content-type"].contains(&header.as_str());
            assert_eq!(
                answer.headers().get(header).map(|value| value.to_str().unwrap()),
                passes.then_some(value.as_str()).or(ours(header, &answer)),
                "{name}: {header}"
            );
        }
        assert_eq!(answer.headers()["cache-control"], "private, max-age=0, must-revalidate", "{name}");
        assert_eq!(answer.headers()["vary"], "cookie, authorization, accept-encoding", "{name}");
        assert_eq!(answer.text().await.unwrap(), recorded.content(), "{name}");
        for place in ["offset", "handle", "live", "live_sse", "cursor", "replica"] {
            assert_eq!(asked.query.get(place), recorded.query.get(place), "{name}: {place}");
        }
    }
}

/// Headers that both have, each its own.
fn ours<'a>(header: &str, answer: &'a reqwest::Response) -> Option<&'a str> {
    let is_ours = [
        "cache-control",
        "vary",
        "date",
        "x-request-id",
        "content-length",
        "transfer-encoding",
        "connection",
    ]
    .contains(&header);
    answer.headers().get(header).filter(|_| is_ours).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn who_knows_a_page_is_told_so() {
    let recording = Recording::read("17-if-none-match-304");
    let known = recording.headers["etag"].clone();
    let (answer, asked, _) = replay(recording, &[("if-none-match", known.clone())]).await;
    assert_eq!((answer.status().as_u16(), answer.headers()["etag"].to_str().unwrap()), (304, known.as_str()));
    assert_eq!(asked.headers["if-none-match"], known);
    assert_eq!(answer.text().await.unwrap(), "");
}

#[tokio::test]
async fn a_word_about_the_clients_place_is_the_clients_and_any_other_is_ours() {
    let (answer, _, recorded) = replay(Recording::read("63-err-offset-out-of-bounds"), &[]).await;
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["cache-control"].to_str().unwrap()),
        (400, "no-store")
    );
    assert_eq!(answer.text().await.unwrap(), recorded.content());
    for name in ["58-err-where-unknown-column-400", "61-err-where-unsupported-fn-400"] {
        let (answer, _, recorded) = replay(Recording::read(name), &[]).await;
        assert_eq!(recorded.status, 400);
        assert_eq!(answer.status(), 500);
        let text = answer.text().await.unwrap();
        assert!(text.contains("INTERNAL") && !text.contains("nosuch") && !text.contains("now"), "{text}");
    }
}

#[tokio::test]
async fn when_electric_cannot_answer_the_client_comes_again() {
    for (name, retry_after) in [
        ("113-overloaded-503", "9"),
        ("142d-db-down-existing-shape", "5"),
        ("120-secret-missing-401", "2"),
        ("64-err-404-path", "2"),
    ] {
        let mut recording = Recording::read(name);
        recording.query.entry("table".to_owned()).or_insert("turns".to_owned());
        recording.query.entry("offset".to_owned()).or_insert("-1".to_owned());
        let (answer, _, _) = replay(recording, &[]).await;
        assert_eq!(
            (answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()),
            (503, retry_after),
            "{name}"
        );
        let problem: Json = answer.json().await.unwrap();
        assert_eq!(problem["error"]["type"], json!("UNAVAILABLE"), "{name}");
    }
}

/// Recordings 102 and 130: up to date, while rows are missing.
#[tokio::test]
async fn nobody_is_led_past_rows_that_an_answer_does_not_have() {
    for (name, claimed) in [("102-mass-move-out", "0_inf"), ("130-nonlive-offset-skips-unserved-changes", "363796368_83930")] {
        let recording = Recording::read(name);
        assert_eq!(recording.headers["electric-offset"], claimed);
        let (answer, _, recorded) = replay(recording, &[]).await;
        assert_eq!(answer.headers()["electric-offset"], recorded.query["offset"], "{name}");
        assert_eq!(answer.headers().get("etag").is_some(), claimed == "0_inf", "{name}");
        assert!(
            answer.headers().contains_key("electric-up-to-date") && answer.headers().contains_key("electric-schema"),
            "{name}"
        );
        assert_eq!(answer.text().await.unwrap(), recorded.content(), "{name}");
    }
}

#[tokio::test]
async fn a_place_behind_the_last_row_is_not_believed_either() {
    let change = |lsn: u32| format!(r#"{{"value":{{"id":"1"}},"key":"k","headers":{{"operation":"delete","lsn":"{lsn}","op_position":4,"txids":[1]}}}}"#);
    let end = r#"{"headers":{"control":"up-to-date","global_last_seen_lsn":"99"}}"#;
    let short = format!("[{},{end}]", change(7));
    let long = format!("[{},{end}]", vec![change(7); 1_000].join(","));
    let stub = {
        let (short, long) = (short.clone(), long.clone());
        Stub::start(move |asked, line: Line| {
            let body = if asked.query["offset"] == "0_inf" { short.clone() } else { long.clone() };
            line.say(shape_answer("99_8", &body))
        })
        .await
    };
    let app = TestApp::start_with(|settings| settings.electric = Some(electric_at(&stub.url))).await;
    let admin = app.sign_in("admin").await;
    let ask = |query: &str| admin.http.get(format!("{}/api/sync/turns?handle=1-1&{query}", app.url())).send();
    let judged = ask("offset=0_inf").await.unwrap();
    assert_eq!(judged.headers()["electric-offset"], "7_4");
    assert_eq!(judged.text().await.unwrap(), short);
    // Its head has left already: it is cut off, so that nobody goes on from there.
    let cut = ask("offset=3_0").await.unwrap();
    assert_eq!(cut.headers()["electric-offset"], "99_8");
    assert!(cut.text().await.is_err());
    // Live it was never seen.
    assert_eq!(ask("offset=3_0&live=true").await.unwrap().text().await.unwrap(), long);
}
