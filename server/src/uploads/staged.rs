//! A file on its way in: written to disk as it comes, hashed and counted as it is written.
//!
//! **Invariant:** a file that is not taken is gone with the request, also when its sender has just gone away.

use super::storage::StorageError;
use crate::problem::{Failure, Result};
use axum::body::Bytes;
use data_encoding::HEXLOWER;
use futures::{Stream, StreamExt};
use protocol::{Problem, ProblemCode};
use sha2::{Digest, Sha256};
use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};
use tempfile::TempPath;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How long a sender may be silent. A lost signal does not say goodbye.
pub const SILENCE: Duration = Duration::from_secs(60);

/// A whole file, not yet known to be one that is taken.
#[derive(Clone, Debug)]
pub struct Staged {
    /// Where it lies.
    pub path: PathBuf,
    /// Its size.
    pub size_bytes: u64,
    /// SHA-256 of its bytes, in hex.
    pub hash: String,
}

/// Writes what comes into a new file of `folder`. The file goes when the second part of the answer is dropped.
pub async fn receive(folder: &Path, max_bytes: u64, mut pieces: impl Stream<Item = Result<Bytes>> + Unpin) -> Result<(Staged, TempPath)> {
    let (file, path) = tempfile::Builder::new()
        .prefix("incoming-")
        .tempfile_in(folder)
        .map_err(StorageError::from)?
        .into_parts();
    let mut file = tokio::fs::File::from_std(file);
    let (mut size_bytes, mut digest) = (0, Sha256::new());
    while let Some(bytes) = within_patience(pieces.next()).await?.transpose()? {
        size_bytes += bytes.len() as u64;
        if size_bytes > max_bytes {
            return Err(too_large(max_bytes));
        }
        digest.update(&bytes);
        file.write_all(&bytes).await.map_err(StorageError::from)?;
    }
    file.flush().await.map_err(StorageError::from)?;
    let staged = Staged {
        path: path.to_path_buf(),
        size_bytes,
        hash: HEXLOWER.encode(&digest.finalize()),
    };
    Ok((staged, path))
}

/// A file that lies there whole.
pub async fn measure(path: PathBuf) -> Result<Staged, StorageError> {
    let mut file = tokio::fs::File::open(&path).await?;
    let (mut size_bytes, mut digest, mut buffer) = (0, Sha256::new(), vec![0; 256 * 1024]);
    loop {
        let read = file.read(&mut buffer).await?;
        if read == 0 {
            break;
        }
        size_bytes += read as u64;
        digest.update(&buffer[..read]);
    }
    Ok(Staged {
        path,
        size_bytes,
        hash: HEXLOWER.encode(&digest.finalize()),
    })
}

/// Refuses what is larger than files may be.
pub fn too_large(max_bytes: u64) -> Failure {
    Failure::refused(
        ProblemCode::PayloadTooLarge,
        format!("a file may have at most {}", crate::uploads::in_words(max_bytes)),
    )
}

/// Waits for the next piece, for a while.
pub async fn within_patience<T>(piece: impl Future<Output = T>) -> Result<T> {
    let waited = tokio::time::timeout(SILENCE, piece).await;
    waited.map_err(|_| Problem::new(ProblemCode::Validation, format!("nothing came for {} seconds", SILENCE.as_secs())).into())
}

/// Removes what is there; what is not there is gone already.
pub async fn remove(path: &Path) -> io::Result<()> {
    match tokio::fs::remove_file(path).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
