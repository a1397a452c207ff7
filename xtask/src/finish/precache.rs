//! The list of files that the service worker keeps, so that the app opens without a signal.
//!
//! **Invariant:** a change of any listed file changes the version, and with it `sw.js`, so that browsers see an update.

use std::fs;
use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{finish, stamp};

/// `{"version": "<digest>", "files": ["/", "/client-….js", …]}`, read by the worker as `self.__PRECACHE`.
pub fn list(stage: &Path) -> Result<Value> {
    let mut digest = Sha256::new();
    let mut urls = Vec::new();
    for file in finish::files(stage)? {
        let name = file.strip_prefix(stage).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        let Some(url) = url(&name) else { continue };
        digest.update(&url);
        digest.update(fs::read(&file)?);
        urls.push(url);
    }
    Ok(json!({ "version": stamp::short(&digest.finalize()), "files": urls }))
}

/// The address of a file that is to be kept. Not the worker (the browser keeps it), and not what only stores show.
fn url(name: &str) -> Option<String> {
    if name == "sw.js" || name.starts_with("screenshots/") || name.ends_with(".br") || name.ends_with(".gz") {
        return None;
    }
    Some(if name == "index.html" { "/".to_owned() } else { format!("/{name}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_kept_under_its_address() {
        assert_eq!(url("index.html").as_deref(), Some("/"));
        assert_eq!(url("icons/icon.svg").as_deref(), Some("/icons/icon.svg"));
        assert_eq!(url("client-1_bg.wasm").as_deref(), Some("/client-1_bg.wasm"));
    }

    #[test]
    fn worker_screenshots_and_packed_forms_are_not_kept() {
        for name in ["sw.js", "screenshots/board.png", "main.css.br", "main.css.gz"] {
            assert_eq!(url(name), None, "{name}");
        }
    }
}
