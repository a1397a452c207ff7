//! An upload under way, on the disk: what is planned, and what has come.
//!
//! The file of what has come is its own record: its length is the offset.
//!
//! **Invariant:** a person's uploads lie in that person's folder, and are looked for nowhere else.

use super::headers::Checksum;
use crate::uploads::{details::Details, staged, storage::StorageError};
use axum::body::Bytes;
use domain::{RowId, Timestamp, UserId};
use futures::{StreamExt, stream::BoxStream};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    io,
    path::{Path, PathBuf},
};
use tokio::{
    fs::{self, File, OpenOptions},
    io::AsyncWriteExt,
};
use uuid::Uuid;

/// Where all uploads under way lie, below the staging folder.
pub const FOLDER: &str = "resumable";

/// One upload's files.
#[derive(Clone, Debug)]
pub struct Parts {
    folder: PathBuf,
    id: Uuid,
}

/// What is to come, as it is stored: read by whichever server goes on with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The size of the whole file.
    pub length: u64,
    /// When it began, in microseconds since 1970 UTC.
    pub begun_at: i64,
    /// What it is for.
    pub details: Details,
    /// The document, once the file is taken.
    pub document: Option<RowId>,
}

/// What became of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It is on the disk, and so much has come.
    UpTo(u64),
    /// It is longer than the file was to be; nothing of it is kept.
    TooLong,
    /// It does not have its digest; nothing of it is kept.
    WrongDigest,
}

impl Plan {
    /// Nothing has come.
    pub fn new(length: u64, details: Details, at: Timestamp) -> Self {
        Self {
            length,
            begun_at: at.micros(),
            details,
            document: None,
        }
    }
}

impl Parts {
    /// The upload of this person with this id, whether it is there or not.
    pub fn new(staging: &Path, user: UserId, id: Uuid) -> Self {
        Self {
            folder: staging.join(FOLDER).join(user.to_string()),
            id,
        }
    }

    /// Which upload.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// What has come.
    pub fn file(&self) -> PathBuf {
        self.folder.join(format!("{}.part", self.id))
    }

    fn plan_file(&self) -> PathBuf {
        self.folder.join(format!("{}.json", self.id))
    }

    /// How many uploads of this person are unfinished.
    pub async fn under_way(&self) -> Result<usize, StorageError> {
        let mut entries = match fs::read_dir(&self.folder).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            other => other?,
        };
        let mut count = 0;
        while let Some(entry) = entries.next_entry().await? {
            count += usize::from(entry.path().extension().is_some_and(|extension| extension == "part"));
        }
        Ok(count)
    }

    /// Makes the upload: first its empty file, then the plan that makes it one.
    pub async fn begin(&self, plan: &Plan) -> Result<(), StorageError> {
        fs::create_dir_all(&self.folder).await?;
        File::create_new(self.file()).await?;
        self.write(plan).await
    }

    /// What was planned; `None` where there is no such upload.
    pub async fn plan(&self) -> Result<Option<Plan>, StorageError> {
        match fs::read(self.plan_file()).await {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes).map_err(io::Error::other)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// How much has come, and is on the disk.
    pub async fn offset(&self, plan: &Plan) -> Result<u64, StorageError> {
        if plan.document.is_some() {
            return Ok(plan.length);
        }
        let file = OpenOptions::new().append(true).open(self.file()).await?;
        // After an answer that was cut off nobody has waited for the disk yet.
        file.sync_all().await?;
        Ok(file.metadata().await?.len())
    }

    /// Puts what comes behind the bytes that are there, up to `length` in all.
    pub async fn append(
        &self,
        offset: u64,
        length: u64,
        checksum: Option<Checksum>,
        mut pieces: BoxStream<'_, Result<Bytes, axum::Error>>,
    ) -> Result<Appended, StorageError> {
        let mut file = OpenOptions::new().append(true).open(self.file()).await?;
        let (mut end, mut digest) = (offset, Sha256::new());
        while let Ok(Some(Ok(bytes))) = staged::within_patience(pieces.next()).await {
            end += bytes.len() as u64;
            if end > length {
                file.flush().await?;
                file.set_len(offset).await?;
                return Ok(Appended::TooLong);
            }
            if checksum.is_some() {
                digest.update(&bytes);
            }
            file.write_all(&bytes).await?;
        }
        file.flush().await?;
        let is_right = checksum.is_none_or(|checksum| checksum.is_of(digest));
        if !is_right {
            file.set_len(offset).await?;
        }
        file.sync_all().await?;
        Ok(if is_right { Appended::UpTo(end) } else { Appended::WrongDigest })
    }

    /// Only the plan stays, for a sender who has not heard of the end.
    pub async fn finish(&self, plan: &Plan) -> Result<(), StorageError> {
        self.write(plan).await?;
        staged::remove(&self.file()).await?;
        Ok(())
    }

    /// Nothing stays.
    pub async fn remove(&self) -> Result<(), StorageError> {
        staged::remove(&self.plan_file()).await?;
        staged::remove(&self.file()).await?;
        Ok(())
    }

    /// As a whole or not at all.
    async fn write(&self, plan: &Plan) -> Result<(), StorageError> {
        let bytes = serde_json::to_vec(plan).map_err(io::Error::other)?;
        let new = self.folder.join(format!("{}.new", self.id));
        let mut file = File::create(&new).await?;
        file.write_all(&bytes).await?;
        file.sync_all().await?;
        fs::rename(&new, self.plan_file()).await?;
        File::open(&self.folder).await?.sync_all().await?;
        Ok(())
    }
}
