//! What holds for every address: limits, methods, headers, the app's pages.

use crate::support::{TestApp, new_id, send};
use flate2::{Compression, write::GzEncoder};
use futures::stream;
use reqwest::{Body, Client};
use serde_json::json;
use std::{convert::Infallible, io::Write};

#[tokio::test]
async fn a_body_that_is_too_large_is_told_so_while_it_is_sent() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let before = app.counts().await;
    for person in [&manager.http, &Client::new()] {
        let known_length = person
            .post(format!("{}/api/write/batch", app.url()))
            .header("content-type", "application/json")
            .body(vec![b' '; 20 << 20]);
        let answer = send(known_length).await;
        assert_eq!((answer.status.as_u16(), answer.problem()), (413, "PAYLOAD_TOO_LARGE"));
    }
    // Three chunks, and then nothing more for ever: the answer must not wait for the end.
    let chunks = stream::iter((0..3).map(|_| Ok::<_, Infallible>(vec![b' '; 1 << 20])));
    let never_ends = Body::wrap_stream(futures::StreamExt::chain(chunks, stream::pending()));
    let answer = send(
        manager
            .http
            .post(format!("{}/api/write/turns", app.url()))
            .header("content-type", "application/json")
            .body(never_ends),
    )
    .await;
    assert_eq!(answer.problem(), "PAYLOAD_TOO_LARGE");
    assert_eq!(app.counts().await, before);
}

#[tokio::test]
async fn every_problem_under_api_is_json() {
    let app = TestApp::start().await;
    let http = Client::new();
    for (method, path, status, problem) in [
        ("GET", "/api", 404, "NOT_FOUND"),
        ("GET", "/api/nope", 404, "NOT_FOUND"),
        ("GET", "/api/write/turns", 405, "NOT_FOUND"),
        ("DELETE", "/api/sync/turns", 405, "NOT_FOUND"),
        ("GET", "/api/sync/turns?offset=-1", 401, "UNAUTHENTICATED"),
        ("GET", "/api/sync/live", 401, "UNAUTHENTICATED"),
        ("GET", "/api/sync/%ff", 401, "UNAUTHENTICATED"),
        ("POST", "/api/write/turns", 401, "UNAUTHENTICATED"),
    ] {
        let answer = send(http.request(method.parse().unwrap(), format!("{}{path}", app.url()))).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem(), &answer.json["success"]),
            (status, problem, &serde_json::json!(false)),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn every_answer_is_protected() {
    let app = TestApp::start().await;
    for path in ["/", "/sw.js", "/health", "/api/nope", "/turns/1"] {
        let response = Client::new()
            .get(format!("{}{path}", app.url()))
            .header("accept", "text/html")
            .send()
            .await
            .unwrap();
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'") && policy.ends_with("frame-ancestors 'none'"),
            "{path}"
        );
        for name in ["x-content-type-options", "referrer-policy", "permissions-policy", "cross-origin-opener-policy"] {
            assert!(response.headers().contains_key(name), "{path} {name}");
        }
    }
}

#[tokio::test]
async fn a_missing_script_is_not_the_page() {
    let app = TestApp::start().await;
    for path in ["/nope.js", "/client-0123456789abcdef.js", "/../Cargo.toml", "/%2e%2e/Cargo.toml"] {
        let answer = send(Client::new().get(format!("{}{path}", app.url())).header("accept", "text/html")).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    assert_eq!(
        send(Client::new().get(format!("{}/turns/1", app.url()))).await.status,
        404,
        "a program that does not ask for a page gets none"
    );
}

#[tokio::test]
async fn health_and_readiness_are_told() {
    let app = TestApp::start().await;
    assert_eq!(send(Client::new().get(format!("{}/health", app.url()))).await.json["status"], "ok");
    assert_eq!(send(Client::new().get(format!("{}/ready", app.url()))).await.json["status"], "ready");
}

/// Tablets compress their batches. What comes out of a body counts, not how small it was made.
#[tokio::test]
async fn compressed_bodies_are_read_within_the_same_limits() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let turn = manager.first("turns").await;
    let write = json!({"table": "turns", "operation": "update", "writeId": new_id(), "rowId": turn["id"], "version": 1, "data": {"notes": "packed"}});
    let sent = async |encoding: &str, body: Vec<u8>| {
        let request = manager.http.post(format!("{}/api/write/batch", app.url()));
        let request = request.header("content-type", "application/json").header("content-encoding", encoding);
        send(request.body(body)).await
    };
    let batch = packed(json!({"operations": [write], "atomic": false}).to_string().as_bytes());
    let answer = sent("gzip", batch.clone()).await;
    assert_eq!(answer.json["results"][0]["turn"]["notes"], "packed", "{}", answer.text);

    let before = app.counts().await;
    for (encoding, body, status, problem) in [
        ("gzip", packed(&vec![b' '; 20 << 20]), 413, "PAYLOAD_TOO_LARGE"),
        ("gzip", batch[..batch.len() / 2].to_vec(), 422, "VALIDATION"),
        ("gzip", b"no gzip".to_vec(), 422, "VALIDATION"),
        ("compress", batch.clone(), 415, "VALIDATION"),
    ] {
        let answer = sent(encoding, body).await;
        assert_eq!((answer.status.as_u16(), answer.problem()), (status, problem), "{encoding}: {}", answer.text);
    }
    assert_eq!(app.counts().await, before);
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(vec![], Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

#[tokio::test]
async fn json_answers_are_compressed() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let plain = Client::builder().no_gzip().no_brotli().build().unwrap();
    for encoding in ["br", "gzip"] {
        let request = plain
            .get(format!("{}/api/sync/properties?offset=-1", app.url()))
            .bearer_auth(&manager.token)
            .header("accept-encoding", encoding);
        assert_eq!(request.send().await.unwrap().headers()["content-encoding"], encoding);
    }
}
