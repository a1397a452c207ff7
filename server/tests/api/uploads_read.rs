//! `GET /api/documents/{id}/content` and `/thumbnail`: who reads a file, and how it is served.

use crate::support::{Person, TestApp, photo, send, turned_photo};
use image::ImageFormat;
use std::io::Cursor;

async fn first_turn(person: &Person) -> String {
    person.first("turns").await["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_file_is_served_as_what_it_is_and_can_do_nothing() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let bytes = photo(80, 60);
    let content = manager.store(&first_turn(&manager).await, &bytes).await;
    let (status, headers, read) = manager.download(&content, &[("accept-encoding", "br, gzip")]).await;
    assert_eq!((status, read), (200, bytes.clone()));
    for (name, value) in [
        ("content-type", "image/jpeg"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "private, max-age=31536000, immutable"),
        ("vary", "authorization, cookie"),
        ("accept-ranges", "bytes"),
        ("cross-origin-resource-policy", "same-origin"),
        ("content-disposition", "inline; filename=\"kitchen.jpg\"; filename*=UTF-8''kitchen.jpg"),
    ] {
        assert_eq!(headers[name], value);
    }
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'") && policy.ends_with("sandbox"), "{policy}");
    let etag = headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(manager.download(&content, &[("if-none-match", &etag)]).await.0, 304);
    let head = manager.http.head(format!("{}{content}", app.url())).send().await.unwrap();
    assert_eq!(
        (head.status().as_u16(), head.headers()["content-length"].to_str().unwrap()),
        (200, bytes.len().to_string().as_str())
    );
    let paper = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n";
    let (_, headers, _) = manager.download(&manager.store(&first_turn(&manager).await, paper).await, &[]).await;
    assert_eq!(headers["content-type"], "application/pdf");
    assert!(headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
}

#[tokio::test]
async fn a_part_of_a_file_can_be_asked_for() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let bytes = photo(80, 60);
    let content = manager.store(&first_turn(&manager).await, &bytes).await;
    let size = bytes.len();
    let etag = manager.download(&content, &[]).await.1["etag"].to_str().unwrap().to_owned();
    for (range, from, to) in [("bytes=0-9", 0, 10), ("bytes=100-", 100, size), ("bytes=-7", size - 7, size)] {
        let (status, headers, part) = manager.download(&content, &[("range", range), ("if-range", &etag)]).await;
        assert_eq!((status, part), (206, bytes[from..to].to_vec()), "{range}");
        assert_eq!(headers["content-range"], format!("bytes {from}-{}/{size}", to - 1));
    }
    let other_version = [("range", "bytes=0-9"), ("if-range", "\"other\"")];
    assert_eq!(manager.download(&content, &other_version).await.2.len(), size);
    let (status, headers, _) = manager.download(&content, &[("range", "bytes=999999-")]).await;
    assert_eq!((status, headers["content-range"].to_str().unwrap()), (416, format!("bytes */{size}").as_str()));
}

#[tokio::test]
async fn only_who_sees_the_document_reads_its_file() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let content = manager.store(&first_turn(&manager).await, &photo(8, 8)).await;
    let thumbnail = content.replace("content", "thumbnail");
    let missing = "/api/documents/01990000-0000-7000-8000-000000000001/content";
    for path in [&content, &thumbnail] {
        for (name, status) in [("manager", 200), ("senior", 200), ("admin", 200), ("manager2", 404), ("dfo", 404)] {
            let person = app.sign_in(name).await;
            let (told, _, body) = person.download(path, &[]).await;
            assert_eq!(told, status, "{name} {path}");
            if status == 404 {
                assert_eq!(body, person.download(missing, &[]).await.2, "a stranger's answer tells nothing");
            }
        }
        let nobody = send(reqwest::Client::new().get(format!("{}{path}", app.url()))).await;
        assert_eq!(nobody.status, 401);
    }
    for path in ["/api/documents/me/content", "/api/documents/..%2f..%2fturns.db/content"] {
        assert_eq!(manager.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_deleted_documents_file_cannot_be_read_though_another_document_has_it() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let (turn, bytes) = (first_turn(&manager).await, photo(8, 8));
    let (one, two) = (manager.store(&turn, &bytes).await, manager.store(&turn, &bytes).await);
    let id = one.split('/').nth(3).unwrap();
    let gone = manager
        .write("documents", serde_json::json!({"operation": "delete", "rowId": id, "version": 1}))
        .await;
    assert_eq!(gone.status, 200, "{}", gone.text);
    assert_eq!(manager.download(&one, &[]).await.0, 404);
    assert_eq!(manager.download(&two, &[]).await.2, bytes);
}

#[tokio::test]
async fn a_thumbnail_is_small_upright_and_tells_nothing_of_the_camera() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let turn = first_turn(&manager).await;
    // The camera lay on its right side: what it saw as above is on the right.
    let content = manager.store(&turn, &turned_photo(800, 400, Some(6))).await;
    let path = content.replace("content", "thumbnail?size=160");
    let (status, headers, bytes) = manager.download(&path, &[]).await;
    assert_eq!((status, headers["content-type"].to_str().unwrap()), (200, "image/jpeg"));
    let picture = image::load_from_memory_with_format(&bytes, ImageFormat::Jpeg).unwrap().to_rgb8();
    assert_eq!(picture.dimensions(), (80, 160));
    let (left, right) = (picture.get_pixel(5, 80).0, picture.get_pixel(75, 80).0);
    assert!(left[2] > 200 && left[0] < 60 && right[0] > 200 && right[2] < 60, "{left:?} {right:?}");
    assert!(!bytes.windows(4).any(|window| window == b"Exif"));
    let etag = headers["etag"].to_str().unwrap();
    assert_eq!(manager.download(&path, &[("if-none-match", etag)]).await.0, 304);
    // Made once, and kept.
    assert_eq!(manager.download(&path, &[]).await.2, bytes);
    assert_eq!(app.stored().iter().filter(|path| path.starts_with("thumbnails/")).count(), 1);
    assert_eq!(manager.download(&content.replace("content", "thumbnail"), &[]).await.0, 200);
    for size in ["161", "-1", "huge", "4000000000000"] {
        let answer = manager.get(&content.replace("content", &format!("thumbnail?size={size}"))).await;
        assert_eq!(answer.json["error"]["fields"]["size"], "must be one of 160, 480, 1280");
    }
}

#[tokio::test]
async fn a_picture_that_would_burst_the_memory_is_kept_but_not_read() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let turn = first_turn(&manager).await;
    let mut png = Cursor::new(vec![]);
    image::GrayImage::new(13_500, 13_500).write_to(&mut png, ImageFormat::Png).unwrap();
    let content = manager.store(&turn, png.get_ref()).await;
    let answer = manager.get(&content.replace("content", "thumbnail")).await;
    assert_eq!((answer.status.as_u16(), answer.problem()), (404, "NOT_FOUND"));
    // And one that only claims to be immense.
    let mut claim = png.into_inner();
    claim[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    claim[29..33].copy_from_slice(&[0xa5, 0xb9, 0x2a, 0x9e]);
    let answer = manager.upload(&[("entityType", "turn"), ("entityId", &turn)], &claim).await;
    assert_eq!(answer.json["error"]["fields"]["file"], "has more than 200 million pixels");
    let paper = manager.store(&turn, b"%PDF-1.7\n%%EOF").await;
    assert_eq!(manager.get(&paper.replace("content", "thumbnail")).await.status, 404);
}
