//! What a device hands over as a file when its writes cannot go by themselves: the account is closed, the tablet is given back,
//! the storage is about to be lost.
//!
//! The file is a [`SealedWrites`]: JSON that anybody can recognise, and inside it, encrypted with a key made from a passphrase,
//! the JSON of [`DeviceWrites`]. An administrator reads it on the server; write ids keep each write from being applied twice.
//!
//! Version 2 also has the bytes of photos; files of version 1 are read for ever.

pub mod reckon;

use crate::{User, WireWrite};
use domain::{DeviceId, RowId, UserId};
use serde::{Deserialize, Serialize};

/// What [`SealedWrites::format`] says.
pub const HANDOVER_FORMAT: &str = "turns-device-writes";
/// What [`SealedWrites::version`] and [`DeviceWrites::version`] say today.
pub const HANDOVER_VERSION: u16 = 2;
/// How often PBKDF2-HMAC-SHA256 is run over the passphrase (OWASP's advice of 2023).
pub const HANDOVER_ITERATIONS: u32 = 600_000;
/// The most bytes of photos that one file has: sealed and in Base64 twice, it is still small enough to be imported in the browser.
pub const MOST_PHOTO_BYTES: u64 = 16 * 1024 * 1024;
/// The shortest passphrase that a file is sealed with, in characters.
pub const SHORTEST_PASSPHRASE: usize = 12;

/// The file as it lies on a disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SealedWrites {
    /// [`HANDOVER_FORMAT`]
    pub format: String,
    /// [`HANDOVER_VERSION`]
    pub version: u16,
    /// How often PBKDF2-HMAC-SHA256 makes the key.
    pub iterations: u32,
    /// 16 bytes, in Base64.
    pub salt: String,
    /// AES-256-GCM's 12 bytes, in Base64.
    pub nonce: String,
    /// The encrypted JSON of [`DeviceWrites`] with its tag, in Base64.
    pub content: String,
}

/// What one device knows of one user's writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceWrites {
    /// [`HANDOVER_VERSION`]
    pub version: u16,
    /// Where they were made.
    pub device_id: DeviceId,
    /// Whose they are.
    pub user: User,
    /// When the file was made, in milliseconds since 1970 by the device's clock.
    pub exported_at_ms: i64,
    /// Of what was made before this moment, by the device's clock, some may have been trimmed from the history, or have gone with a database that
    /// the browser cleared.
    pub complete_since_ms: i64,
    /// Outbox and history, in order of `seq`.
    pub writes: Vec<DeviceWrite>,
    /// Photos that the server does not have, as far as the device knows, in order of their making.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub photos: Vec<DevicePhoto>,
}

/// The bytes of a photo whose document one of the writes makes, or has made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DevicePhoto {
    /// The document, which says what it is of, and the digest of its bytes.
    pub document_id: RowId,
    /// The bytes, in Base64.
    pub content: String,
}

/// One write as its device knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceWrite {
    /// Its place in the device's order.
    pub seq: u64,
    /// Whose it is.
    pub user_id: UserId,
    /// Milliseconds since 1970 by the device's clock.
    pub made_at_ms: i64,
    /// How it stands.
    pub standing: Standing,
    /// The transaction of its receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub txid: Option<String>,
    /// As it travels.
    pub write: WireWrite,
}

/// How a write stands, as far as its device knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Goes by itself when it can.
    Waiting,
    /// Refused, or builds on a refused one: its user decides.
    NeedsUser,
    /// The server holds it for a supervisor.
    Held,
    /// The device has the receipt.
    Applied,
    /// Its user gave it up.
    Discarded,
}
