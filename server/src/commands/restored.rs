//! `turns-server restored`: what to run once a backup has been put back, before the server starts on it.
//!
//! Devices have followed the lost days: their places in the log may come to exist again, with other changes behind them. So
//! the database gets a new name and its log begins far beyond any place that was ever given.
//!
//! **Invariant:** afterwards no place from before is in the log, and every handle is another.

use crate::{
    config::Settings,
    db::{Db, counters, entity::meta},
    ids,
    problem::Result,
};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use std::process::ExitCode;

/// More transactions than were lost, and few enough that numbers stay exact wherever they are read.
const FAR: i64 = 1_000_000_000;

/// Does it, and says so.
pub async fn run(settings: &Settings) -> anyhow::Result<ExitCode> {
    let db = Db::open(&settings.database).await?;
    let done = begin_anew(&db).await;
    db.close().await;
    done.map_err(|failure| anyhow::anyhow!("{failure}"))?;
    println!("Every device begins anew with what is here, and keeps what it has not sent.");
    Ok(ExitCode::SUCCESS)
}

async fn begin_anew(db: &Db) -> Result<()> {
    let tx = db.write().await?;
    let (_, end) = counters::ends_of_log(&*tx).await?;
    for name in [counters::CHANGE_POSITION, counters::CHANGES_TRIMMED_TO] {
        counters::set(&*tx, name, end + FAR).await?;
    }
    let epoch = meta::Model {
        key: "epoch".to_owned(),
        value: ids::new_id().to_string(),
    };
    meta::Entity::update(epoch.into_active_model().reset_all()).exec(&*tx).await?;
    tx.commit().await
}
