//! The server as a process, with a database and a port of its own, that can be killed and started again.
//!
//! **Invariant:** after a restart it is at the same address with the same database, as a machine that was rebooted.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, anyhow, bail};
use sea_orm::{ConnectionTrait, Database, DbBackend, FromQueryResult, JsonValue, QueryResult, Statement};

use crate::cdp::lock;
use crate::process_group::ProcessGroup;

/// What the password of every demo account is.
pub const DEMO_PASSWORD: &str = "turns-demo";

const READY: &str = "Turns is ready at ";

/// How a server is started.
#[derive(Clone, Debug, Default)]
pub struct ServerOptions {
    /// Homes in the demo; 0 makes no demo.
    pub demo: u32,
    /// Turns of years gone by in the demo; none leaves it to the server.
    pub past_turns: Option<u32>,
    /// Further settings.
    pub env: Vec<(String, String)>,
}

/// A running server.
pub struct ServerProcess {
    process: ProcessGroup,
    options: ServerOptions,
    folder: tempfile::TempDir,
    port: u16,
    printed: Arc<Mutex<String>>,
}

impl ServerProcess {
    /// Starts a server on a new database and a free port, and waits until it answers.
    pub async fn start(options: ServerOptions) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let port = free_port()?;
        let printed = Arc::default();
        let process = launch(&options, folder.path(), port, &printed).await?;
        Ok(Self {
            process,
            options,
            folder,
            port,
            printed,
        })
    }

    /// A server with a demo of so many homes.
    pub async fn with_demo(homes: u32) -> Result<Self> {
        Self::start(ServerOptions {
            demo: homes,
            ..ServerOptions::default()
        })
        .await
    }

    /// Its address, without a slash at the end. The name is one that browsers trust with service workers.
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// The port on the loopback address.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Its number among the machine's processes.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Where its database and uploads lie.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Ends it at once, in the middle of whatever it does.
    pub fn kill9(&mut self) {
        self.process.kill();
    }

    /// Asks it to end, and waits until it has.
    pub async fn terminate(&mut self) -> Result<()> {
        self.process.terminate().await.map(drop).with_context(|| self.printed())
    }

    /// Starts it again at the same address on the same database; ends it first if it still runs.
    pub async fn restart(&mut self) -> Result<()> {
        self.process.kill();
        self.process = launch(&self.options, self.folder.path(), self.port, &self.printed).await?;
        Ok(())
    }

    /// Runs one of its commands on its database to the end, beside it or while it is down; gives what it printed.
    pub async fn run(&self, arguments: &[&str]) -> Result<String> {
        let (code, printed) = self.run_to_end(arguments).await?;
        anyhow::ensure!(code == Some(0), "turns-server {arguments:?} ended with {code:?}:\n{printed}");
        Ok(printed)
    }

    /// The same, whatever it ends with: its exit code, and what it printed.
    pub async fn run_to_end(&self, arguments: &[&str]) -> Result<(Option<i32>, String)> {
        let mut command = tokio::process::Command::new(program()?);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("DATABASE_URL", database_url(self.folder.path()));
        let output = command.output().await?;
        let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        Ok((output.status.code(), printed))
    }

    /// What it has printed, over all its starts.
    pub fn printed(&self) -> String {
        format!("The server printed:\n{}", lock(&self.printed))
    }

    /// Rows of its database, read beside it, whether it runs or not.
    pub async fn db(&self, sql: &str) -> Result<Vec<serde_json::Value>> {
        let rows = self.query(sql).await?;
        rows.iter().map(|row| Ok(JsonValue::from_query_result(row, "")?)).collect()
    }

    /// The one whole number that a query gives, of a column or worked out.
    pub async fn db_number(&self, sql: &str) -> Result<i64> {
        let rows = self.query(sql).await?;
        let row = rows.first().with_context(|| format!("{sql} gave nothing"))?;
        row.try_get_by_index(0).with_context(|| format!("{sql} gave no number"))
    }

    async fn query(&self, sql: &str) -> Result<Vec<QueryResult>> {
        let connection = Database::connect(database_url(self.folder.path())).await?;
        let rows = connection
            .query_all_raw(Statement::from_string(DbBackend::Sqlite, sql))
            .await
            .with_context(|| sql.to_owned());
        connection.close().await?;
        rows
    }
}

async fn launch(options: &ServerOptions, folder: &Path, port: u16, printed: &Arc<Mutex<String>>) -> Result<ProcessGroup> {
    let mut command = Command::new(program()?);
    if options.demo > 0 {
        command.args(["--demo", &options.demo.to_string()]);
        if let Some(past_turns) = options.past_turns {
            command.args(["--past-turns", &past_turns.to_string()]);
        }
    }
    command.current_dir(folder);
    command
        .env("DATABASE_URL", database_url(folder))
        .env("HOST", "127.0.0.1")
        .env("PORT", port.to_string());
    // Stories and measurements drive one person harder than a person can work.
    for budget in ["WRITES", "AUTH", "SHAPES", "REPORTS", "EXPORTS", "UPLOADS"] {
        command.env(format!("RATE_LIMIT_{budget}"), "off");
    }
    command.envs(options.env.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = ProcessGroup::spawn(&mut command)?;
    let child = process.child();
    let (stdout, stderr) = (child.stdout.take().context("stdout")?, child.stderr.take().context("stderr")?);
    let (stdout_notes, stderr_notes) = (Arc::clone(printed), Arc::clone(printed));
    let (ready, is_ready) = tokio::sync::oneshot::channel();
    let mut ready = Some(ready);
    std::thread::spawn(move || {
        note_lines(stdout, &stdout_notes, |line| {
            if line.starts_with(READY)
                && let Some(ready) = ready.take()
            {
                ready.send(()).ok();
            }
        });
    });
    std::thread::spawn(move || note_lines(stderr, &stderr_notes, |_| ()));

    // A large demo takes its time, and so does a debug build.
    match tokio::time::timeout(std::time::Duration::from_secs(180), is_ready).await {
        Ok(Ok(())) => Ok(process),
        Ok(Err(_)) => bail!("the server ended before it was ready; it printed:\n{}", lock(printed)),
        Err(_) => bail!("the server was not ready after 180 s; it printed:\n{}", lock(printed)),
    }
}

fn note_lines(output: impl Read, notes: &Mutex<String>, mut each: impl FnMut(&str)) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        let mut notes = lock(notes);
        notes.push_str(&line);
        notes.push('\n');
        drop(notes);
        each(&line);
    }
}

fn database_url(folder: &Path) -> String {
    format!("sqlite://{}?mode=rwc", folder.join("turns.db").display())
}

/// A port that is free now. The kernel does not hand it out again soon, so it is still free when the server takes it.
pub(crate) fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// The built server: what `TURNS_SERVER` names, or the one beside this test's own program.
fn program() -> Result<PathBuf> {
    if let Some(program) = std::env::var_os("TURNS_SERVER").filter(|program| !program.is_empty()) {
        return Ok(program.into());
    }
    let test = std::env::current_exe()?;
    // <target>/<profile>/deps/<test> for tests, <target>/<profile>/<program> for others.
    let candidates = test
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(format!("turns-server{}", std::env::consts::EXE_SUFFIX)));
    candidates
        .into_iter()
        .find(|file| file.is_file())
        .ok_or_else(|| anyhow!("there is no built server: cargo build -p server, or set TURNS_SERVER"))
}
