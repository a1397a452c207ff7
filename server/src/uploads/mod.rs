//! Photos and papers: sent whole or in pieces, kept under the digest of their bytes, read by those who see the document.
//!
//! Read it in this order: [`form`] (sent whole) and [`resumable`] (in pieces, over a bad line), [`content`] (what it is),
//! [`handed_over`] (in a device's file), [`keep`] (taking it), [`storage`] (where it stays), [`download`] and [`thumbnail`] (reading it), [`sweep`] (what nobody wants).
//!
//! **Invariant:** a file is reached only through a document that the reader sees; no address of a file can be guessed or shared.

mod answer;
mod content;
mod details;
mod download;
mod form;
pub mod handed_over;
mod keep;
mod range;
mod resumable;
mod staged;
mod storage;
pub mod sweep;
mod thumbnail;

pub use storage::StorageError;

use crate::{app::App, config::UploadSettings, problem::Result};
use axum::extract::DefaultBodyLimit;
use resumable::Receiving;
use storage::Storage;
use thumbnail::Thumbnails;
use utoipa_axum::{router::OpenApiRouter, routes};

/// What the handlers of files share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Uploads {
    storage: Storage,
    thumbnails: Thumbnails,
    receiving: Receiving,
}

impl Uploads {
    /// Opens the storage; a wrong setting is one line.
    pub async fn open(settings: &UploadSettings) -> anyhow::Result<Self> {
        Ok(Self {
            storage: Storage::open(settings).await?,
            thumbnails: Thumbnails::default(),
            receiving: Receiving::default(),
        })
    }
}

/// The routes of this module. They read bodies by themselves, and what they send is compressed already.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(form::upload_file))
        .merge(resumable::routes())
        .routes(routes!(download::read_file))
        .routes(routes!(download::read_thumbnail))
        .layer(DefaultBodyLimit::disable())
}

/// `25 MiB`
fn in_words(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} bytes"),
        1_024..1_048_576 => format!("{} KiB", bytes / 1_024),
        _ => format!("{} MiB", bytes / 1_048_576),
    }
}

/// Finishes work although its caller may hang up.
async fn to_the_end<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
