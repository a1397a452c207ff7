//! Files to send, forms to send them in, and a look into the storage.

use super::{Answer, Person, TestApp, send};
use image::{ExtendedColorType, ImageEncoder, Rgb, RgbImage, codecs::jpeg::JpegEncoder};
use std::path::Path;

/// A JPEG whose upper half is red and whose lower half is blue.
pub fn photo(width: u32, height: u32) -> Vec<u8> {
    turned_photo(width, height, None)
}

/// The same, with a note of how the camera was held (EXIF's orientation).
pub fn turned_photo(width: u32, height: u32, orientation: Option<u8>) -> Vec<u8> {
    let picture = RgbImage::from_fn(width, height, |_, y| if y < height / 2 { Rgb([250, 0, 0]) } else { Rgb([0, 0, 250]) });
    let mut bytes = vec![];
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 95);
    if let Some(orientation) = orientation {
        // One entry: tag 0x0112, a short.
        let mut exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\0\0\0\0\0\0\0\0".to_vec();
        exif[18] = orientation;
        encoder.set_exif_metadata(exif).unwrap();
    }
    encoder.write_image(&picture, width, height, ExtendedColorType::Rgb8).unwrap();
    bytes
}

/// The divider of [`form`].
pub const BOUNDARY: &str = "divider-7f3a";

/// A form with text fields and then a file.
pub fn form(fields: &[(&str, &str)], name: &str, claimed_type: &str, bytes: &[u8]) -> Vec<u8> {
    let mut body = vec![];
    for (field, value) in fields {
        body.extend(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n").into_bytes());
    }
    let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: {claimed_type}\r\n\r\n");
    body.extend(head.into_bytes());
    body.extend(bytes);
    body.extend(format!("\r\n--{BOUNDARY}--\r\n").into_bytes());
    body
}

impl Person {
    /// Sends a file in a form.
    pub async fn upload(&self, fields: &[(&str, &str)], bytes: &[u8]) -> Answer {
        self.upload_form(form(fields, "kitchen.jpg", "image/jpeg", bytes)).await
    }

    pub async fn upload_form(&self, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.http.post(format!("{}/api/upload", self.url));
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        send(request.header("content-type", kind).body(body)).await
    }

    /// Stores a file with a turn; gives the address of its content.
    pub async fn store(&self, turn: &str, bytes: &[u8]) -> String {
        let answer = self.upload(&[("entityType", "turn"), ("entityId", turn)], bytes).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json["url"].as_str().unwrap().to_owned()
    }

    /// The bytes behind an address, with status and headers.
    pub async fn download(&self, path: &str, headers: &[(&'static str, &str)]) -> (u16, reqwest::header::HeaderMap, Vec<u8>) {
        let request = self.http.get(format!("{}{path}", self.url));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        (status, headers, response.bytes().await.unwrap().to_vec())
    }
}

impl TestApp {
    /// All files below the folder of uploads, by their path in it.
    pub fn stored(&self) -> Vec<String> {
        let root = self.folder().join("uploads");
        let mut found = vec![];
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                if entry.path().is_dir() {
                    folders.push(entry.path());
                } else {
                    found.push(relative(&entry.path(), &root));
                }
            }
        }
        found.sort();
        found
    }

    pub async fn documents(&self) -> i64 {
        self.number("SELECT count(*) FROM documents").await
    }
}

fn relative(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap().display().to_string()
}
