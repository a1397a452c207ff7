//! How much memory and time of the processors a process has needed, as Linux counts it.

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

/// What a process holds now, in bytes.
pub fn held(process: u32) -> Result<u64> {
    read(process, "VmRSS:")
}

/// What a process has used of the processors since its start.
pub fn cpu_seconds(process: u32) -> Result<f64> {
    /// Of a second, as everywhere on Linux (`sysconf(_SC_CLK_TCK)`).
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name before the last bracket may hold anything; user and system time are the 12th and 13th field behind it.
    let (_, fields) = stat.rsplit_once(')').context("no process")?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    Ok(ticks.sum::<Result<f64, _>>()? / TICKS)
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
