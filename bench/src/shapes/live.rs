//! From a commit to those who wait: many on one shape, each on a shape of their own, and one that must keep up.

use super::{
    Office,
    follower::{Follower, Received},
};
use crate::{report::Report, server::memory};
use anyhow::{Context, Result, ensure};
use futures::future::try_join_all;
use std::time::{Duration, Instant};
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    task::JoinSet,
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(60);
const MIB: f64 = 1_048_576.0;

/// Homes whose turns are followed; two in five of them are being turned.
const HOMES: u32 = 2_600;
const SHAPE: &str = "/api/sync/turns?";

/// Measures all of it.
pub async fn measure(report: &mut Report) -> Result<()> {
    let office = Office::open(HOMES, 0).await?;
    for (clients, writes) in [(1, 100), (100, 50), (1_000, 30), (5_000, 20)] {
        one_shape(report, &office, clients, writes).await?;
    }
    own_shapes(report, &office, 1_000).await?;
    behind(report, &office, 8, 10_000).await
}

/// A crowd that waits.
struct Crowd {
    tasks: JoinSet<Result<()>>,
    received: UnboundedReceiver<Received>,
}

impl Crowd {
    fn of(followers: Vec<Follower>) -> Self {
        let (sender, received) = unbounded_channel();
        let mut tasks = JoinSet::new();
        for follower in followers {
            tasks.spawn(follower.follow(sender.clone()));
        }
        Self { tasks, received }
    }

    async fn next(&mut self) -> Result<Received> {
        tokio::select! {
            received = timeout(PATIENCE, self.received.recv()) => received.context("a write did not arrive")?.context("nobody follows any more"),
            Some(ended) = self.tasks.join_next() => Err(ended?.err().context("a follower has stopped")?),
        }
    }
}

/// So many clients on one shape; each write once all of them have the one before and wait again.
async fn one_shape(report: &mut Report, office: &Office, clients: usize, writes: usize) -> Result<()> {
    eprintln!("{clients} clients on one shape …");
    let (first, ..) = Follower::sync(&office.target, SHAPE.to_owned()).await?;
    let mut followers = vec![];
    while followers.len() + 1 < clients {
        let some = (followers.len() + 1..clients).take(100).map(|_| first.another(&office.target));
        followers.extend(try_join_all(some).await?);
    }
    followers.push(first);
    let mut crowd = Crowd::of(followers);
    let mut writer = office.writer().await?;
    let (cpu_before, mut milliseconds) = (office.cpu_seconds()?, vec![]);
    for _ in 0..writes {
        office.until_waiting(clients).await?;
        let write = writer.write(0).await?;
        for _ in 0..clients {
            let received = crowd.next().await?;
            ensure!(received.write == write.number, "write {} came instead of {}", received.write, write.number);
            milliseconds.push(write.until(received.at));
        }
    }
    let what = format!("commit → live answer, {clients} on one shape");
    report.add_times(&what, milliseconds);
    let cpu_micros = (office.cpu_seconds()? - cpu_before) * 1e6 / (clients * writes) as f64;
    report.add(format!("{what}: the server's CPU for each answer"), cpu_micros, "µs");
    report.add(format!("{what}: the server's memory"), memory::held(office.process)? as f64 / MIB, "MiB");
    Ok(())
}

/// So many clients, each with one row of its own.
async fn own_shapes(report: &mut Report, office: &Office, clients: usize) -> Result<()> {
    const WRITES: usize = 100;
    eprintln!("{clients} clients with a filter each …");
    ensure!(office.turns.len() >= clients, "{} turns are too few", office.turns.len());
    let began = Instant::now();
    let shapes = office.turns.iter().take(clients).map(|turn| format!("{SHAPE}where=id%3D'{turn}'&"));
    let followers = try_join_all(shapes.map(|shape| Follower::sync(&office.target, shape))).await?;
    report.add(format!("{clients} shapes with a filter each, made"), began.elapsed().as_secs_f64(), "s");
    let mut crowd = Crowd::of(followers.into_iter().map(|(follower, ..)| follower).collect());
    let mut writer = office.writer().await?;
    let mut milliseconds = vec![];
    for turn in 0..WRITES {
        office.until_waiting(clients).await?;
        let write = writer.write(turn).await?;
        milliseconds.push(write.until(crowd.next().await?.at));
    }
    report.add_times(&format!("commit → live answer, {clients} filters with one client each"), milliseconds);
    Ok(())
}

/// How far one client is behind when writes come as fast as they are committed.
async fn behind(report: &mut Report, office: &Office, writers: usize, writes: usize) -> Result<()> {
    eprintln!("{writes} writes, one client …");
    let (follower, ..) = Follower::sync(&office.target, SHAPE.to_owned()).await?;
    let mut crowd = Crowd::of(vec![follower]);
    office.until_waiting(1).await?;
    let began = Instant::now();
    let all = (0..writers).map(async |number| {
        let mut writer = office.writer().await?;
        for _ in 0..writes / writers {
            writer.write(number).await?;
        }
        anyhow::Ok(Instant::now())
    });
    let receive = async {
        let mut last = began;
        for _ in 0..writes {
            last = crowd.next().await?.at;
        }
        anyhow::Ok(last)
    };
    let (written, received) = tokio::try_join!(try_join_all(all), receive)?;
    let last_commit = written.into_iter().max().unwrap_or(began);
    report.add(
        format!("{writes} single writes over {writers} connections"),
        (last_commit - began).as_secs_f64(),
        "s",
    );
    let behind = received.checked_duration_since(last_commit).unwrap_or_default();
    report.add("from the last of them to the live client", behind.as_secs_f64(), "s");
    Ok(())
}
