//! A digest of everything that a build was made from, so that an unchanged site is not built again.
//!
//! Cargo would find out too, but only after minutes of linking and compressing around it.
//!
//! **Invariant:** contents count, not times: a fresh checkout of the same commit has the same stamp.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// The digest of the files and folders below `root`, and of `variant` (a build's profile).
pub fn of(root: &Path, inputs: &[&str], variant: &str) -> Result<String> {
    let mut files = Vec::new();
    for input in inputs {
        collect(&root.join(input), &mut files)?;
    }
    files.sort();
    let mut digest = Sha256::new();
    digest.update(variant);
    for file in files {
        let contents = std::fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
        digest.update(file.strip_prefix(root).unwrap_or(&file).as_os_str().as_encoded_bytes());
        digest.update(contents.len().to_le_bytes());
        digest.update(contents);
    }
    Ok(hex(&digest.finalize()))
}

/// The first 16 hexadecimal digits of the contents' SHA-256: enough for a file's name.
pub fn short(contents: &[u8]) -> String {
    hex(&Sha256::digest(contents))[..16].to_owned()
}

/// Every file below a folder, or the file itself.
pub fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_file() {
        files.push(path.to_path_buf());
    } else if path.is_dir() {
        for entry in std::fs::read_dir(path).with_context(|| format!("reading {}", path.display()))? {
            collect(&entry?.path(), files)?;
        }
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_changes_with_contents_names_and_variant() {
        let folder = std::env::temp_dir().join(format!("turns-stamp-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("src")).unwrap();
        std::fs::write(folder.join("src/a.rs"), "1").unwrap();
        let before = of(&folder, &["src", "missing"], "release").unwrap();
        assert_eq!(before, of(&folder, &["src"], "release").unwrap());
        assert_ne!(before, of(&folder, &["src"], "dev").unwrap());
        std::fs::write(folder.join("src/a.rs"), "2").unwrap();
        assert_ne!(before, of(&folder, &["src"], "release").unwrap());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
