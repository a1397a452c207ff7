//! How much memory a process has needed, as Linux counts it.

use anyhow::{Context, Result};

/// What a process holds now, in bytes; what it needed most is counted anew from here.
pub fn begin(process: u32) -> Result<u64> {
    // 5 sets the highest mark back to what is held now (proc_pid_clear_refs(5)).
    std::fs::write(format!("/proc/{process}/clear_refs"), "5").context("the highest mark cannot be set back")?;
    read(process, "VmRSS:")
}

/// The most that a process has held since [`begin`], in bytes.
pub fn peak(process: u32) -> Result<u64> {
    read(process, "VmHWM:")
}

fn read(process: u32, what: &str) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(what))
        .with_context(|| format!("there is no {what}"))?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024)
}
