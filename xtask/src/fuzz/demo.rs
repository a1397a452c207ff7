//! A server with a demo, in a folder of its own, for as long as this command runs.
//!
//! **Invariant:** however this command ends, even killed, the server ends too and its folder goes: a guard waits for the
//! end of a pipe.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value as Json, json};

use crate::{paths, process};

/// What the shell does that outlives this command: it reads until the other end of its input is closed.
const GUARD: &str = r#"
trap '' INT TERM HUP
"$1" --demo 30 2> "$2/server.log" &
exec > /dev/null
read -r _
kill "$!"
wait
rm -rf "$2"
"#;

const READY: &str = "Turns is ready at http://";

/// The limits are for people; here one person asks as fast as the machine can.
const WITHOUT_LIMITS: [(&str, &str); 7] = [
    ("RATE_LIMIT_WRITES", "off"),
    ("RATE_LIMIT_AUTH", "off"),
    ("RATE_LIMIT_SHAPES", "off"),
    ("RATE_LIMIT_REPORTS", "off"),
    ("RATE_LIMIT_EXPORTS", "off"),
    ("RATE_LIMIT_UPLOADS", "off"),
    // A request that waits for news would wait in vain.
    ("LONG_POLL_MS", "20"),
];

/// A running server.
pub struct DemoServer {
    guard: Child,
    folder: PathBuf,
    address: String,
}

/// A folder for what a run leaves behind.
pub fn folder() -> Result<PathBuf> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder = paths::target()?.join("fuzz").join(format!("{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// What opens whole tables.
pub const SECRET: &str = "whoever-asks";

/// The server's program.
pub fn program<'a>(args: impl IntoIterator<Item = &'a str>) -> Result<Command> {
    Ok(process::program(paths::built_server()?, args))
}

impl DemoServer {
    /// Starts a server on a new database and a free port, and waits until it answers.
    pub fn start() -> Result<Self> {
        let folder = folder()?;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", GUARD, "guard"])
            .arg(program([])?.get_program())
            .arg(&folder)
            .current_dir(&folder);
        command.envs(WITHOUT_LIMITS).env("PORT", "0").env("DATABASE_URL", "sqlite://turns.db?mode=rwc");
        command.env("UPSTREAM_SECRET", SECRET);
        let mut guard = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let output = guard.stdout.take().context("the output of the server")?;
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let address = lines.find_map(|line| line.strip_prefix(READY).map(str::to_owned));
        let mut server = Self {
            guard,
            folder,
            address: String::new(),
        };
        server.address = match address {
            Some(address) => address,
            None => bail!("the server did not start: {}", server.log()),
        };
        Ok(server)
    }

    /// Where it keeps everything.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its address, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("server.log")).unwrap_or_default()
    }

    /// Begins a session of a demo account; gives its token.
    pub fn sign_in(&self, email: &str) -> Result<String> {
        let body = json!({"email": email, "password": "turns-demo"}).to_string();
        let headers = format!("Content-Type: application/json\r\nContent-Length: {}", body.len());
        let answer: Json = serde_json::from_str(&self.ask(&format!("POST /api/auth/login HTTP/1.0\r\n{headers}\r\n\r\n{body}"))?)?;
        answer["token"].as_str().map(str::to_owned).context("the answer to signing in has no token")
    }

    /// What an address answers.
    pub fn get(&self, path: &str, token: &str) -> Result<String> {
        self.ask(&format!("GET {path} HTTP/1.0\r\nAuthorization: Bearer {token}\r\n\r\n"))
    }

    /// One request, whole; HTTP 1.0 ends its answer by closing the connection. A client library would be the only one here.
    fn ask(&self, request: &str) -> Result<String> {
        let mut connection = TcpStream::connect(&self.address)?;
        connection.set_read_timeout(Some(Duration::from_secs(30)))?;
        connection.write_all(request.as_bytes())?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("the answer has no end of its head")?;
        let status = head.lines().next().unwrap_or_default();
        if !status.contains(" 200 ") {
            bail!("{} answered {status}: {body}", request.lines().next().unwrap_or_default());
        }
        Ok(body.to_owned())
    }
}

impl Drop for DemoServer {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // Its end is only waited for; there is nothing to be done about an error.
        let _ = self.guard.wait();
    }
}
