//! What nobody wants any more: objects without a document, and uploads that were never finished.
//!
//! An object comes before the rows that want it, so a young one is left alone. An old one may be wanted again at this very
//! moment; so it goes inside a write transaction, of which there is one at a time, and whoever takes a file looks, inside
//! one too, whether it is still there (see [`super::keep`]).
//!
//! **Invariant:** an object that a committed row wants stays.

use super::{
    resumable,
    storage::{Kept, Storage, StorageError},
};
use crate::{
    app::App,
    db::{Db, entity::document_file, rows},
    problem::Result,
};
use domain::{RowId, Table, Timestamp};
use futures::{StreamExt, TryStreamExt};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, prelude::TextUuid, sea_query::Expr};
use std::{collections::HashSet, io, path::Path, time::SystemTime};

/// How old an object must be.
const KEPT_MICROS: i64 = 24 * 60 * 60 * 1_000_000;
/// How many objects are looked up at once.
const AT_ONCE: usize = 500;

/// Removes what is old and unwanted; gives the number of objects that went.
pub async fn sweep(app: &App, now: Timestamp) -> Result<usize> {
    let staging = app.settings.uploads.staging.clone();
    let removed = tokio::task::spawn_blocking(move || sweep_staging(&staging, now)).await;
    removed.map_err(io::Error::other).and_then(|removed| removed).map_err(StorageError::from)?;
    sweep_objects(&app.db, &app.uploads.storage, now).await
}

async fn sweep_objects(db: &Db, storage: &Storage, now: Timestamp) -> Result<usize> {
    forget_deleted(db).await?;
    let mut removed = 0;
    let mut chunks = storage.kept().try_chunks(AT_ONCE);
    while let Some(chunk) = chunks.next().await {
        let old: Vec<String> = chunk
            .map_err(|error| error.1)?
            .into_iter()
            .filter(|kept| is_old(kept.at, now))
            .map(|Kept { hash, .. }| hash)
            .collect();
        for hash in without_wanted(db.readers(), old).await? {
            removed += usize::from(remove(db, storage, &hash, now).await?);
        }
    }
    Ok(removed)
}

/// Decides again where nobody can decide otherwise, and removes. One at a time: writes wait meanwhile.
async fn remove(db: &Db, storage: &Storage, hash: &str, now: Timestamp) -> Result<bool> {
    let turn = db.write().await?;
    let is_unwanted = !without_wanted(&*turn, vec![hash.to_owned()]).await?.is_empty();
    // It may have been put anew since it was listed.
    let goes = is_unwanted && storage.kept_at(hash).await?.is_some_and(|at| is_old(at, now));
    if goes {
        storage.remove(hash).await?;
    }
    turn.commit().await?;
    if goes {
        storage.remove_thumbnails(hash).await?;
    }
    Ok(goes)
}

/// The bytes of a deleted document are nobody's.
async fn forget_deleted(db: &Db) -> Result<()> {
    // Ids of synced tables are of another type on PostgreSQL than those of the server's own.
    let documents = "SELECT CAST(id AS text) FROM documents";
    let deleted: Vec<TextUuid> = document_file::Entity::find()
        .select_only()
        .column(document_file::Column::DocumentId)
        .filter(Expr::cust(format!("document_id NOT IN ({documents})")))
        .into_tuple()
        .all(db.readers())
        .await?;
    if deleted.is_empty() {
        return Ok(());
    }
    let tx = db.write().await?;
    for id in deleted {
        if rows::find(&*tx, Table::Documents, RowId(id.0)).await?.is_none() {
            document_file::Entity::delete_by_id(id).exec(&*tx).await?;
        }
    }
    tx.commit().await
}

async fn without_wanted(db: &impl ConnectionTrait, hashes: Vec<String>) -> Result<Vec<String>> {
    let wanted: HashSet<String> = document_file::Entity::find()
        .select_only()
        .column(document_file::Column::ContentHash)
        .filter(document_file::Column::ContentHash.is_in(hashes.iter().map(String::as_str)))
        .into_tuple()
        .all(db)
        .await?
        .into_iter()
        .collect();
    Ok(hashes.into_iter().filter(|hash| !wanted.contains(hash)).collect())
}

fn is_old(at: Timestamp, now: Timestamp) -> bool {
    now.micros() - at.micros() > KEPT_MICROS
}

/// Removes files under way that have not grown for a day. A server that was killed leaves them behind.
fn sweep_staging(staging: &Path, now: Timestamp) -> io::Result<()> {
    let mut folders = vec![staging.to_owned()];
    if let Ok(people) = std::fs::read_dir(staging.join(resumable::FOLDER)) {
        folders.extend(people.flatten().map(|entry| entry.path()));
    }
    for folder in folders {
        for entry in std::fs::read_dir(folder)?.flatten() {
            let Ok(meta) = entry.metadata() else { continue };
            if meta.is_file() && is_old(modified(&meta)?, now) {
                std::fs::remove_file(entry.path())?;
            }
        }
    }
    Ok(())
}

fn modified(meta: &std::fs::Metadata) -> io::Result<Timestamp> {
    let since = meta.modified()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Ok(Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{DatabaseSettings, DatabaseUrl, UploadSettings};
    use domain::{Row, UserId, Value};
    use sea_orm::IntoActiveModel;
    use std::{fs, path::PathBuf};
    use tempfile::TempDir;
    use uuid::Uuid;

    const DAY: i64 = KEPT_MICROS;

    struct World {
        folder: TempDir,
        db: Db,
        storage: Storage,
    }

    impl World {
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let url = format!("sqlite://{}?mode=rwc", folder.path().join("t.db").display());
            let url = DatabaseUrl::read("DATABASE_URL", url).unwrap();
            let db = Db::open(&DatabaseSettings::only(url)).await.unwrap();
            let storage = Storage::open(&UploadSettings::in_folder(folder.path().join("uploads"))).await.unwrap();
            Self { folder, db, storage }
        }

        fn staging(&self) -> PathBuf {
            self.folder.path().join("uploads/staging")
        }

        /// An object, and the documents that have it.
        async fn object(&self, digit: char, documents: &[u128]) -> String {
            let hash = digit.to_string().repeat(64);
            let staged = self.staging().join("photo");
            fs::write(&staged, &hash).unwrap();
            self.storage.keep(&hash, &staged, later(0)).await.unwrap();
            let tx = self.db.write().await.unwrap();
            for id in documents {
                let file = document_file::Model {
                    document_id: TextUuid(Uuid::from_u128(*id)),
                    content_hash: hash.clone(),
                    content_type: "image/jpeg".to_owned(),
                    size_bytes: 64,
                    stored_by: TextUuid(Uuid::nil()),
                    stored_at: 0,
                };
                rows::insert(&*tx, &[document(*id, &hash)]).await.unwrap();
                document_file::Entity::insert(file.into_active_model())
                    .exec_without_returning(&*tx)
                    .await
                    .unwrap();
            }
            tx.commit().await.unwrap();
            hash
        }

        async fn delete(&self, document: u128) {
            let tx = self.db.write().await.unwrap();
            rows::delete_all(&*tx, Table::Documents, &[RowId(Uuid::from_u128(document))]).await.unwrap();
            tx.commit().await.unwrap();
        }

        async fn sweep(&self, now: Timestamp) -> usize {
            sweep_objects(&self.db, &self.storage, now).await.unwrap()
        }
    }

    fn document(id: u128, hash: &str) -> Row {
        let mut row = Row::blank(Table::Documents);
        for (column, value) in [
            ("id", Value::Uuid(Uuid::from_u128(id))),
            ("version", Value::Int(1)),
            ("created_at", Value::Timestamp(Timestamp::from_micros(0))),
            ("updated_at", Value::Timestamp(Timestamp::from_micros(0))),
            ("entity_type", Value::text("turn")),
            ("entity_id", Value::Uuid(Uuid::nil())),
            ("kind", Value::text("other")),
            ("file_name", Value::text("photo.jpg")),
            ("content_type", Value::text("image/jpeg")),
            ("size_bytes", Value::Int(64)),
            ("content_hash", Value::text(hash)),
            ("is_active", Value::Bool(true)),
        ] {
            assert!(row.set(column, value), "{column}");
        }
        row
    }

    fn later(micros: i64) -> Timestamp {
        Timestamp::from_micros(crate::clock::now().micros() + micros)
    }

    #[tokio::test]
    async fn an_object_goes_a_day_old_with_its_last_document() {
        let world = World::new().await;
        let (orphan, shared) = (world.object('a', &[]).await, world.object('b', &[1, 2]).await);
        assert_eq!(world.sweep(later(0)).await, 0);
        world.delete(1).await;
        assert_eq!(world.sweep(later(2 * DAY)).await, 1);
        assert!(!world.storage.holds(&orphan).await.unwrap() && world.storage.holds(&shared).await.unwrap());
        world.delete(2).await;
        assert_eq!((world.sweep(later(0)).await, world.sweep(later(2 * DAY)).await), (0, 1));
        assert!(!world.storage.holds(&shared).await.unwrap());
        assert_eq!(document_file::Entity::find().all(world.db.readers()).await.unwrap(), []);
    }

    #[tokio::test]
    async fn what_is_wanted_again_between_the_two_looks_stays() {
        let world = World::new().await;
        let hash = world.object('c', &[]).await;
        // Listed as unwanted; then somebody takes it; then the sweep decides.
        world.object('c', &[3]).await;
        assert!(!remove(&world.db, &world.storage, &hash, later(2 * DAY)).await.unwrap());
        assert!(world.storage.holds(&hash).await.unwrap());
    }

    #[tokio::test]
    async fn uploads_that_rest_for_a_day_go() {
        let world = World::new().await;
        let person = world.staging().join(resumable::FOLDER).join(UserId(Uuid::nil()).to_string());
        fs::create_dir_all(&person).unwrap();
        let files = [world.staging().join("incoming-1"), person.join("1.part"), person.join("1.json")];
        for file in &files {
            fs::write(file, "x").unwrap();
        }
        sweep_staging(&world.staging(), later(DAY / 2)).unwrap();
        assert!(files.iter().all(|file| file.exists()));
        sweep_staging(&world.staging(), later(2 * DAY)).unwrap();
        assert!(!files.iter().any(|file| file.exists()) && person.exists());
    }
}
