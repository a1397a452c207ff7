//! A user's writes as a file, for the day that this device cannot send them: read by an administrator, on the server.
//!
//! **Invariant:** the file holds what its user sees as theirs and nothing of anybody else, and only the passphrase opens it.

use crate::{
    crypto::{self, CryptoError, Key},
    store::StoreError,
};
use protocol::handover::{DeviceWrites, HANDOVER_FORMAT, HANDOVER_ITERATIONS, HANDOVER_VERSION, SHORTEST_PASSPHRASE, SealedWrites};
pub use sync::handover::{device_writes, is_unsent, photos_for_file};

const SALT_BYTES: usize = 16;

/// A file to hand over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    /// The JSON of a [`SealedWrites`].
    pub file: String,
    /// So many writes are in it that the server does not have.
    pub unsent: usize,
    /// So many photos are in it that the server does not have.
    pub photos: usize,
    /// So many more stay on this device: they are too many for one file, or their bytes are lost.
    pub photos_left_out: usize,
    /// So many envelopes of another version of the app could not go into it.
    pub left_out: usize,
}

/// There is no file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandoverError {
    /// Nobody's writes.
    #[error("nobody is signed in")]
    NobodySignedIn,
    /// It would soon be guessed.
    #[error("choose a passphrase of {SHORTEST_PASSPHRASE} characters or more")]
    ShortPassphrase,
    /// The writes could not be read.
    #[error("the changes cannot be read: {0}")]
    Storage(#[from] StoreError),
    /// They could not be encrypted.
    #[error("the changes cannot be encrypted: {0}")]
    Crypto(#[from] CryptoError),
}

/// Seals what a device hands over.
pub async fn seal(writes: &DeviceWrites, passphrase: &str) -> Result<String, HandoverError> {
    demand_length(passphrase)?;
    let text = serde_json::to_string(writes).map_err(|error| CryptoError::Browser(error.to_string()))?;
    let salt = crypto::random_bytes::<SALT_BYTES>()?;
    let key = Key::from_passphrase(passphrase, &salt, HANDOVER_ITERATIONS).await?;
    let sealed = key.seal(&text).await?;
    let file = SealedWrites {
        format: HANDOVER_FORMAT.to_owned(),
        version: HANDOVER_VERSION,
        iterations: HANDOVER_ITERATIONS,
        salt: crypto::to_base64(&salt),
        nonce: crypto::to_base64(&sealed.nonce),
        content: crypto::to_base64(&sealed.content),
    };
    Ok(serde_json::to_string_pretty(&file).map_err(|error| CryptoError::Browser(error.to_string()))?)
}

/// Whether a passphrase is long enough.
pub fn demand_length(passphrase: &str) -> Result<(), HandoverError> {
    if passphrase.chars().count() < SHORTEST_PASSPHRASE {
        return Err(HandoverError::ShortPassphrase);
    }
    Ok(())
}
