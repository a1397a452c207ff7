//! What the sender of a file is told.
//!
//! **Invariant:** a column that the sender does not see is not in the answer.

use crate::write::Author;
use domain::{Row, RowId};
use serde::Serialize;
use serde_json::{Map, Value as Json};

/// The file is stored.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct UploadAnswer {
    /// Always true.
    pub success: bool,
    /// Where those who see the document read the file.
    #[schema(example = "/api/documents/01990000-0000-7000-8000-000000000001/content")]
    pub url: String,
    /// The document's row.
    #[schema(value_type = Object)]
    pub document: Map<String, Json>,
}

impl UploadAnswer {
    /// For a document that is stored.
    pub fn new(document: &Row, reader: &Author) -> Self {
        Self {
            success: true,
            url: content_url(document.id()),
            document: reader.shown(document),
        }
    }
}

/// Where a document's file is read.
pub fn content_url(document: RowId) -> String {
    format!("/api/documents/{document}/content")
}
