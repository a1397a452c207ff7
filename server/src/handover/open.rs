//! From a sealed file and its passphrase to what a device knows of its writes.
//!
//! **Invariant:** a file is opened whole or not at all; whatever is wrong with it is told in a sentence, and neither the passphrase nor
//! anything that was inside is ever logged.

use aes_gcm::{Aes256Gcm, KeyInit, aead::Aead};
use base64::{Engine, engine::general_purpose::STANDARD};
use protocol::handover::{DeviceWrites, HANDOVER_FORMAT, HANDOVER_VERSION, SealedWrites};
use serde_json::Value as Json;
use sha2::Sha256;
use tokio::sync::Semaphore;

/// The largest file that comes over HTTP. On the command line it may be of any size.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;
/// More than anybody asks for; each million is some half second of a core.
const MOST_ITERATIONS: u32 = 10_000_000;
const SALT_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;

/// Keys are made a few at a time: each takes a core.
static TURNS: Semaphore = Semaphore::const_new(2);

/// Why a file was not opened.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// Something else.
    #[error("is not a file of unsent work from Turns")]
    Foreign,
    /// The server is the older one.
    #[error("was made by a newer version of Turns (form {0}); bring this server up to date first")]
    Newer(u64),
    /// Cut, or changed.
    #[error("is damaged: {0}")]
    Damaged(&'static str),
    /// Which of the two it is cannot be told.
    #[error("does not open this file: it is another one’s, or the file is damaged")]
    Passphrase,
    /// A fault of the server's own.
    #[error("could not be opened just now")]
    Interrupted,
}

impl Unopened {
    /// What of the two that were given is wrong.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Passphrase => "passphrase",
            _ => "file",
        }
    }
}

/// Opens a file, off the threads that answer requests.
pub async fn open(file: Json, passphrase: String) -> Result<DeviceWrites, Unopened> {
    let sealed = read(file)?;
    let _turn = TURNS.acquire().await.map_err(|_| Unopened::Interrupted)?;
    let opened = tokio::task::spawn_blocking(move || unseal(&sealed, &passphrase)).await;
    opened.map_err(|_| Unopened::Interrupted)?
}

/// What lies on a disk, before anything is made of the passphrase.
struct Sealed {
    iterations: u32,
    salt: [u8; SALT_BYTES],
    nonce: [u8; NONCE_BYTES],
    content: Vec<u8>,
}

fn read(file: Json) -> Result<Sealed, Unopened> {
    if file["format"] != HANDOVER_FORMAT {
        return Err(Unopened::Foreign);
    }
    known(&file)?;
    let sealed: SealedWrites = serde_json::from_value(file).map_err(|_| Unopened::Damaged("something is missing"))?;
    if !(1..=MOST_ITERATIONS).contains(&sealed.iterations) {
        return Err(Unopened::Damaged("its key is made in no way that Turns knows"));
    }
    Ok(Sealed {
        iterations: sealed.iterations,
        salt: exactly(&sealed.salt)?,
        nonce: exactly(&sealed.nonce)?,
        content: bytes(&sealed.content)?,
    })
}

/// Refuses what a newer version has made.
fn known(versioned: &Json) -> Result<(), Unopened> {
    match versioned["version"].as_u64() {
        Some(version) if version > u64::from(HANDOVER_VERSION) => Err(Unopened::Newer(version)),
        Some(1..) => Ok(()),
        _ => Err(Unopened::Damaged("it does not say its version")),
    }
}

fn unseal(sealed: &Sealed, passphrase: &str) -> Result<DeviceWrites, Unopened> {
    let key: [u8; 32] = pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(passphrase.as_bytes(), &sealed.salt, sealed.iterations);
    let cipher = Aes256Gcm::new(&key.into());
    let text = cipher
        .decrypt(&sealed.nonce.into(), sealed.content.as_slice())
        .map_err(|_| Unopened::Passphrase)?;
    let inside: Json = serde_json::from_slice(&text).map_err(|_| Unopened::Damaged("what is inside cannot be read"))?;
    known(&inside)?;
    serde_json::from_value(inside).map_err(|_| Unopened::Damaged("what is inside is not what a device knows of its writes"))
}

fn exactly<const N: usize>(text: &str) -> Result<[u8; N], Unopened> {
    bytes(text)?.try_into().map_err(|_| Unopened::Damaged("its key is incomplete"))
}

fn bytes(text: &str) -> Result<Vec<u8>, Unopened> {
    STANDARD.decode(text).map_err(|_| Unopened::Damaged("it is not in Base64"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Made once by WebCrypto (Node.js): PBKDF2 and AES-GCM as a browser has them.
    const FILE: &str = include_str!("../../tests/handover/made_by_webcrypto.json");
    const PASSPHRASE: &str = "correct horse battery staple";

    fn file() -> Json {
        serde_json::from_str(FILE).unwrap()
    }

    async fn unopened(file: Json) -> Unopened {
        open(file, PASSPHRASE.to_owned()).await.unwrap_err()
    }

    #[tokio::test]
    async fn what_a_browser_has_sealed_is_opened() {
        let device = open(file(), PASSPHRASE.to_owned()).await.unwrap();
        assert_eq!((device.user.name.as_str(), device.writes.len()), ("Maria Peña", 3));
        assert_eq!(device.writes[0].write.data["notes"], "Schlüssel unter der Matte 🔑");
        let wrong = open(file(), format!("{PASSPHRASE} ")).await.unwrap_err();
        assert_eq!(wrong, Unopened::Passphrase);
    }

    #[tokio::test]
    async fn what_is_wrong_with_a_file_is_told() {
        let with = |name: &str, value: Json| {
            let mut file = file();
            file[name] = value;
            file
        };
        let content = file()["content"].as_str().unwrap().to_owned();
        assert_eq!(unopened(json!([])).await, Unopened::Foreign);
        assert_eq!(unopened(with("format", json!("backup"))).await, Unopened::Foreign);
        assert_eq!(unopened(with("version", json!(3))).await, Unopened::Newer(3));
        assert_eq!(
            unopened(with("content", json!(content[..content.len() - 4]))).await,
            Unopened::Passphrase,
            "cut"
        );
        for (name, value) in [
            ("version", json!("1")),
            ("salt", json!("AAAA")),
            ("nonce", Json::Null),
            ("content", json!("ä")),
            ("iterations", json!(0)),
            ("iterations", json!(u32::MAX)),
        ] {
            let wrong = unopened(with(name, value)).await;
            assert!(matches!(wrong, Unopened::Damaged(_)), "{name}: {wrong:?}");
        }
    }
}
