//! `turns-server audit-outbox FILE`: holds what a device knows of its writes against receipts, quarantine and audit log.
//!
//! **Invariant:** it changes nothing. It ends with 0 only where every write of the file is applied, resolved or waiting, and nothing disagrees.

use super::{passphrase, told};
use crate::{config::Settings, db::Db, handover::look_up, web::instant::Instant};
use clap::Args;
use domain::Timestamp;
use protocol::handover::{
    DeviceWrites,
    reckon::{Reckoning, reckon},
};
use serde_json::json;
use std::{fmt::Write, path::PathBuf, process::ExitCode};

/// What to hold against the database, and how to say it.
#[derive(Args)]
pub struct Audit {
    /// The file that a device has handed over
    file: PathBuf,
    /// The first line of this file is the passphrase; without it, it is asked for
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Several people use the device: numbers that are missing in its order are theirs
    #[arg(long)]
    shared: bool,
    /// Say it as JSON
    #[arg(long)]
    json: bool,
}

/// Does it; says what agrees and what does not.
pub async fn run(settings: &Settings, audit: Audit) -> anyhow::Result<ExitCode> {
    let device = passphrase::open(&audit.file, audit.passphrase_file).await?;
    let db = Db::open(&settings.database).await?;
    let known = look_up::all(db.readers(), &device).await;
    db.close().await;
    let reckoning = reckon(&device, &known.map_err(told)?, audit.shared);
    if audit.json {
        println!("{}", json(&device, &reckoning));
    } else {
        print!("{}", text(&device, &reckoning));
    }
    Ok(if reckoning.is_right() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn json(device: &DeviceWrites, reckoning: &Reckoning) -> serde_json::Value {
    json!({
        "right": reckoning.is_right(),
        "user": device.user.id,
        "deviceId": device.device_id,
        "exportedAtMs": device.exported_at_ms,
        "lost": reckoning.lost(),
        "reckoning": reckoning,
    })
}

fn text(device: &DeviceWrites, reckoning: &Reckoning) -> String {
    let exported_at = Instant(Timestamp::from_millis(device.exported_at_ms));
    let Reckoning {
        enqueued,
        applied,
        applied_unheard,
        resolved,
        waiting,
        ..
    } = reckoning;
    let mut text = format!("The writes of {} on device {}, as of {exported_at}:\n", device.user.name, device.device_id);
    let is_sum = if reckoning.lost() == 0 { "=" } else { "≠" };
    let _ = writeln!(
        text,
        "  {enqueued} enqueued {is_sum} {applied} applied + {resolved} resolved by their user + {waiting} waiting"
    );
    if *applied_unheard > 0 {
        let _ = writeln!(text, "  ({applied_unheard} of those applied the device has not heard of yet)");
    }
    for discrepancy in &reckoning.discrepancies {
        let id = discrepancy.write_id.map(|id| format!(" ({id})")).unwrap_or_default();
        let _ = writeln!(text, "  {}{id}: {}", discrepancy.seq, discrepancy.wrong);
    }
    let verdict = if reckoning.is_right() {
        "Everything agrees.".to_owned()
    } else {
        format!("{} lost; {} discrepancies.", reckoning.lost(), reckoning.discrepancies.len())
    };
    let _ = writeln!(text, "{verdict}");
    text
}
