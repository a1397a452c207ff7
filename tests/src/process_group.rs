//! A child process that is ended together with all its own children.
//!
//! Chromium is a dozen processes behind a shell script; killing the first would leave the others running and the
//! profile locked.
//!
//! **Invariant:** when this value is gone, so is the whole group.

use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

/// A running group.
pub struct ProcessGroup {
    child: Child,
}

impl ProcessGroup {
    /// Starts the command as the leader of a new group.
    pub fn spawn(command: &mut Command) -> Result<Self> {
        use std::os::unix::process::CommandExt;
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.process_group(0).spawn().with_context(|| format!("could not start {name}"))?;
        Ok(Self { child })
    }

    /// The child itself, to take its output from.
    pub const fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Ends every process of the group at once, as a power cut would.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.child.wait().ok();
    }

    /// Asks the group to end, and waits until its leader has.
    pub async fn terminate(&mut self) -> Result<ExitStatus> {
        self.signal(Signal::TERM);
        self.wait().await
    }

    /// Waits until the leader has ended by itself.
    pub async fn wait(&mut self) -> Result<ExitStatus> {
        for _ in 0..500 {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bail!("the process did not end within 10 s")
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // A group that has ended already is what was wanted.
            kill_process_group(group, signal).ok();
        }
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        self.kill();
    }
}
