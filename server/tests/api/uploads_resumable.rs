//! tus 1.0.0 at `/api/upload/resumable`: pieces, broken lines, and servers that stop.

use crate::support::{Person, TestApp, photo};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures::stream;
use reqwest::{Body, Method, Response};
use sha2::{Digest, Sha256};
use std::convert::Infallible;

async fn first_turn(person: &Person) -> String {
    person.first("turns").await["id"].as_str().unwrap().to_owned()
}

fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

impl Person {
    async fn tus(&self, method: Method, path: &str, headers: &[(&'static str, &str)], body: impl Into<Body>) -> Response {
        let request = self.http.request(method, format!("{}{path}", self.url)).header("tus-resumable", "1.0.0");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let response = request.body(body).send().await.unwrap();
        assert_eq!(header(&response, "tus-resumable"), "1.0.0");
        response
    }

    async fn begin(&self, length: usize, fields: &[(&str, &str)]) -> Response {
        let pairs: Vec<_> = fields.iter().map(|(name, value)| format!("{name} {}", STANDARD.encode(value))).collect();
        let headers = [("upload-length", length.to_string()), ("upload-metadata", pairs.join(","))];
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.tus(Method::POST, "/api/upload/resumable", &headers, "").await
    }

    async fn begun(&self, length: usize) -> String {
        let turn = first_turn(self).await;
        let response = self
            .begin(length, &[("entityType", "turn"), ("entityId", &turn), ("filename", "walk.jpg")])
            .await;
        assert_eq!(response.status(), 201);
        header(&response, "location")
    }

    async fn piece(&self, path: &str, offset: usize, body: impl Into<Body>) -> Response {
        let offset = offset.to_string();
        let headers = [("upload-offset", offset.as_str()), ("content-type", "application/offset+octet-stream")];
        self.tus(Method::PATCH, path, &headers, body).await
    }

    async fn offset(&self, path: &str) -> String {
        let response = self.tus(Method::HEAD, path, &[], "").await;
        assert_eq!((response.status().as_u16(), header(&response, "cache-control").as_str()), (200, "no-store"));
        header(&response, "upload-offset")
    }
}

impl TestApp {
    /// Completes when the one upload under way has so many bytes: the only sign of that is its file.
    async fn has_received(&self, bytes: usize) {
        let part = self.stored().into_iter().find(|path| path.ends_with(".part")).unwrap();
        let part = self.folder().join("uploads").join(part);
        while part.metadata().unwrap().len() < bytes as u64 {
            tokio::task::yield_now().await;
        }
    }
}

/// Some bytes, and then silence on an open line.
fn stalls(bytes: &[u8]) -> Body {
    let begun = stream::iter([Ok::<_, Infallible>(bytes.to_vec())]);
    Body::wrap_stream(futures::StreamExt::chain(begun, stream::pending()))
}

#[tokio::test]
async fn a_photo_goes_on_where_it_was_after_a_broken_line_and_a_restart() {
    let mut app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let bytes = photo(600, 400);
    let upload = manager.begun(bytes.len()).await;
    let half = bytes.len() / 2;
    assert_eq!(header(&manager.piece(&upload, 0, bytes[..1_000].to_vec()).await, "upload-offset"), "1000");
    // The line hangs in the middle of a piece. Asking for the progress ends that request, with what has come.
    let (sender, path, piece) = (manager.clone(), upload.clone(), stalls(&bytes[1_000..half]));
    let hanging = tokio::spawn(async move { sender.piece(&path, 1_000, piece).await });
    app.has_received(half).await;
    let offset = manager.offset(&upload).await;
    assert_eq!((offset.as_str(), hanging.await.unwrap().status().as_u16()), (half.to_string().as_str(), 204));
    let have: usize = offset.parse().unwrap();
    app.restart().await;
    assert_eq!(manager.offset(&upload).await, offset);
    let last = manager.piece(&upload, have, bytes[have..].to_vec()).await;
    assert_eq!((last.status().as_u16(), header(&last, "upload-offset")), (204, bytes.len().to_string()));
    let content = header(&last, "content-location");
    assert_eq!(manager.download(&content, &[]).await.2, bytes);
    let id = content.split('/').nth(3).unwrap();
    assert_eq!(manager.rows("documents").await.0[id]["file_name"], "walk.jpg");
    // Who has not heard the last answer asks, and hears that all has come.
    assert_eq!(manager.offset(&upload).await, bytes.len().to_string());
    assert_eq!(app.stored().iter().filter(|path| path.ends_with(".part")).count(), 0);
}

#[tokio::test]
async fn one_request_at_a_time_writes_to_an_upload() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let bytes = photo(100, 100);
    let upload = manager.begun(bytes.len()).await;
    let (sender, path, piece) = (manager.clone(), upload.clone(), stalls(&bytes[..7]));
    let first = tokio::spawn(async move { sender.piece(&path, 0, piece).await });
    app.has_received(7).await;
    assert_eq!(manager.piece(&upload, 7, bytes[7..].to_vec()).await.status(), 423);
    assert_eq!(manager.offset(&upload).await, "7");
    assert_eq!(first.await.unwrap().status(), 204);
    assert_eq!(manager.piece(&upload, 0, bytes.clone()).await.status(), 409);
    // However many begin at once, the file is whole and was taken once.
    let rest = || manager.piece(&upload, 7, bytes[7..].to_vec());
    let answers = futures::future::join_all((0..6).map(|_| rest())).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status().as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses[0], 204);
    assert!(statuses[1..].iter().all(|status| matches!(status, 409 | 423)), "{statuses:?}");
    let content = answers
        .iter()
        .map(|answer| header(answer, "content-location"))
        .find(|path| !path.is_empty())
        .unwrap();
    assert_eq!(manager.download(&content, &[]).await.2, bytes);
}

#[tokio::test]
async fn a_piece_that_is_wrong_leaves_the_offset_where_it_was() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let bytes = photo(100, 100);
    let upload = manager.begun(bytes.len()).await;
    let digest = |bytes: &[u8]| format!("sha256 {}", STANDARD.encode(Sha256::digest(bytes)));
    for (expected, checksum, offset) in [
        (204, digest(&bytes[..100]), "100"),
        (460, digest(b"else"), "100"),
        (422, "md5 AAAA".to_owned(), "100"),
    ] {
        let at = if expected == 204 { "0" } else { "100" };
        let headers = [
            ("upload-offset", at),
            ("upload-checksum", checksum.as_str()),
            ("content-type", "application/offset+octet-stream"),
        ];
        let start: usize = at.parse().unwrap();
        let response = manager.tus(Method::PATCH, &upload, &headers, bytes[start..start + 100].to_vec()).await;
        assert_eq!(response.status().as_u16(), expected);
        assert_eq!(manager.offset(&upload).await, offset);
    }
    assert_eq!(manager.piece(&upload, 100, vec![0; bytes.len()]).await.status(), 413);
    assert_eq!(manager.offset(&upload).await, "100");
    let headers = [("upload-offset", "100"), ("content-type", "image/jpeg")];
    assert_eq!(manager.tus(Method::PATCH, &upload, &headers, vec![0]).await.status(), 415);
    // All has come, and it is no photo: it is refused, and nothing is left of it.
    let last = manager.piece(&upload, 100, vec![0; bytes.len() - 100]).await;
    assert_eq!(last.status(), 422);
    assert_eq!(manager.tus(Method::HEAD, &upload, &[], "").await.status(), 404);
    assert_eq!((app.documents().await, app.stored()), (0, vec![]));
}

#[tokio::test]
async fn an_upload_is_its_senders_alone() {
    let app = TestApp::start().await;
    let (manager, senior) = (app.sign_in("manager").await, app.sign_in("senior").await);
    let upload = manager.begun(1_000).await;
    assert_eq!(senior.tus(Method::HEAD, &upload, &[], "").await.status(), 404);
    assert_eq!(senior.piece(&upload, 0, vec![0]).await.status(), 404);
    assert_eq!(senior.tus(Method::DELETE, &upload, &[], "").await.status(), 404);
    assert_eq!(manager.offset(&upload).await, "0");
    assert_eq!(manager.tus(Method::DELETE, &upload, &[], "").await.status(), 204);
    assert_eq!(manager.tus(Method::HEAD, &upload, &[], "").await.status(), 404);
    assert_eq!(app.stored(), Vec::<String>::new());
}

#[tokio::test]
async fn an_upload_begins_only_where_a_file_could_be_taken() {
    let app = TestApp::start_with(|settings| settings.uploads.max_bytes = 10_000).await;
    let (manager, other, approver) = (app.sign_in("manager").await, app.sign_in("manager2").await, app.sign_in("dfo").await);
    let turn = first_turn(&manager).await;
    let fields = [("entityType", "turn"), ("entityId", turn.as_str())];
    for (person, length, fields, status) in [
        (&manager, 10_000, &fields[..], 201),
        (&manager, 10_001, &fields, 413),
        (&manager, 10, &fields[..1], 422),
        (&other, 10, &fields, 404),
        (&approver, 10, &fields, 403),
    ] {
        assert_eq!(person.begin(length, fields).await.status().as_u16(), status, "{fields:?}");
    }
    let url = format!("{}/api/upload/resumable", app.url());
    let other_version = manager.http.post(&url).header("tus-resumable", "0.2.2").send().await.unwrap();
    assert_eq!(
        (other_version.status().as_u16(), header(&other_version, "tus-version").as_str()),
        (412, "1.0.0")
    );
    let offered = manager.http.request(Method::OPTIONS, &url).send().await.unwrap();
    assert_eq!((offered.status().as_u16(), header(&offered, "tus-max-size").as_str()), (204, "10000"));
    assert_eq!(header(&offered, "tus-extension"), "creation,checksum,expiration,termination");
}
