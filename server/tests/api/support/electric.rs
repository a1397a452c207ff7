//! A server whose shapes another one keeps, as Electric would: a second server of ours, on the same database.

use super::{Person, TestApp, is_postgres};
use server::{
    config::{ElectricSettings, ElectricUrl, Secret, Settings},
    serve::Server,
};

pub const SECRET: &str = "s3cret-of-electric";

pub struct Front {
    server: Option<Server>,
    /// Stands in for Electric. What is written through it, it hears of at once.
    pub upstream: TestApp,
}

/// Electric at an address.
pub fn electric_at(url: &str) -> ElectricSettings {
    ElectricSettings::new(ElectricUrl::read(url).unwrap(), Some(Secret::new(SECRET)))
}

impl Front {
    pub async fn start() -> Self {
        Self::start_with(|_| {}, |_| {}).await
    }

    /// With other settings of the one that keeps the shapes, and of the one in front.
    pub async fn start_with(upstream: impl FnOnce(&mut Settings), front: impl FnOnce(&mut Settings)) -> Self {
        let upstream = TestApp::start_with(|settings| {
            settings.upstream_secret = Some(SECRET.to_owned());
            upstream(settings);
        })
        .await;
        let mut settings = upstream.settings();
        settings.upstream_secret = None;
        settings.electric = Some(electric_at(&upstream.url()));
        front(&mut settings);
        Self {
            server: Some(Server::start(settings, None).await.unwrap()),
            upstream,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.server.as_ref().unwrap().address())
    }

    pub async fn sign_in(&self, name: &str) -> Person {
        Person::sign_in(&self.url(), &format!("{name}@example.com")).await
    }

    /// The same person, with the server that keeps the shapes.
    pub fn behind(&self, person: &Person) -> Person {
        Person {
            url: self.upstream.url(),
            ..person.clone()
        }
    }

    /// The same person, where what they write is heard behind: news cross from server to server on PostgreSQL only.
    pub fn writer(&self, person: &Person) -> Person {
        if is_postgres() { person.clone() } else { self.behind(person) }
    }

    pub async fn stop(&mut self) {
        self.server.take().unwrap().stop().await;
    }
}
