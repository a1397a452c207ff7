//! The Redis of the tests, found or installed. They start their own server of it, on a free port.
//!
//! **Invariant:** nothing is installed when it is there.

use anyhow::Result;

use crate::{apt, paths};

/// Finds `redis-server` on the PATH, or installs it on Debian and its like.
pub fn ensure() -> Result<()> {
    if paths::find_program("redis-server").is_some() {
        return Ok(());
    }
    apt::install(&["redis-server"], "the tests of limits that servers share need redis-server on the PATH")
}
