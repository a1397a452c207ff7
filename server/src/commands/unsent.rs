//! `turns-server import-unsent FILE`: what a device has handed over, applied as its user's writes.
//!
//! **Invariant:** it does what `POST /api/admin/unsent` does; a server that runs meanwhile hears of it like of any other's commits.

use super::{passphrase, told};
use crate::{
    clock,
    config::Settings,
    db::Db,
    handover::{
        apply::{self, Imported, ImportedWrite, Outcome},
        handlers,
    },
    problem::Result,
    uploads::{Uploads, handed_over::Shelf},
    web::client::Client,
    write::WriteQueue,
};
use clap::Args;
use protocol::handover::DeviceWrites;
use std::{fmt::Write, path::PathBuf, process::ExitCode};

const NAME: &str = "turns-server import-unsent";

/// A device's file.
#[derive(Args)]
pub struct HandedOver {
    /// The file
    file: PathBuf,
    /// The first line of this file is the passphrase; without it, it is asked for
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// Does it; says what came of each write.
pub async fn run(settings: &Settings, given: HandedOver) -> anyhow::Result<ExitCode> {
    let device = passphrase::open(&given.file, given.passphrase_file).await?;
    let db = Db::open(&settings.database).await?;
    let uploads = Uploads::open(&settings.uploads).await?;
    let shelf = Shelf {
        db: &db,
        uploads: &uploads,
        settings: &settings.uploads,
    };
    let imported = import(shelf, device).await;
    db.close().await;
    print!("{}", text(&imported.map_err(told)?));
    Ok(ExitCode::SUCCESS)
}

async fn import(shelf: Shelf<'_>, device: DeviceWrites) -> Result<Imported> {
    let db = shelf.db;
    let (client, at) = (Client::default(), clock::now());
    let author = handlers::author(db, &device, &client, NAME).await?;
    let imported = apply::apply(shelf, &WriteQueue::open(db.clone()), &author, device, at).await?;
    let client = Client {
        agent: Some(NAME.to_owned()),
        ..client
    };
    handlers::note(db, None, &client, &imported, at).await?;
    Ok(imported)
}

fn text(imported: &Imported) -> String {
    let counts = imported.counts;
    let mut text = format!(
        "The work of {} on device {}, as of {}: {} applied now, {} before, {} kept for a supervisor, {} refused, {} given up on the device\n",
        imported.user.name, imported.device_id, imported.exported_at, counts.applied, counts.already, counts.held, counts.refused, counts.discarded
    );
    for write in &imported.writes {
        let _ = writeln!(text, "  {}", line(write));
    }
    for photo in &imported.photos {
        let outcome = photo
            .problem
            .as_ref()
            .map_or_else(|| "kept".to_owned(), |problem| format!("refused: {}", problem.message));
        let _ = writeln!(text, "  photo of document {} {outcome}", photo.document_id);
    }
    text
}

fn line(write: &ImportedWrite) -> String {
    let id = write.write_id.map_or_else(|| "without an id".to_owned(), |id| id.to_string());
    let what = format!("{} {} {}", write.seq, write.operation.name(), write.table.as_deref().unwrap_or("?"));
    let outcome = match write.outcome {
        Outcome::Applied => "applied now",
        Outcome::Already => "applied before",
        Outcome::Held => "kept for a supervisor",
        Outcome::Refused => "refused",
        Outcome::Discarded => "given up on the device",
    };
    let problem = write.problem.as_ref().filter(|_| write.outcome == Outcome::Refused);
    let why = problem.map(|problem| format!(": {}", problem.message)).unwrap_or_default();
    format!("{what} ({id}) {outcome}{why}")
}
