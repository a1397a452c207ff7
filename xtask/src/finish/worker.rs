//! Makes the service worker one file: glue, WASM and the start of both.
//!
//! A browser wakes a worker for an event and runs its script once; a listener that is not there when the script has
//! ended misses the event, and a sync event missed this way is lost. Code that first fetches its WASM is too late, and
//! without a signal it never comes. So the WASM travels inside the script and is compiled synchronously.
//!
//! **Invariant:** the start function of the `sw` crate has run, and has registered its listeners, when the script ends.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// The worker's two halves, taken out of the site's folder.
pub struct Worker {
    glue: String,
    wasm: Vec<u8>,
}

/// Removes the worker's glue and WASM from the folder.
pub fn take_apart(stage: &Path) -> Result<Worker> {
    let (glue_file, wasm_file) = (stage.join("sw.js"), stage.join("sw_bg.wasm"));
    let glue = fs::read_to_string(&glue_file).context("reading the worker's glue, sw.js")?;
    let wasm = fs::read(&wasm_file).context("reading the worker's WASM, sw_bg.wasm")?;
    fs::remove_file(glue_file)?;
    fs::remove_file(wasm_file)?;
    Ok(Worker { glue, wasm })
}

impl Worker {
    /// The whole script, with the list of files to keep as `self.__PRECACHE`.
    pub fn with_precache(&self, precache: &Value) -> String {
        let wasm = STANDARD.encode(&self.wasm);
        format!(
            "// Made by `cargo xtask finish-site`: what to keep, the glue, the WASM, and their start, in one file.\n\
             self.__PRECACHE = {precache};\n\
             {glue}\n\
             {{\n  const text = atob(\"{wasm}\");\n  const bytes = new Uint8Array(text.length);\n  \
             for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);\n  \
             wasm_bindgen.initSync({{ module: bytes }});\n}}\n",
            glue = self.glue,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_stands_first_and_the_start_last() {
        let worker = Worker {
            glue: "let wasm_bindgen = {};".into(),
            wasm: vec![0, 97, 115, 109],
        };
        let script = worker.with_precache(&serde_json::json!({ "version": "1", "files": ["/"] }));
        let positions: Vec<_> = ["self.__PRECACHE = {\"", "let wasm_bindgen", "atob(\"AGFzbQ==\")", "initSync"]
            .iter()
            .map(|part| script.find(part).unwrap())
            .collect();
        assert!(positions.is_sorted(), "{script}");
    }
}
