//! x
use crate::config::Settings;
use std::{path::Path, process::ExitCode};
/// x
pub async fn run(_settings: &Settings, _file: &Path) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not yet")
}
