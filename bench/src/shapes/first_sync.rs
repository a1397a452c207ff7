//! First syncs: one very large shape, and many at the same moment.

use super::{Office, follower::Follower};
use crate::report::Report;
use anyhow::{Result, ensure};
use futures::future::try_join_all;
use std::time::Instant;

/// Of a turn's columns those that a board shows: about a kilobyte for each row.
const COLUMNS: &str = "columns=id,version,created_at,updated_at,created_by,updated_by,turn_number,property_id,stage_id,stage_entered_at,priority,\
    move_out_date,due_date,completed_on,vendor_id,estimated_amount,approved_amount,approval_status,power_status,water_status,gas_status,\
    trash_out_needed,is_active,notes,property_manager_id,sr_property_manager_id&";
const AGAIN: usize = 3;
const HOMES: u32 = 200;
/// Turns of years gone by.
const TURNS_OF_A_HOME: u32 = 500;

/// Measures both.
pub async fn measure(report: &mut Report) -> Result<()> {
    let office = Office::open(HOMES, HOMES * TURNS_OF_A_HOME).await?;
    whole_table(report, &office).await?;
    many(report, &office).await
}

/// All turns, from one end to the other.
async fn whole_table(report: &mut Report, office: &Office) -> Result<()> {
    let rows = HOMES * TURNS_OF_A_HOME;
    eprintln!("A shape of {rows} rows …");
    for time in 0..=AGAIN {
        let (_, bytes, took) = Follower::sync(&office.target, office.whole("turns", COLUMNS)).await?;
        ensure!(bytes as u32 > rows * 700, "{bytes} bytes are not {rows} rows");
        let which = if time == 0 { "first time" } else { "again" };
        report.add(format!("a shape of {rows} rows, {} MB, {which}", bytes / 1_000_000), took.as_secs_f64(), "s");
    }
    Ok(())
}

/// The turns of each home, all at once.
async fn many(report: &mut Report, office: &Office) -> Result<()> {
    let homes = office.homes().await?;
    eprintln!("{} first syncs at once …", homes.len());
    for which in ["new", "again"] {
        let began = Instant::now();
        let shapes = homes
            .iter()
            .map(|home| office.whole("turns", &format!("{COLUMNS}where=property_id%3D'{home}'&")));
        let synced = try_join_all(shapes.map(|shape| Follower::sync(&office.target, shape))).await?;
        ensure!(
            synced.iter().all(|(_, bytes, _)| *bytes as u32 > TURNS_OF_A_HOME * 700),
            "a home's turns are missing"
        );
        let what = format!("{} first syncs of {TURNS_OF_A_HOME} rows at once, {which}", homes.len());
        report.add(what, began.elapsed().as_secs_f64(), "s");
    }
    Ok(())
}
