//! The people of a world: signed in, promoted, shut out and let in again.
//!
//! **Invariant:** when a change returns, the servers that are read from know of it.

use super::truth::Account;
use crate::support::{Dice, Person};
use domain::Role;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use serde_json::{Value as Json, json};
use std::time::{Duration, Instant};

/// The administrator first.
const NAMES: [&str; 8] = ["admin", "senior", "manager", "vendor", "dfo", "manager2", "inspector", "ho"];
/// Whose roles and accounts change.
const CHANGING: std::ops::Range<usize> = 5..8;
/// The roles that they get.
const ROLES: [&str; 5] = ["PROPERTY_MANAGER", "SR_PROPERTY_MANAGER", "INSPECTOR", "DFO_APPROVER", "HO_APPROVER"];
/// What one server decides, others know by then.
const A_SECOND: Duration = Duration::from_secs(1);

pub struct People {
    people: Vec<Somebody>,
}

struct Somebody {
    name: &'static str,
    person: Person,
    is_active: bool,
}

impl People {
    pub async fn sign_in(url: &str) -> Self {
        let mut people = vec![];
        for name in NAMES {
            people.push(Somebody {
                name,
                person: sign_in(url, name).await,
                is_active: true,
            });
        }
        Self { people }
    }

    pub const fn len(&self) -> usize {
        self.people.len()
    }

    pub fn id(&self, who: usize) -> &str {
        &self.people[who].person.id
    }

    pub fn is_active(&self, who: usize) -> bool {
        self.people[who].is_active
    }

    /// Somebody who may be changed, and the role that they get; without one their account is closed, or opened again.
    pub fn any_change(dice: &mut Dice) -> (usize, Option<&'static str>) {
        let who = CHANGING.start + dice.below(CHANGING.len());
        (who, (dice.below(2) == 0).then(|| ROLES[dice.below(ROLES.len())]))
    }

    /// Somebody's session at one of the servers.
    pub fn at(&self, who: usize, url: &str) -> Person {
        Person {
            url: url.to_owned(),
            ..self.people[who].person.clone()
        }
    }

    /// Gives somebody another role, or closes their account, or opens it again where it is closed.
    pub async fn change(&mut self, who: usize, role: Option<&str>, urls: &[String]) {
        let change = match role {
            _ if !self.people[who].is_active => json!({"isActive": true}),
            Some(role) => json!({"role": role}),
            None => json!({"isActive": false}),
        };
        let admin = self.at(0, &urls[0]);
        let answer = admin.patch(&format!("/api/admin/users/{}", self.id(who)), &change).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        if change["isActive"] == true {
            self.people[who].person = sign_in(&urls[0], self.people[who].name).await;
        }
        if let Some(is_active) = change["isActive"].as_bool() {
            self.people[who].is_active = is_active;
        }
        for url in urls {
            self.until_known(who, &change, url).await;
        }
    }

    async fn until_known(&self, who: usize, change: &Json, url: &str) {
        let began = Instant::now();
        loop {
            let session = self.at(who, url).get("/api/auth/session").await;
            let is_known = match change["role"].as_str() {
                Some(role) => session.json["user"]["role"] == role,
                None => (session.status == 200) == self.people[who].is_active,
            };
            if is_known {
                return;
            }
            assert!(began.elapsed() < A_SECOND * 2, "{url} does not know of {change}: {}", session.text);
            tokio::task::yield_now().await;
        }
    }

    /// The accounts as they stand, in the same order.
    pub async fn accounts(&self, db: &DatabaseConnection) -> Vec<Account> {
        let sql = "SELECT CAST(id AS text), role, CAST(vendor_id AS text) FROM users";
        let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
        let accounts: Vec<Account> = rows
            .iter()
            .map(|row| Account {
                user: row.try_get_by_index(0).unwrap(),
                role: Role::from_name(&row.try_get_by_index::<String>(1).unwrap()).unwrap(),
                vendor: row.try_get_by_index(2).unwrap(),
            })
            .collect();
        let of = |somebody: &Somebody| accounts.iter().find(|account| account.user == somebody.person.id).unwrap().clone();
        self.people.iter().map(of).collect()
    }
}

/// By token: a cookie would be one server's.
async fn sign_in(url: &str, name: &str) -> Person {
    let person = Person::sign_in(url, &format!("{name}@example.com")).await;
    let bearer = format!("Bearer {}", person.token).parse().unwrap();
    let headers = [(reqwest::header::AUTHORIZATION, bearer)].into_iter().collect();
    Person {
        http: reqwest::Client::builder().default_headers(headers).build().unwrap(),
        ..person
    }
}
