//! One database, its servers, its people and who follows what.
//!
//! **Invariant:** all that is chosen is chosen by one seed, outside of what runs side by side.

use super::{
    client::{Client, Way},
    people::People,
    servers::{Kind, Servers},
    shape::Wish,
    truth,
    writer::Writer,
};
use crate::support::Dice;
use futures::future::join_all;
use sea_orm::DatabaseConnection;
use std::time::Duration;

const CLIENTS: usize = 9;
/// News come at once; looked for twice a second they would take longer than this on average.
const AT_ONCE: Duration = Duration::from_millis(200);

pub struct World {
    kind: Kind,
    seed: u64,
    dice: Dice,
    servers: Servers,
    db: DatabaseConnection,
    people: People,
    clients: Vec<Client>,
    round: usize,
    applied: usize,
    sent: usize,
    woken_after: Vec<Duration>,
}

/// What is shown of where a world stood when it ended badly.
struct Standing {
    text: String,
}

impl Drop for Standing {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.text);
        }
    }
}

impl World {
    pub async fn begin(kind: Kind, seed: u64) -> Self {
        let servers = Servers::start(kind).await;
        let db = servers.app().database().await;
        let people = People::sign_in(&servers.reading()[0]).await;
        let mut world = Self {
            kind,
            seed,
            dice: Dice(seed),
            servers,
            db,
            people,
            clients: vec![],
            round: 0,
            applied: 0,
            sent: 0,
            woken_after: vec![],
        };
        for _ in 0..CLIENTS {
            let client = world.new_client();
            world.clients.push(client);
        }
        world
    }

    pub async fn live(mut self, rounds: usize) {
        for round in 1..=rounds {
            self.round = round;
            let _standing = Standing {
                text: format!("in round {round} of {:?}, ORACLE_SEED={} ORACLE_ROUNDS={round}", self.kind, self.seed),
            };
            self.disturb().await;
            self.write().await;
            self.settle(round == rounds).await;
        }
        assert!(self.applied * 2 > self.sent, "most writes are applied: {} of {}", self.applied, self.sent);
        for client in &mut self.clients {
            self.woken_after.append(&mut client.woken_after);
        }
        self.woken_after.sort();
        let median = self.woken_after.get(self.woken_after.len() / 2).copied().unwrap_or_default();
        println!(
            "  {} of {} writes, woken {} times, after {median:.1?}",
            self.applied,
            self.sent,
            self.woken_after.len()
        );
        let has_bell = self.kind != Kind::Two || crate::support::is_postgres();
        assert!(!has_bell || median < AT_ONCE, "those who wait are woken after {median:?}");
    }

    fn new_client(&mut self) -> Client {
        let active: Vec<usize> = (0..self.people.len()).filter(|who| self.people.is_active(*who)).collect();
        let owner = active[self.dice.below(active.len())];
        let server = self.dice.below(2);
        let wish = match self.kind {
            Kind::Proxied => Wish::any_for_electric(&mut self.dice),
            Kind::One | Kind::Two => Wish::any(&mut self.dice),
        };
        Client::new(owner, server, wish, Client::any_way(&mut self.dice))
    }

    /// What happens between two rounds, now and then.
    async fn disturb(&mut self) {
        if self.dice.below(30) == 0 {
            self.restart().await;
        }
        if self.dice.below(12) == 0 {
            self.servers.trim([0, 3, 20][self.dice.below(3)]).await;
            self.clients.iter_mut().for_each(|client| client.is_disturbed = true);
        }
        if self.dice.below(8) == 0 {
            self.change_somebody().await;
        }
        if self.dice.below(3) == 0 {
            let (which, way) = (self.dice.below(CLIENTS), Client::any_way(&mut self.dice));
            self.clients[which].restart(way);
        }
        if self.dice.below(3) == 0 {
            let (which, mut client) = (self.dice.below(CLIENTS), self.new_client());
            std::mem::swap(&mut self.clients[which], &mut client);
            self.woken_after.append(&mut client.woken_after);
        }
    }

    async fn restart(&mut self) {
        // Who waits through the proxy would be told that Electric is away.
        if self.kind == Kind::Proxied {
            self.clients.iter_mut().for_each(|client| client.restart(client.way));
        }
        self.clients.iter_mut().for_each(|client| client.is_disturbed = true);
        self.servers.restart().await;
    }

    async fn change_somebody(&mut self) {
        let (who, role) = People::any_change(&mut self.dice);
        self.people.change(who, role, &self.servers.reading()).await;
        let urls = self.servers.reading();
        for client in self.clients.iter_mut().filter(|client| client.owner == who) {
            let was_disturbed = std::mem::replace(&mut client.is_disturbed, true);
            if !self.people.is_active(who) {
                let person = self.people.at(who, &urls[client.server % urls.len()]);
                client.is_shut_out(&person, was_disturbed).await;
            }
        }
    }

    /// Writes, beside whatever the clients do that do not wait.
    async fn write(&mut self) {
        let (reading, writing) = (self.servers.reading(), self.servers.writing());
        let mut batches = vec![];
        for _ in 0..=self.dice.below(2) {
            let url = &writing[self.dice.below(writing.len())];
            let mut writer = Writer {
                db: &self.db,
                people: &self.people,
                dice: &mut self.dice,
            };
            batches.push((writer.batch().await, url));
        }
        let people = &self.people;
        let steps = self.clients.iter_mut().filter(|client| people.is_active(client.owner));
        let steps = steps.map(|client| {
            let (person, steps) = (people.at(client.owner, &reading[client.server % reading.len()]), self.dice.below(3));
            async move {
                for _ in 0..steps {
                    client.step(&person).await;
                }
            }
        });
        let steps: Vec<_> = steps.collect();
        let writes = batches.into_iter().map(|(batch, url)| batch.send(people, url));
        let (done, _) = tokio::join!(join_all(writes), join_all(steps));
        for (applied, sent) in done {
            (self.applied, self.sent) = (self.applied + applied, self.sent + sent);
        }
    }

    /// Everybody who is told of news has them; of those who ask, some take their time.
    async fn settle(&mut self, is_last: bool) {
        let (db, accounts, reading) = (&self.db, self.people.accounts(&self.db).await, self.servers.reading());
        for client in &mut self.clients {
            let is_late = client.way == Way::Asks && !is_last && self.dice.below(2) == 0;
            if is_late || !self.people.is_active(client.owner) {
                continue;
            }
            let (account, wish) = (&accounts[client.owner], client.wish.clone());
            let person = self.people.at(client.owner, &reading[client.server % reading.len()]);
            client.settle(&person, async || truth::rows(db, account, &wish).await).await;
        }
    }
}
