//! Encryption, by the browser's own WebCrypto: AES-256-GCM with keys that the browser does not show again.
//!
//! **Invariant:** a nonce is made of fresh random bytes for each encryption, and nothing is opened whose tag does not fit.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AesGcmParams, Crypto, CryptoKey, Pbkdf2Params, SubtleCrypto};

const AES: &str = "AES-GCM";
const NONCE_BYTES: usize = 12;
const KEY_BYTES: usize = 32;

/// Why something could not be encrypted or opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// Pages without TLS have no WebCrypto.
    #[error("this page has no encryption: it was not loaded by https")]
    Missing,
    /// Another key, or something was changed.
    #[error("the key does not fit")]
    WrongKey,
    /// What should be a key is none.
    #[error("the key cannot be read")]
    BadKey,
    /// In the browser's words.
    #[error("{0}")]
    Browser(String),
}

/// What was encrypted: only its key opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Not secret, and never used twice.
    pub nonce: Vec<u8>,
    /// With its tag behind it.
    pub content: Vec<u8>,
}

/// A key. The browser keeps its bytes to itself, also in its database.
#[derive(Clone, Debug)]
pub struct Key(CryptoKey);

impl Key {
    /// From 32 bytes in Base64.
    pub async fn from_base64(text: &str) -> Result<Self, CryptoError> {
        let bytes = BASE64.decode(text).ok().filter(|bytes| bytes.len() == KEY_BYTES).ok_or(CryptoError::BadKey)?;
        let key = import("raw", &bytes, AES, &["encrypt", "decrypt"]).await?;
        Ok(Self(key))
    }

    /// From a passphrase, by PBKDF2-HMAC-SHA256.
    pub async fn from_passphrase(passphrase: &str, salt: &[u8], iterations: u32) -> Result<Self, CryptoError> {
        let base = import("raw", passphrase.as_bytes(), "PBKDF2", &["deriveKey"]).await?;
        let how = Pbkdf2Params::new_with_str("PBKDF2", "SHA-256", iterations, &Uint8Array::from(salt));
        let kind = Object::new();
        for (name, value) in [("name", JsValue::from(AES)), ("length", JsValue::from(KEY_BYTES as u32 * 8))] {
            Reflect::set(&kind, &name.into(), &value).map_err(browser)?;
        }
        let derived = subtle()?.derive_key_with_object_and_object(&how, &base, &kind, false, &usages(&["encrypt", "decrypt"]));
        let key = JsFuture::from(derived.map_err(browser)?).await.map_err(browser)?;
        Ok(Self(key.dyn_into().map_err(browser)?))
    }

    /// As the browser's database has it.
    pub fn from_js(key: JsValue) -> Option<Self> {
        key.dyn_into().ok().map(Self)
    }

    /// For the browser's database.
    pub fn to_js(&self) -> JsValue {
        self.0.clone().into()
    }

    /// Encrypts a text.
    pub async fn seal(&self, text: &str) -> Result<Sealed, CryptoError> {
        let (nonce, content) = self.seal_bytes(&Uint8Array::from(text.as_bytes())).await?;
        Ok(Sealed {
            nonce: nonce.to_vec(),
            content: content.to_vec(),
        })
    }

    /// Opens what this key has sealed.
    pub async fn open(&self, sealed: &Sealed) -> Result<String, CryptoError> {
        let text = self.open_bytes(&sealed.nonce, &Uint8Array::from(sealed.content.as_slice())).await?;
        String::from_utf8(text.to_vec()).map_err(|_| CryptoError::WrongKey)
    }

    /// Encrypts bytes that stay on the browser's side: nonce and content.
    pub async fn seal_bytes(&self, bytes: &Uint8Array) -> Result<([u8; NONCE_BYTES], Uint8Array), CryptoError> {
        let nonce = random_bytes::<NONCE_BYTES>()?;
        let promise = subtle()?
            .encrypt_with_object_and_js_u8_array(&with_nonce(&nonce), &self.0, bytes)
            .map_err(browser)?;
        let content = JsFuture::from(promise).await.map_err(browser)?;
        Ok((nonce, Uint8Array::new(&content)))
    }

    /// Opens such bytes.
    pub async fn open_bytes(&self, nonce: &[u8], content: &Uint8Array) -> Result<Uint8Array, CryptoError> {
        let promise = subtle()?
            .decrypt_with_object_and_js_u8_array(&with_nonce(nonce), &self.0, content)
            .map_err(browser)?;
        let bytes = JsFuture::from(promise).await.map_err(|_| CryptoError::WrongKey)?;
        Ok(Uint8Array::new(&bytes))
    }
}

/// SHA-256, in lower-case hexadecimal.
pub async fn digest(bytes: &Uint8Array) -> Result<String, CryptoError> {
    let promise = subtle()?.digest_with_str_and_js_u8_array("SHA-256", bytes).map_err(browser)?;
    let digest = JsFuture::from(promise).await.map_err(browser)?;
    let hex = |byte: u8| [byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]));
    Ok(Uint8Array::new(&digest).to_vec().into_iter().flat_map(hex).collect())
}

/// Bytes that nobody can guess.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], CryptoError> {
    let mut bytes = [0; N];
    crypto()?.get_random_values_with_u8_array(&mut bytes).map_err(browser)?;
    Ok(bytes)
}

/// Bytes as text.
pub fn to_base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

async fn import(format: &str, bytes: &[u8], algorithm: &str, uses: &[&str]) -> Result<CryptoKey, CryptoError> {
    let promise = subtle()?.import_key_with_str(format, &Uint8Array::from(bytes), algorithm, false, &usages(uses));
    let key = JsFuture::from(promise.map_err(browser)?).await.map_err(browser)?;
    key.dyn_into().map_err(browser)
}

fn with_nonce(nonce: &[u8]) -> AesGcmParams {
    AesGcmParams::new_with_u8_array(AES, &Uint8Array::from(nonce))
}

fn usages(names: &[&str]) -> Array {
    names.iter().map(|name| JsValue::from(*name)).collect()
}

/// In a page or in a worker.
fn crypto() -> Result<Crypto, CryptoError> {
    let found = Reflect::get(&js_sys::global(), &"crypto".into()).map_err(browser)?;
    found.dyn_into().map_err(|_| CryptoError::Missing)
}

/// Not there on pages without TLS, whatever the type says.
fn subtle() -> Result<SubtleCrypto, CryptoError> {
    let found = Reflect::get(crypto()?.as_ref(), &"subtle".into()).map_err(browser)?;
    found.dyn_into().map_err(|_| CryptoError::Missing)
}

fn browser(error: JsValue) -> CryptoError {
    CryptoError::Browser(format!("{error:?}"))
}
