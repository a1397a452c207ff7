//! Photos to choose, made by the browser itself, and what is to be seen of those that a page shows.
//!
//! **Invariant:** no two photos have the same bytes, and none shrinks to nothing when it is packed.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use base64::Engine;
use serde_json::json;

use super::Page;

impl Page {
    /// Takes a photo of this size and puts it into a folder.
    pub async fn photo_in(&self, folder: &Path, name: &str, width: u32, height: u32) -> Result<PathBuf> {
        let made = self.eval(&format!("{PHOTO}({width}, {height})")).await?;
        let bytes = base64::engine::general_purpose::STANDARD.decode(made.as_str().context("a photo is text")?)?;
        let file = folder.join(name);
        std::fs::write(&file, bytes)?;
        Ok(file)
    }

    /// Waits until the page shows so many photos, each with its picture.
    pub async fn wait_for_photos(&self, count: usize) -> Result<()> {
        self.eventually(&format!("{count} photos"), async || {
            let shown = self.eval(SHOWN).await?;
            ensure!(shown == json!(count), "it shows {shown}");
            Ok(())
        })
        .await
    }

    /// SHA-256 of a file that the page may read from its server, in hexadecimal.
    pub async fn digest_of(&self, path: &str) -> Result<String> {
        let digest = self.eval(&format!("{DIGEST}({})", json!(path))).await?;
        Ok(digest.as_str().context("a digest is text")?.to_owned())
    }
}

const SHOWN: &str = "[...document.querySelectorAll('.photo img')].filter(image => image.complete && image.naturalWidth > 0).length";

const PHOTO: &str = r"
(async (width, height) => {
    const canvas = new OffscreenCanvas(width, height), context = canvas.getContext('2d');
    const pixels = context.createImageData(width, height);
    for (let from = 0; from < pixels.data.length; from += 65536) crypto.getRandomValues(pixels.data.subarray(from, Math.min(from + 65536, pixels.data.length)));
    for (let at = 3; at < pixels.data.length; at += 4) pixels.data[at] = 255;
    context.putImageData(pixels, 0, 0);
    // Something to be seen in the noise.
    context.fillStyle = `hsl(${Math.random() * 360} 40% 60%)`;
    context.fillRect(width / 4, height / 4, width / 2, height / 2);
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 })).arrayBuffer());
    let text = '';
    for (let from = 0; from < bytes.length; from += 32768) text += String.fromCharCode(...bytes.subarray(from, from + 32768));
    return btoa(text);
})";

const DIGEST: &str = r"
(async path => {
    const answer = await fetch(path);
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await answer.arrayBuffer()));
    return [...digest].map(byte => byte.toString(16).padStart(2, '0')).join('');
})";
