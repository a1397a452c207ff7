//! PostgreSQL for tests: a server and a streaming standby of it, in a folder of their own, for as long as this command runs.
//!
//! They listen on sockets in that folder only, so they meet no other PostgreSQL, nor a second run of this.
//!
//! **Invariant:** however this command ends, even killed, they end too and their folder goes: a guard waits for the end of a pipe.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::{apt, paths, process};

const PRIMARY_PORT: &str = "5432";
const STANDBY_PORT: &str = "5433";

/// Durability is PostgreSQL's own concern; without it the tests take a fraction of the time.
const SETTINGS: &str = "
listen_addresses = ''
unix_socket_permissions = 0700
fsync = off
full_page_writes = off
autovacuum = off
max_connections = 200
";

/// What the shell does that outlives this command: it reads until the other end of its input is closed.
const GUARD: &str = r#"
trap '' INT TERM HUP
read -r _
for server in standby primary; do "$1/pg_ctl" --pgdata="$2/$server" --mode=immediate stop; done
rm -rf "$2"
"#;

/// Two running servers.
pub struct Cluster {
    folder: PathBuf,
    programs: Programs,
    guard: Option<Child>,
}

/// PostgreSQL's programs, and as whom they are run.
struct Programs {
    folder: PathBuf,
    /// Set where this user is root, which PostgreSQL refuses.
    user: Option<User>,
}

/// Somebody else.
struct User {
    id: u32,
    group: u32,
}

/// `cargo xtask postgres <command…>`: runs a command that may test on the servers.
pub fn run(line: &[String]) -> Result<()> {
    let Some((name, args)) = line.split_first() else {
        bail!("postgres runs a command, such as: cargo xtask postgres cargo test -p server --test api");
    };
    let cluster = Cluster::start()?;
    process::run(cluster.tell(&mut process::program(name, args.iter().map(String::as_str))))
}

impl Cluster {
    /// Makes and starts the servers.
    pub fn start() -> Result<Self> {
        let programs = Programs::find()?;
        // A socket's path may have some hundred characters, and another user must come to it: not below the target folder.
        let folder = PathBuf::from(format!("/tmp/turns-postgres-{}", std::process::id()));
        std::fs::create_dir(&folder).with_context(|| format!("making {}", folder.display()))?;
        if let Some(user) = &programs.user {
            user.own(&folder)?;
        }
        let mut guard = programs.command("/bin/sh", &folder);
        guard.args(["-c", GUARD, "guard"]).arg(&programs.folder).arg(&folder);
        let guard = guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let cluster = Self {
            folder,
            programs,
            guard: Some(guard),
        };
        cluster.start_primary()?;
        cluster.start_standby()?;
        Ok(cluster)
    }

    /// Tells a test program where the servers are.
    pub fn tell<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let url = |port: &str| format!("postgres://turns@localhost:{port}/postgres?host={}", self.folder.display());
        command
            .env("TURNS_TEST_DATABASE", "postgres")
            .env("TURNS_TEST_POSTGRES_URL", url(PRIMARY_PORT))
            .env("TURNS_TEST_REPLICA_URL", url(STANDBY_PORT))
    }

    fn start_primary(&self) -> Result<()> {
        let text_order = "--locale=C.UTF-8";
        self.run(
            "initdb",
            &[
                "--pgdata=primary",
                "--username=turns",
                "--auth=trust",
                "--encoding=UTF8",
                text_order,
                "--no-sync",
            ],
        )?;
        self.configure(
            "primary",
            &format!("{SETTINGS}\nunix_socket_directories = '{}'\nport = {PRIMARY_PORT}\n", self.folder.display()),
        )?;
        self.start_server("primary")
    }

    fn start_standby(&self) -> Result<()> {
        let host = format!("--host={}", self.folder.display());
        let port = format!("--port={PRIMARY_PORT}");
        let from = [host.as_str(), port.as_str(), "--username=turns"];
        let copy = [
            "--pgdata=standby",
            "--checkpoint=fast",
            "--no-sync",
            "--write-recovery-conf",
            "--create-slot",
            "--slot=standby",
        ];
        self.run("pg_basebackup", &[&from[..], &copy].concat())?;
        self.configure("standby", &format!("port = {STANDBY_PORT}\n"))?;
        self.start_server("standby")
    }

    /// What stands last in the file counts.
    fn configure(&self, server: &str, settings: &str) -> Result<()> {
        use std::io::Write;
        let file = self.folder.join(server).join("postgresql.conf");
        let mut file = std::fs::OpenOptions::new().append(true).open(file)?;
        Ok(file.write_all(settings.as_bytes())?)
    }

    fn start_server(&self, server: &str) -> Result<()> {
        let log = format!("{server}.log");
        let started = self.run("pg_ctl", &["start", "--wait", "--silent", "--pgdata", server, "--log", &log]);
        started.with_context(|| std::fs::read_to_string(self.folder.join(log)).unwrap_or_default())
    }

    fn run(&self, program: &str, args: &[&str]) -> Result<()> {
        let mut command = self.programs.command(self.programs.folder.join(program), &self.folder);
        // The servers would keep a pipe of ours open for as long as they run.
        let output = self.folder.join("output.log");
        let file = std::fs::File::create(&output)?;
        let status = command.args(args).stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).status()?;
        if !status.success() {
            bail!("{} ended with {status}: {}", process::line(&command), std::fs::read_to_string(&output)?.trim());
        }
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut guard) = self.guard.take() {
            drop(guard.stdin.take());
            // Its end is only waited for; there is nothing to be done about an error.
            let _ = guard.wait();
        }
    }
}

impl Programs {
    /// Finds the programs, or installs them on Debian and its like.
    fn find() -> Result<Self> {
        let folder = match Self::folder() {
            Some(folder) => folder,
            None => {
                let needed = "the API tests need PostgreSQL's programs (initdb, pg_ctl, pg_basebackup): install PostgreSQL 15 or later";
                apt::install(&["postgresql"], needed)?;
                Self::folder().context(needed)?
            }
        };
        let user = if process::is_root() { Some(User::unprivileged()?) } else { None };
        Ok(Self { folder, user })
    }

    /// Debian keeps them off the PATH, in a folder for each version; the newest is taken.
    fn folder() -> Option<PathBuf> {
        let on_path = paths::find_program("pg_basebackup").and_then(|file| Some(std::fs::canonicalize(file).ok()?.parent()?.to_path_buf()));
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let mut folders: Vec<(u32, PathBuf)> = versions
            .filter_map(|version| Some((version.file_name().to_str()?.parse().ok()?, version.path().join("bin"))))
            .collect();
        folders.sort();
        let mut candidates = folders.into_iter().rev().map(|(_, folder)| folder).chain(on_path);
        candidates.find(|folder| ["initdb", "pg_ctl", "pg_basebackup"].iter().all(|name| folder.join(name).is_file()))
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder).env("LC_ALL", "C.UTF-8");
        if let Some(user) = &self.user {
            user.run(&mut command);
        }
        command
    }
}

impl User {
    /// The user that PostgreSQL's package has made, else nobody.
    fn unprivileged() -> Result<Self> {
        let accounts = std::fs::read_to_string("/etc/passwd").context("PostgreSQL does not run as root")?;
        let find = |name: &str| {
            let mut lines = accounts.lines().map(|line| line.split(':'));
            let mut fields = lines.find_map(|mut fields| (fields.next() == Some(name)).then_some(fields))?;
            let id = fields.nth(1)?.parse().ok()?;
            let group = fields.next()?.parse().ok()?;
            Some(Self { id, group })
        };
        find("postgres")
            .or_else(|| find("nobody"))
            .context("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")
    }

    #[cfg(unix)]
    fn own(&self, folder: &Path) -> Result<()> {
        Ok(std::os::unix::fs::chown(folder, Some(self.id), Some(self.group))?)
    }

    #[cfg(unix)]
    fn run(&self, command: &mut Command) {
        use std::os::unix::process::CommandExt;
        command.uid(self.id).gid(self.group);
    }

    #[cfg(not(unix))]
    fn own(&self, _: &Path) -> Result<()> {
        bail!("user {} of group {} is a Unix one", self.id, self.group)
    }

    #[cfg(not(unix))]
    fn run(&self, _: &mut Command) {}
}
