//! A child process that is ended together with all its own children.
//!
//! Chromium is a dozen processes behind a shell script; killing the first would leave the others running and the
//! profile locked.
//!
//! **Invariant:** when this value is gone, so is the whole group; also when this program itself was killed.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

/// A running group.
pub struct ProcessGroup {
    child: Child,
    guard: Child,
}

impl ProcessGroup {
    /// Starts the command as the leader of a new group.
    pub fn spawn(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.process_group(0).spawn().with_context(|| format!("could not start {name}"))?;
        let guard = guard(child.id())?;
        Ok(Self { child, guard })
    }

    /// The child itself, to take its output from.
    pub const fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// The leader's number among the machine's processes.
    pub fn id(&self) -> u32 {
        self.child.id()
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

/// A shell that waits for the end of its input, which comes when this program ends, however it ends: a Ctrl-C ends a
/// test before it can clean up.
fn guard(group: u32) -> Result<Child> {
    let mut shell = Command::new("sh");
    shell.args(["-c", "read _; kill -s KILL -- \"-$0\"", &group.to_string()]);
    shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    shell.process_group(0).spawn().context("could not start sh")
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        self.kill();
        // Its number may soon be another process's: the guard must not strike then.
        self.guard.kill().ok();
        self.guard.wait().ok();
    }
}
