//! Text made smaller by the browser's own means before it travels.
//!
//! **Invariant:** what cannot be compressed here is sent as it is.

use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableWritablePair, Response};

#[wasm_bindgen]
extern "C" {
    /// It has the pair's two members. web-sys counts it among what is not stable yet.
    #[wasm_bindgen(extends = ReadableWritablePair)]
    type CompressionStream;

    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> Result<CompressionStream, JsValue>;
}

/// What is shorter fits into one packet as it is.
const WORTH_BYTES: usize = 1_024;

/// The bytes; nothing where the text is short, or this browser does not compress.
pub async fn compressed(text: &str) -> Option<Uint8Array> {
    if text.len() < WORTH_BYTES {
        return None;
    }
    compress(text).await.ok()
}

async fn compress(text: &str) -> Result<Uint8Array, JsValue> {
    let compression = CompressionStream::new("gzip")?;
    let body = Response::new_with_opt_str(Some(text))?.body().ok_or(JsValue::UNDEFINED)?;
    let smaller = body.pipe_through(&compression);
    let bytes = Response::new_with_opt_readable_stream(Some(&smaller))?.array_buffer()?;
    let bytes: ArrayBuffer = JsFuture::from(bytes).await?.dyn_into()?;
    Ok(Uint8Array::new(&bytes))
}
