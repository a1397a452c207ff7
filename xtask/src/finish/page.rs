//! Moves the start script out of index.html.
//!
//! The server's Content-Security-Policy allows scripts of our own origin and no inline ones; Trunk writes one inline.
//!
//! **Invariant:** the script's file is named by its contents, so it can be cached for ever.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::stamp;

const OPEN: &str = "<script type=\"module\">";
const CLOSE: &str = "</script>";

/// Writes `/boot-<hash>.js` and points index.html at it.
pub fn move_script_out(stage: &Path) -> Result<()> {
    let page = stage.join("index.html");
    let html = fs::read_to_string(&page).context("reading Trunk's index.html")?;
    let (html, name, script) = split(&html).context("index.html has no inline module script; has pattern_script of Trunk.toml changed?")?;
    fs::write(stage.join(name), script)?;
    fs::write(page, html)?;
    Ok(())
}

/// The page without its inline script, and that script with the name of its file.
fn split(html: &str) -> Option<(String, String, String)> {
    let (before, rest) = html.split_once(OPEN)?;
    let (script, after) = rest.split_once(CLOSE)?;
    let script = format!("{}\n", script.trim());
    let name = format!("boot-{}.js", stamp::short(script.as_bytes()));
    let html = format!("{before}<script type=\"module\" src=\"/{name}\">{CLOSE}{after}");
    Some((html, name, script))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inline_script_becomes_a_file() {
        let (html, name, script) = split("<body><script type=\"module\">\nimport x;\n</script></body>").unwrap();
        assert_eq!(script, "import x;\n");
        assert_eq!(html, format!("<body><script type=\"module\" src=\"/{name}\"></script></body>"));
    }

    #[test]
    fn a_page_without_one_is_refused() {
        assert!(split("<script src=\"/x.js\"></script>").is_none());
    }
}
