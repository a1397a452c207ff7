//! Where files stay: a folder of this machine, or a bucket that speaks S3.
//!
//! A file's name is the SHA-256 of its bytes, so the same photo sent twice is one object, and an object never changes.
//!
//! **Invariant:** once [`Storage::keep`] has returned, the file survives a pulled plug; before, nobody sees a part of it.

use super::thumbnail::Edge;
use crate::config::{StorageUrl, UploadSettings};
use anyhow::Context;
use axum::body::Bytes;
use domain::Timestamp;
use futures::{Stream, StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{
    Error, GetOptions, GetRange, ObjectStore, ObjectStoreExt, RetryConfig, aws::AmazonS3Builder, buffered::BufWriter, local::LocalFileSystem,
    path::Path as Key, prefix::PrefixStore,
};
use std::{
    fs, io,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::io::AsyncWriteExt;

/// What is sent to a bucket at once.
const PART_BYTES: usize = 8 * 1024 * 1024;
/// How long a request to a bucket is tried again, and how long the start waits for it.
const PATIENCE: Duration = Duration::from_secs(15);

/// The files, by the digest of their bytes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Storage {
    objects: Arc<dyn ObjectStore>,
    /// Where the objects are files of this machine: a file then moves instead of being copied.
    folder: Option<PathBuf>,
}

/// The storage did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// A file of this machine.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The storage behind the interface.
    #[error(transparent)]
    Object(#[from] Error),
}

/// An object that is there, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The digest that names it.
    pub hash: String,
    /// When it was put.
    pub at: Timestamp,
}

impl Storage {
    /// Opens the storage and makes sure that it answers.
    pub async fn open(settings: &UploadSettings) -> anyhow::Result<Self> {
        let storage = match &settings.storage {
            StorageUrl::Folder(folder) => Self::in_folder(folder).with_context(|| format!("STORAGE_URL: cannot write to the folder {}", folder.display()))?,
            StorageUrl::S3 { bucket, prefix } => Self::in_bucket(bucket, prefix).context("STORAGE_URL: the AWS_… settings are not right")?,
        };
        fs::create_dir_all(&settings.staging).with_context(|| format!("cannot make the folder {}", settings.staging.display()))?;
        let first = tokio::time::timeout(PATIENCE, storage.kept().try_next()).await;
        first
            .context("STORAGE_URL: the storage does not answer")?
            .context("STORAGE_URL: the storage refuses")?;
        Ok(storage)
    }

    fn in_folder(folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)?;
        // Asked now: a folder that cannot be written to should stop the start, not the first photo.
        tempfile::tempfile_in(folder)?;
        Ok(Self {
            objects: Arc::new(LocalFileSystem::new_with_prefix(folder)?),
            folder: Some(folder.canonicalize()?),
        })
    }

    fn in_bucket(bucket: &str, prefix: &str) -> anyhow::Result<Self> {
        let retry = RetryConfig {
            max_retries: 3,
            retry_timeout: PATIENCE,
            ..RetryConfig::default()
        };
        let bucket = AmazonS3Builder::from_env().with_bucket_name(bucket).with_retry(retry).build()?;
        Ok(Self {
            objects: Arc::new(PrefixStore::new(bucket, prefix)),
            folder: None,
        })
    }

    /// Puts a file of this machine under its digest, unless it is there. In a folder the file is moved, else copied.
    pub async fn keep(&self, hash: &str, staged: &Path, at: Timestamp) -> Result<(), StorageError> {
        if self.holds(hash).await? {
            return Ok(());
        }
        let key = file_key(hash);
        let Some(folder) = &self.folder else { return self.send(key, staged).await };
        let (from, to) = (staged.to_owned(), folder.join(key.as_ref()));
        tokio::task::spawn_blocking(move || move_durably(&from, &to, at))
            .await
            .map_err(io::Error::other)??;
        Ok(())
    }

    /// Whether the file is there.
    pub async fn holds(&self, hash: &str) -> Result<bool, StorageError> {
        Ok(present(self.objects.head(&file_key(hash)).await)?.is_some())
    }

    /// When the file was put, if it is there.
    pub async fn kept_at(&self, hash: &str) -> Result<Option<Timestamp>, StorageError> {
        let meta = present(self.objects.head(&file_key(hash)).await)?;
        Ok(meta.map(|meta| Timestamp::from_micros(meta.last_modified.timestamp_micros())))
    }

    /// A part of a file, as it is read.
    pub async fn read(&self, hash: &str, range: Range<u64>) -> Result<BoxStream<'static, Result<Bytes, Error>>, StorageError> {
        if range.is_empty() {
            return Ok(futures::stream::empty().boxed());
        }
        let options = GetOptions {
            range: Some(GetRange::Bounded(range)),
            ..GetOptions::default()
        };
        Ok(self.objects.get_opts(&file_key(hash), options).await?.into_stream())
    }

    /// A whole file in memory.
    pub async fn bytes(&self, hash: &str) -> Result<Bytes, StorageError> {
        Ok(self.objects.get(&file_key(hash)).await?.bytes().await?)
    }

    /// The thumbnail of a file, if it was made before.
    pub async fn thumbnail(&self, hash: &str, edge: Edge) -> Result<Option<Bytes>, StorageError> {
        match present(self.objects.get(&thumbnail_key(hash, edge)).await)? {
            Some(found) => Ok(Some(found.bytes().await?)),
            None => Ok(None),
        }
    }

    /// Puts a thumbnail. It can be made again, so nothing waits for the disk.
    pub async fn keep_thumbnail(&self, hash: &str, edge: Edge, bytes: Bytes) -> Result<(), StorageError> {
        self.objects.put(&thumbnail_key(hash, edge), bytes.into()).await?;
        Ok(())
    }

    /// All files.
    pub fn kept(&self) -> impl Stream<Item = Result<Kept, StorageError>> + Unpin + Send {
        let listed = self.objects.list(Some(&Key::from("files"))).map_err(StorageError::from);
        let kept = listed.try_filter_map(|meta| async move {
            let hash = meta.location.filename().map(str::to_owned);
            let at = Timestamp::from_micros(meta.last_modified.timestamp_micros());
            Ok(hash.map(|hash| Kept { hash, at }))
        });
        kept.boxed()
    }

    /// Removes a file.
    pub async fn remove(&self, hash: &str) -> Result<(), StorageError> {
        present(self.objects.delete(&file_key(hash)).await).map(drop)
    }

    /// Removes a file's thumbnails. They can be made again.
    pub async fn remove_thumbnails(&self, hash: &str) -> Result<(), StorageError> {
        for edge in Edge::ALL {
            present(self.objects.delete(&thumbnail_key(hash, edge)).await)?;
        }
        Ok(())
    }

    async fn send(&self, key: Key, staged: &Path) -> Result<(), StorageError> {
        let mut file = tokio::fs::File::open(staged).await?;
        let mut object = BufWriter::with_capacity(Arc::clone(&self.objects), key, PART_BYTES).with_max_concurrency(2);
        let sent = async {
            tokio::io::copy(&mut file, &mut object).await?;
            object.shutdown().await
        }
        .await;
        if sent.is_err() {
            // Parts that are never put together would be paid for, unseen, for ever.
            let _ = object.abort().await;
        }
        Ok(sent?)
    }
}

/// Two levels: no folder with a million files in it.
fn file_key(hash: &str) -> Key {
    Key::from(format!("files/{}/{hash}", hash.get(..2).unwrap_or_default()))
}

fn thumbnail_key(hash: &str, edge: Edge) -> Key {
    Key::from(format!("thumbnails/{}/{hash}-{}.jpg", hash.get(..2).unwrap_or_default(), edge.pixels()))
}

fn present<T>(result: Result<T, Error>) -> Result<Option<T>, StorageError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The bytes reach the disk before the name does, and the name before the caller goes on.
fn move_durably(from: &Path, to: &Path, at: Timestamp) -> io::Result<()> {
    let folder = to.parent().unwrap_or(to);
    fs::create_dir_all(folder)?;
    let file = fs::OpenOptions::new().append(true).open(from)?;
    // What came in pieces may have lain for a day: as an object it is young.
    let since_1970 = Duration::from_micros(u64::try_from(at.micros()).unwrap_or_default());
    file.set_modified(SystemTime::UNIX_EPOCH + since_1970)?;
    file.sync_all()?;
    fs::rename(from, to)?;
    for folder in folder.ancestors().take(2) {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "ab00000000000000000000000000000000000000000000000000000000000000";

    const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

    /// What every storage must do.
    async fn conforms(storage: &Storage, file: &Path) {
        storage.remove(HASH).await.unwrap();
        assert!(!storage.holds(HASH).await.unwrap());
        // More than one part of a bucket's upload.
        let bytes: Vec<u8> = (0..20_000_000_u32).map(|n| (n % 251) as u8).collect();
        fs::write(file, &bytes).unwrap();
        storage.keep(HASH, file, NOW).await.unwrap();
        storage.keep(HASH, Path::new("/nowhere"), NOW).await.unwrap();
        assert!(storage.holds(HASH).await.unwrap() && storage.kept_at(HASH).await.unwrap().is_some());
        assert_eq!(storage.bytes(HASH).await.unwrap(), bytes);
        let part = storage.read(HASH, 8_388_600..8_388_620).await.unwrap();
        assert_eq!(part.try_collect::<Vec<_>>().await.unwrap().concat(), bytes[8_388_600..8_388_620]);
        assert_eq!(storage.read(HASH, 5..5).await.unwrap().count().await, 0);
        assert_eq!(storage.thumbnail(HASH, Edge::SMALL).await.unwrap(), None);
        storage.keep_thumbnail(HASH, Edge::SMALL, Bytes::from_static(b"small")).await.unwrap();
        assert_eq!(storage.thumbnail(HASH, Edge::SMALL).await.unwrap(), Some(Bytes::from_static(b"small")));
        let kept: Vec<_> = storage.kept().try_collect().await.unwrap();
        assert_eq!(kept.iter().map(|kept| kept.hash.as_str()).collect::<Vec<_>>(), [HASH]);
        storage.remove(HASH).await.unwrap();
        storage.remove_thumbnails(HASH).await.unwrap();
        assert!(!storage.holds(HASH).await.unwrap() && storage.thumbnail(HASH, Edge::SMALL).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_folder_conforms() {
        let folder = tempfile::tempdir().unwrap();
        let settings = UploadSettings::in_folder(folder.path().join("uploads"));
        let storage = Storage::open(&settings).await.unwrap();
        conforms(&storage, &settings.staging.join("photo")).await;
    }

    #[tokio::test]
    #[ignore = "needs an S3-compatible server: set TEST_S3_URL=s3://bucket/prefix and the AWS_… settings"]
    async fn a_bucket_conforms() {
        let folder = tempfile::tempdir().unwrap();
        let url = std::env::var("TEST_S3_URL").unwrap();
        let settings = UploadSettings {
            staging: folder.path().to_owned(),
            ..UploadSettings::default().stored_at(&url).unwrap()
        };
        let storage = Storage::open(&settings).await.unwrap();
        conforms(&storage, &settings.staging.join("photo")).await;
    }

    #[tokio::test]
    async fn a_place_that_cannot_be_used_is_told_in_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = Storage::open(&UploadSettings::in_folder(file)).await.unwrap_err();
        let line = format!("{error:#}");
        assert!(line.starts_with("STORAGE_URL: cannot write to the folder") && !line.contains('\n'), "{line}");
    }
}
