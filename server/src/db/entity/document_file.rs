//! `document_files`: whose bytes have come. A document's row alone opens no file.

use sea_orm::entity::prelude::*;

/// The bytes of one document have come.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "document_files")]
pub struct Model {
    /// Which document.
    #[sea_orm(primary_key, auto_increment = false)]
    pub document_id: TextUuid,
    /// SHA-256 of the bytes, in hex: what names them in the storage.
    pub content_hash: String,
    /// What the bytes are, as they were recognised; what the document's row says is its sender's word.
    pub content_type: String,
    /// How many.
    pub size_bytes: i64,
    /// Who sent them.
    pub stored_by: TextUuid,
    /// Microseconds since 1970 UTC.
    pub stored_at: i64,
}

/// Nothing is joined through SeaORM here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
