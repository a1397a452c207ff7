//! `turns-server user …`: accounts from the terminal, for a first administrator, for scripts, and for the day on which
//! nobody can sign in.
//!
//! **Invariant:** the rules are those of the API, but for who may keep whom: whoever has the machine has everything.

use super::told;
use crate::{
    admin::{
        self,
        keeping::{self, By, Changes, NewPerson, StoredPassword},
    },
    auth::{Email, Passwords, accounts, password_rules},
    clock,
    config::Settings,
    db::{Db, Transaction, entity::user},
    ids,
    web::instant::Instant,
};
use anyhow::{anyhow, bail};
use clap::{Args, Subcommand};
use domain::{Role, RowId, UserId};
use std::{
    io::{BufRead, Write},
    process::ExitCode,
};

/// What to do.
#[derive(Subcommand)]
pub enum Task {
    /// Make an account; without --password-stdin its password is made, and printed once
    Add(Person),
    /// Give an account a new password, printed once, and end its sessions
    ResetPassword {
        /// The account's e-mail address
        email: String,
    },
    /// List the accounts
    List,
    /// Take an account its access, and end its sessions
    Deactivate {
        /// The account's e-mail address
        email: String,
    },
}

/// Somebody who is to have an account.
#[derive(Args)]
pub struct Person {
    /// What they sign in with
    #[arg(long, value_parser = |text: &str| Email::read(text))]
    email: Email,
    /// As it stands on the screen
    #[arg(long, value_parser = admin::name)]
    name: String,
    /// SUPER_ADMIN, ADMIN, SR_PROPERTY_MANAGER, PROPERTY_MANAGER, INSPECTOR, VENDOR, DFO_APPROVER or HO_APPROVER
    #[arg(long, value_parser = |text: &str| admin::role(&text.to_uppercase().replace('-', "_")))]
    role: Role,
    /// The id of the vendor that a vendor's account belongs to
    #[arg(long, value_name = "ID")]
    vendor: Option<RowId>,
    /// Read the password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
}

/// Does it; says on the terminal what came of it.
pub async fn run(settings: &Settings, task: Task) -> anyhow::Result<ExitCode> {
    let passwords = Passwords::new(settings.password_cost)?;
    let db = Db::open(&settings.database).await?;
    let said = match task {
        Task::Add(person) => add(&db, &passwords, person).await,
        Task::ResetPassword { email } => reset_password(&db, &passwords, &email).await,
        Task::List => list(&db).await,
        Task::Deactivate { email } => deactivate(&db, &email).await,
    };
    db.close().await;
    // A script that has closed our output has read what it wanted.
    let _ = std::io::stdout().write_all(said?.as_bytes());
    Ok(ExitCode::SUCCESS)
}

async fn add(db: &Db, passwords: &Passwords, person: Person) -> anyhow::Result<String> {
    let given = if person.password_stdin { Some(read_password(&person)?) } else { None };
    let is_one_time = given.is_none();
    let password = given.unwrap_or_else(ids::new_password);
    let stored = StoredPassword {
        hash: passwords.hash(password.clone()).await?,
        is_one_time,
    };
    let new = NewPerson {
        email: person.email,
        name: person.name,
        phone: None,
        role: person.role,
        vendor_id: person.vendor,
    };
    let tx = db.write().await.map_err(told)?;
    let made = keeping::add(&tx, &By::program("turns-server user"), new, stored, clock::now())
        .await
        .map_err(told)?;
    tx.commit().await.map_err(told)?;
    let sign_in = if is_one_time { once(&password) } else { String::new() };
    Ok(format!("{} has an account now ({})\n{sign_in}", made.email, made.role))
}

async fn reset_password(db: &Db, passwords: &Passwords, email: &str) -> anyhow::Result<String> {
    let password = ids::new_password();
    let hash = passwords.hash(password.clone()).await?;
    let tx = db.write().await.map_err(told)?;
    let id = find(&tx, email).await?;
    let (account, ended) = keeping::reset_password(&tx, &By::program("turns-server user"), id, hash, clock::now())
        .await
        .map_err(told)?;
    tx.commit().await.map_err(told)?;
    Ok(format!("{} has a new password; {ended} sessions ended\n{}", account.email, once(&password)))
}

async fn deactivate(db: &Db, email: &str) -> anyhow::Result<String> {
    let tx = db.write().await.map_err(told)?;
    let id = find(&tx, email).await?;
    let changes = Changes {
        is_active: Some(false),
        ..Changes::default()
    };
    let changed = keeping::change(&tx, &By::program("turns-server user"), id, changes, clock::now())
        .await
        .map_err(told)?;
    tx.commit().await.map_err(told)?;
    let mut said = format!("{} cannot sign in any more; {} sessions ended\n", changed.account.email, changed.sessions_ended);
    if changed.properties_managed > 0 {
        said += &format!(
            "  {} active properties are still theirs to manage: hand them over\n",
            changed.properties_managed
        );
    }
    Ok(said)
}

async fn list(db: &Db) -> anyhow::Result<String> {
    let accounts = accounts::all(db.readers()).await.map_err(told)?;
    Ok(accounts.iter().map(line).collect())
}

fn line(account: &user::Model) -> String {
    let state = if account.is_active { "active" } else { "inactive" };
    let last = account
        .last_sign_in_at
        .map_or_else(|| "never".to_owned(), |at| Instant::from_micros(at).to_string());
    format!("{}\t{}\t{state}\t{}\tlast sign-in {last}\n", account.email, account.role, account.name)
}

async fn find(tx: &Transaction, email: &str) -> anyhow::Result<UserId> {
    let account = accounts::by_email(&**tx, email).await.map_err(told)?;
    account
        .map(|account| UserId(account.id.0))
        .ok_or_else(|| anyhow!("there is no account {email}"))
}

fn read_password(person: &Person) -> anyhow::Result<String> {
    let mut password = String::new();
    std::io::stdin().lock().read_line(&mut password)?;
    let password = password.trim_end_matches(['\r', '\n']);
    if let Err(weak) = password_rules::check(password, person.email.as_str(), &person.name) {
        bail!("the password {weak}");
    }
    Ok(password.to_owned())
}

fn once(password: &str) -> String {
    format!("  Sign in with the password {password} (shown once; to be changed at the first sign-in)\n")
}
