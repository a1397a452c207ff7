//! `turns-server`: serves; or imports a file, audits one or keeps accounts, and ends.
//!
//! **Invariant:** standard output is for people and scripts (the address, new accounts, what a command did); the log
//! goes to standard error.

use clap::{Parser, Subcommand};
use domain::permission;
use server::{
    commands::{audit_outbox, restored, unsent, user},
    config::Settings,
    demo::{self, Demo},
    import, logging, openapi,
    serve::Server,
};
use std::{io::Write, path::PathBuf, process::ExitCode};

/// A waiting request is a few dozen small pieces of memory, and there are thousands.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The server of Turns: rental homes made ready between tenants. Settings come from the environment
/// (DATABASE_URL, DATABASE_POOLED_URL, READ_REPLICA_URL, HOST, PORT, PUBLIC_URL, LOG).
#[derive(Parser)]
#[command(name = "turns-server", version)]
struct Command {
    #[command(subcommand)]
    task: Option<Task>,
    /// In an empty database, make a portfolio of so many properties, with accounts
    #[arg(long, value_name = "PROPERTIES")]
    demo: Option<u32>,
    /// What the demo data are drawn from: the same seed, the same portfolio
    #[arg(long, default_value_t = 1, requires = "demo")]
    seed: u64,
    /// How many turns of years gone by the demo has, for reports; by default one for each property, at most 2,000
    #[arg(long, requires = "demo")]
    past_turns: Option<u32>,
}

#[derive(Subcommand)]
enum Task {
    /// Print the API's description (OpenAPI 3.1)
    Openapi,
    /// Load properties from a CSV file: all of its lines, or none
    Import {
        /// The file, with a header line
        file: PathBuf,
    },
    /// Keep accounts
    #[command(subcommand)]
    User(user::Task),
    /// Apply the unsent work that a device has handed over as a file, as its user’s writes; each write once, however often
    ImportUnsent(unsent::HandedOver),
    /// Hold a device’s file against what is here: is every write applied, resolved or waiting? Ends with 1 where anything disagrees
    AuditOutbox(audit_outbox::Audit),
    /// After a backup was put back, and before the server starts: have every device begin anew
    Restored,
    /// Print who may see and do what, as a Markdown table
    Permissions,
}

#[tokio::main]
async fn main() -> ExitCode {
    let command = Command::parse();
    let settings = match Settings::read(|name| std::env::var(name).ok()) {
        Ok(settings) => settings,
        Err(wrong) => return failed(&wrong),
    };
    logging::start(&settings);
    let done = match command.task {
        Some(Task::Openapi) => {
            println!("{}", openapi::text());
            Ok(ExitCode::SUCCESS)
        }
        Some(Task::Import { file }) => import::run(&settings, &file).await,
        Some(Task::User(task)) => user::run(&settings, task).await,
        Some(Task::ImportUnsent(file)) => unsent::run(&settings, file).await,
        Some(Task::AuditOutbox(audit)) => audit_outbox::run(&settings, audit).await,
        Some(Task::Restored) => restored::run(&settings).await,
        Some(Task::Permissions) => {
            print!("{}", permission::page());
            Ok(ExitCode::SUCCESS)
        }
        None => {
            serve(
                settings,
                command.demo.map(|properties| Demo {
                    properties,
                    seed: command.seed,
                    past_turns: command.past_turns.unwrap_or(properties.min(2_000)),
                }),
            )
            .await
        }
    };
    match done {
        Ok(code) => code,
        Err(error) => failed(&format!("{error:#}")),
    }
}

async fn serve(settings: Settings, demo: Option<Demo>) -> anyhow::Result<ExitCode> {
    // Asked for before the address is printed: whoever reads it may stop us at once.
    let asked_to_stop = asked_to_stop()?;
    let server = Server::start(settings, demo).await?;
    announce(&server);
    asked_to_stop.await;
    tracing::info!("stopping");
    server.stop().await;
    Ok(ExitCode::SUCCESS)
}

fn announce(server: &Server) {
    let mut text = format!("Turns is ready at {}\n", server.url());
    for account in server.new_accounts() {
        text += &match account.password.as_str() {
            demo::PASSWORD => format!("  {:<24}{:<24}password {}\n", account.email, account.role.name(), account.password),
            once => format!(
                "  Sign in as {} with the password {once} (shown once; to be changed at the first sign-in)\n",
                account.email
            ),
        };
    }
    // A script that has closed our output has read what it wanted.
    let _ = std::io::stdout().write_all(text.as_bytes());
    let _ = std::io::stdout().flush();
}

#[cfg(unix)]
fn asked_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn asked_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without a handler for Ctrl-C the system ends the process itself.
        let _ = tokio::signal::ctrl_c().await;
    })
}

fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    let line = error.to_string().replace('\n', " ");
    eprintln!("turns-server: {line}");
    ExitCode::FAILURE
}
