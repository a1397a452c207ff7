//! The servers of a world, and what happens to them.
//!
//! **Invariant:** what is written at one of the addresses for writing is heard at all those for reading.

use crate::support::{Another, Front, TestApp, is_postgres};
use domain::Timestamp;
use server::{config::Settings, shapes::trim};
use std::time::Duration;

pub enum Servers {
    One(TestApp),
    /// On one database.
    Two(TestApp, Another),
    /// One that keeps the shapes, and one in front.
    Proxied(Front),
}

/// Which servers there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    One,
    Two,
    Proxied,
}

/// Pages so small that a first sync takes many, waits so long that nothing but news ends them.
fn small(settings: &mut Settings) {
    settings.limits.page_rows = 4;
    settings.limits.page_bytes = 2_500;
    settings.limits.long_poll = Duration::from_secs(600);
    settings.limits.stream = Duration::from_secs(3);
}

impl Servers {
    pub async fn start(kind: Kind) -> Self {
        match kind {
            Kind::One => Self::One(TestApp::start_with(small).await),
            Kind::Two => {
                let app = TestApp::start_with(small).await;
                let other = app.another().await;
                Self::Two(app, other)
            }
            Kind::Proxied => Self::Proxied(Front::start_with(small, |_| {}).await),
        }
    }

    /// The one that reads the shapes from the database.
    pub const fn app(&self) -> &TestApp {
        match self {
            Self::One(app) | Self::Two(app, _) => app,
            Self::Proxied(front) => &front.upstream,
        }
    }

    /// Where shapes are followed.
    pub fn reading(&self) -> Vec<String> {
        match self {
            Self::One(app) => vec![app.url()],
            Self::Two(app, other) => vec![app.url(), other.url()],
            Self::Proxied(front) => vec![front.url()],
        }
    }

    /// Where writes go.
    pub fn writing(&self) -> Vec<String> {
        match self {
            // News cross from server to server at once on PostgreSQL only.
            Self::Proxied(front) if !is_postgres() => vec![front.upstream.url()],
            others => others.reading(),
        }
    }

    /// Stops the one that keeps the shapes, and starts it again at its address.
    pub async fn restart(&mut self) {
        match self {
            Self::One(app) | Self::Two(app, _) => app.restart().await,
            Self::Proxied(front) => front.upstream.restart().await,
        }
    }

    /// Forgets all of the log but its last entries.
    pub async fn trim(&self, keep_entries: u64) {
        let mut limits = self.app().settings().limits;
        limits.keep_entries = keep_entries;
        trim::trim(&self.app().db(), &limits, Timestamp::from_micros(0)).await.unwrap();
    }
}
