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
        format!(
            "// Made by `cargo xtask finish-site`: what to keep, the glue, the WASM, and their start, in one file.\n\
             self.__PRECACHE = {precache};\n\
             {glue}\n\
             {{\n  const text = {wasm};\n  const bytes = new Uint8Array(text.length);\n  \
             for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);\n  \
             wasm_bindgen.initSync({{ module: bytes }});\n}}\n",
            glue = self.glue,
            wasm = literal(&self.wasm),
        )
    }
}

/// The bytes as a string of JavaScript, one character each (U+0000 to U+00FF).
///
/// Base64 would be plainer to look at, but its packed form is half as large again: it hides every repetition that does
/// not fall on three bytes. A worker's script is always read as UTF-8, so these characters are safe.
fn literal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    text.push('"');
    for byte in bytes {
        match byte {
            b'"' | b'\\' => text.extend(['\\', char::from(*byte)]),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            // Not the short `\0`, which a digit behind it would turn into another character.
            0 => text.push_str("\\x00"),
            _ => text.push(char::from(*byte)),
        }
    }
    text.push('"');
    text
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
        let positions: Vec<_> = ["self.__PRECACHE = {\"", "let wasm_bindgen", "text = \"\\x00asm\"", "initSync"]
            .iter()
            .map(|part| script.find(part).unwrap())
            .collect();
        assert!(positions.is_sorted(), "{script}");
    }

    #[test]
    fn bytes_that_a_string_cannot_hold_are_escaped() {
        assert_eq!(literal(b"\x001\n\r\"\\\xff"), "\"\\x001\\n\\r\\\"\\\\\u{ff}\"");
    }
}
