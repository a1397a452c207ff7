//! A device's file, sealed as a browser seals it.
//!
//! **Invariant:** the server opens it with its passphrase and nothing else.

use super::must;
use crate::server::Imported;
use aes_gcm::{Aes256Gcm, KeyInit, aead::Aead};
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::WriteId;
use protocol::{
    Problem,
    handover::{DeviceWrites, HANDOVER_FORMAT, HANDOVER_VERSION, SealedWrites},
};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use sha2::Sha256;

const PASSPHRASE: &str = "correct horse battery staple";
/// A file says its own number; what it costs to guess is not played here.
const ITERATIONS: u32 = 1;
/// Nothing here is secret.
const SALT: [u8; 16] = [1; 16];
const NONCE: [u8; 12] = [2; 12];

/// What came of a file.
#[derive(Deserialize)]
pub struct Report {
    writes: Vec<Line>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    write_id: Option<WriteId>,
    outcome: String,
    problem: Option<Problem>,
}

/// The body of the import.
pub fn handed_over(device: &DeviceWrites) -> Json {
    let key: [u8; 32] = pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(PASSPHRASE.as_bytes(), &SALT, ITERATIONS);
    let text = must(serde_json::to_vec(device), "text");
    let content = must(Aes256Gcm::new(&key.into()).encrypt(&NONCE.into(), text.as_slice()), "a sealed file");
    let file = SealedWrites {
        format: HANDOVER_FORMAT.to_owned(),
        version: HANDOVER_VERSION,
        iterations: ITERATIONS,
        salt: STANDARD.encode(SALT),
        nonce: STANDARD.encode(NONCE),
        content: STANDARD.encode(content),
    };
    json!({"file": file, "passphrase": PASSPHRASE})
}

impl Report {
    /// What came of each write that its user had not given up.
    pub fn into_outcomes(self) -> Vec<Imported> {
        let looked_at = self.writes.into_iter().filter(|line| line.outcome != "discarded");
        let outcome = |line: Line| {
            Some(Imported {
                write_id: line.write_id?,
                refused: line.problem.map(|problem| problem.code),
            })
        };
        looked_at.filter_map(outcome).collect()
    }
}
