//! The program as a process, that can be killed.

use super::TestDatabase;
use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

pub struct Process {
    pub child: Child,
    pub url: String,
    /// The accounts of the demo, as it printed them.
    pub announced: Vec<String>,
}

impl Process {
    pub fn start(database: &TestDatabase, arguments: &[&str]) -> Self {
        Self::start_with(database, arguments, &[])
    }

    pub fn start_with(database: &TestDatabase, arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        let mut command = Self::command(database.url());
        command.args(arguments).envs(settings.iter().copied());
        Self::spawn(&mut command, if arguments.contains(&"--demo") { 8 } else { 0 })
    }

    /// Starts a command that announces so many accounts.
    pub fn spawn(command: &mut Command, accounts: usize) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let first = lines.next().unwrap();
        let url = first.strip_prefix("Turns is ready at ").unwrap().to_owned();
        let announced = lines.take(accounts).collect();
        Self { child, url, announced }
    }

    /// The program, on a port of its own.
    pub fn command(database_url: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_turns-server"));
        command.env_clear().env("DATABASE_URL", database_url).env("PORT", "0").env("LOG", "warn");
        command
    }

    pub fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
