//! A client that follows a shape, as Electric's does: to the end, then live, for as long as it runs.

use super::connection::{Connection, Page, Target};
use anyhow::Result;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;

/// What stands before a write's number in the row that it changes.
pub const MARK: &str = "bench-";

/// A write has reached a follower.
#[derive(Clone, Copy, Debug)]
pub struct Received {
    /// Which write.
    pub write: usize,
    /// When its last byte was there.
    pub at: Instant,
}

/// A client and its place.
pub struct Follower {
    connection: Connection,
    shape: String,
    place: Page,
}

impl Follower {
    /// A first sync to its end; gives the follower, the bytes and how long the requests took.
    pub async fn sync(target: &Target, shape: String) -> Result<(Self, usize, Duration)> {
        let mut connection = Connection::open(target).await?;
        let (mut bytes, mut took) = (0, Duration::ZERO);
        let mut path = format!("{shape}offset=-1");
        loop {
            let asked = Instant::now();
            let place = connection.page(&path).await?;
            took += asked.elapsed();
            bytes += place.body.len();
            path = format!("{shape}offset={}&handle={}", place.offset, place.handle);
            if place.is_up_to_date {
                let follower = Self { connection, shape, place };
                return Ok((follower, bytes, took));
            }
        }
    }

    /// One more client at the same place.
    pub async fn another(&self, target: &Target) -> Result<Self> {
        Ok(Self {
            connection: Connection::open(target).await?,
            shape: self.shape.clone(),
            place: self.place.clone(),
        })
    }

    /// Follows live and tells of every write that comes, until nobody listens any more.
    pub async fn follow(mut self, received: UnboundedSender<Received>) -> Result<()> {
        loop {
            let Page { offset, handle, cursor, .. } = &self.place;
            let path = format!("{}offset={offset}&handle={handle}&live=true&cursor={cursor}", self.shape);
            self.place = self.connection.page(&path).await?;
            let at = Instant::now();
            for write in writes_in(&self.place.body) {
                if received.send(Received { write, at }).is_err() {
                    return Ok(());
                }
            }
        }
    }
}

/// The numbers of the writes in a page.
fn writes_in(body: &[u8]) -> impl Iterator<Item = usize> {
    let text = std::str::from_utf8(body).unwrap_or_default();
    text.split(MARK).skip(1).filter_map(|rest| {
        let digits = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
        rest[..digits].parse().ok()
    })
}
