//! A device's file and its passphrase, from the command line.
//!
//! **Invariant:** a passphrase is never an argument: every user of the machine could read it.

use crate::handover::open;
use anyhow::{Context, bail};
use protocol::handover::DeviceWrites;
use std::path::{Path, PathBuf};

/// Opens a device's file; asks for the passphrase on the terminal where no file has it.
pub async fn open(path: &Path, passphrase_file: Option<PathBuf>) -> anyhow::Result<DeviceWrites> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    // What is no JSON is no file of ours: opening says so.
    let file = serde_json::from_slice(&bytes).unwrap_or_default();
    let passphrase = passphrase(passphrase_file)?;
    match open::open(file, passphrase).await {
        Ok(device) => Ok(device),
        Err(wrong) if wrong.field() == "file" => bail!("{} {wrong}", path.display()),
        Err(wrong) => bail!("the {} {wrong}", wrong.field()),
    }
}

fn passphrase(file: Option<PathBuf>) -> anyhow::Result<String> {
    let Some(path) = file else {
        return rpassword::prompt_password("Passphrase: ").context("cannot ask for the passphrase here; give --passphrase-file");
    };
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
