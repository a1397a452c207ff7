//! Sending photos in pieces: tus 1.0.0, as the server speaks it.
//!
//! **Invariant:** nobody's word but our server's moves a photo on; a captive portal that answers 404 has forgotten nothing.

use super::{Answer, Http};
use crate::crypto::to_base64;
use gloo_net::http::{Method, Request, RequestBuilder};
use js_sys::Uint8Array;
use sync::{
    Photo,
    photos::{plan::Asked, settle::Said},
};
use wasm_bindgen::JsValue;

/// A piece over a poor signal. What has come of it by then counts.
const LIMIT_MS: i64 = 60_000;

impl Http {
    /// Asks the server about a photo, and gives it the bytes that are asked of it.
    pub async fn send_photo(&self, photo: &Photo, asked: Asked, bytes: &Uint8Array) -> Said {
        let (request, body) = match (asked, &photo.upload) {
            (Asked::Address, _) => {
                let begun = Request::post("/api/upload/resumable");
                let said = begun
                    .header("upload-length", &photo.size_bytes.to_string())
                    .header("upload-metadata", &metadata(photo));
                (said, JsValue::UNDEFINED)
            }
            (Asked::Progress, Some(address)) => (RequestBuilder::new(address).method(Method::HEAD), JsValue::UNDEFINED),
            (Asked::Piece { from, to }, Some(address)) => {
                let piece = RequestBuilder::new(address).method(Method::PATCH);
                let piece = piece
                    .header("upload-offset", &from.to_string())
                    .header("content-type", "application/offset+octet-stream");
                (piece, bytes.subarray(from as u32, to as u32).into())
            }
            (Asked::Progress | Asked::Piece { .. }, None) => return Said::Nothing,
        };
        let Ok(answer) = self.ask_with(request.header("tus-resumable", "1.0.0"), body, LIMIT_MS).await else {
            return Said::Nothing;
        };
        let said = read(&answer);
        if said == Said::Nothing {
            self.not_ours();
        }
        said
    }
}

/// What the document's row says, too: the server holds the one against the other.
fn metadata(photo: &Photo) -> String {
    let about = &photo.about;
    let pairs = [
        ("entityType", about.entity_type.clone()),
        ("entityId", about.entity_id.to_string()),
        ("documentId", photo.document_id.to_string()),
        ("writeId", photo.write_id.to_string()),
        ("kind", about.kind.clone()),
        ("takenAt", about.taken_at.clone()),
        ("filename", about.file_name.clone()),
    ];
    pairs.map(|(name, value)| format!("{name} {}", to_base64(value.as_bytes()))).join(",")
}

fn read(answer: &Answer) -> Said {
    let address = answer.headers.get("location").filter(|address| address.starts_with("/api/upload/resumable/"));
    let offset = answer.headers.get("upload-offset").and_then(|offset| offset.parse().ok());
    let problem = answer.problem();
    let is_ours = problem.is_some() || answer.headers.get("tus-resumable").is_some();
    match (answer.status, address, offset) {
        (201, Some(address), _) => Said::Address(address),
        (200 | 204, _, Some(offset)) => Said::Has(offset),
        // Those two a proxy on the way says for good.
        (status @ 400.., _, _) if is_ours || matches!(status, 413 | 415) => Said::No {
            status,
            problem,
            retry_after_ms: answer.retry_after_ms(),
        },
        _ => Said::Nothing,
    }
}
