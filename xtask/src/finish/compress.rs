//! Packs the site once, at build time, so that the server hands out small files without work.
//!
//! **Invariant:** every text and WASM file has a `.br` and a `.gz` beside it; pictures, packed already, have none.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Result;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::finish;

const PACKED: [&str; 8] = ["css", "html", "js", "json", "svg", "txt", "wasm", "webmanifest"];

/// Above this, a file is a development build's WASM: the best compression would take a minute and serve nobody.
const BEST_UP_TO_BYTES: usize = 4_000_000;

/// Writes the packed forms, on every core.
pub fn folder(stage: &Path) -> Result<()> {
    let is_packed = |file: &PathBuf| file.extension().is_some_and(|extension| PACKED.iter().any(|packed| extension == *packed));
    let mut files: Vec<PathBuf> = finish::files(stage)?.into_iter().filter(is_packed).collect();
    // The largest are taken first, so that no core ends up alone with one.
    files.sort_by_key(|file| fs::metadata(file).map_or(0, |metadata| metadata.len()));
    let queue = Mutex::new(files);
    let next = || queue.lock().ok().and_then(|mut files| files.pop());
    let work = || -> Result<()> {
        while let Some(file) = next() {
            pack(&file)?;
        }
        Ok(())
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or_else(|_| anyhow::bail!("a compressing thread panicked")))
    })
}

fn pack(file: &Path) -> Result<()> {
    let contents = fs::read(file)?;
    let best = contents.len() <= BEST_UP_TO_BYTES;

    let params = brotli::enc::BrotliEncoderParams {
        quality: if best { 11 } else { 5 },
        lgwin: 22,
        size_hint: contents.len(),
        ..Default::default()
    };
    brotli::BrotliCompress(&mut contents.as_slice(), &mut File::create(file.with_added_extension("br"))?, &params)?;

    let mut gzip = GzEncoder::new(
        File::create(file.with_added_extension("gz"))?,
        if best { Compression::best() } else { Compression::fast() },
    );
    gzip.write_all(&contents)?;
    gzip.finish()?;
    Ok(())
}
