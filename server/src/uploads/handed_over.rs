//! Photos that come in a device's file ([`crate::handover`]) instead of from the device.
//!
//! **Invariant:** the document is there before its bytes, and they are those that it names.

use super::{Uploads, keep, staged};
use crate::{config::UploadSettings, db::Db, problem::Result, write::Author};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures::stream;
use protocol::{Problem, ProblemCode, handover::DevicePhoto};

/// Where photos of a file are kept.
#[derive(Clone, Copy)]
pub struct Shelf<'a> {
    /// Has their documents.
    pub db: &'a Db,
    /// Has their bytes.
    pub uploads: &'a Uploads,
    /// How large they may be, and where they lie meanwhile.
    pub settings: &'a UploadSettings,
}

impl Shelf<'_> {
    /// Keeps a photo of its document. One that is here already is kept once.
    pub async fn keep(self, author: &Author, photo: &DevicePhoto) -> Result<()> {
        let bytes = STANDARD
            .decode(&photo.content)
            .map_err(|_| Problem::new(ProblemCode::Validation, "this photo is not in Base64"))?;
        let pieces = stream::iter([Ok(bytes.into())]);
        let (staged, _guard) = staged::receive(&self.settings.staging, self.settings.max_bytes, pieces).await?;
        keep::keep_for(self.db, self.uploads, author, photo.document_id, &staged).await
    }
}
