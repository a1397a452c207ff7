//! An office and a server that are asked the same.

use domain::{Row, Table, UserId, WriteId};
use protocol::{BatchRequest, Problem, ShapeRequest, WriteAnswer, handover::DeviceWrites};
use serde_json::{Value as Json, json};
use sim::{
    dice::Dice,
    office::{Office, people},
    real::Real,
    server::{Server, Token},
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use sync::{
    RowChange,
    shape_stream::{Event, ShapeAnswer},
};

pub struct Both {
    seed: u64,
    at_ms: i64,
    office: Office,
    real: Real,
    sessions: BTreeMap<UserId, Token>,
    applied: usize,
    /// How often each kind of answer was given.
    pub answers: BTreeMap<String, usize>,
}

impl Both {
    pub fn open(seed: u64) -> Self {
        let (mut office, mut real) = (Office::open(None), Real::open());
        let mut sessions = BTreeMap::new();
        for person in people() {
            let (token, signed_in) = office.sign_in(person.id);
            assert_eq!((token, signed_in), real.sign_in(person.id));
            sessions.insert(person.id, token);
        }
        Self {
            seed,
            at_ms: 0,
            office,
            real,
            sessions,
            applied: 0,
            answers: BTreeMap::new(),
        }
    }

    /// What stands in a table.
    pub fn rows(&self, table: Table) -> Vec<Row> {
        self.office.clone().rows(table)
    }

    pub fn write(&mut self, user: UserId, batch: &BatchRequest) {
        self.at_ms += 1_000;
        let token = self.sessions[&user];
        let told = |answers: Result<Vec<WriteAnswer>, Problem>| answers.map(|answers| answers.iter().map(answer).collect::<Vec<_>>()).map_err(problem);
        let (office, real) = (
            told(self.office.write(token, batch, self.at_ms)),
            told(self.real.write(token, batch, self.at_ms)),
        );
        let sent: Vec<String> = batch.operations.iter().map(Json::to_string).collect();
        self.require_same(&office, &real, &|| format!("{user} sends\n{}", sent.join("\n")));
        for (answer, sent) in office.into_iter().flatten().zip(&batch.operations) {
            let is_applied = answer["error"].is_null();
            self.count(answer["error"]["code"].as_str().unwrap_or("applied"));
            if let (true, Some(operation), Some(table)) = (is_applied, sent["operation"].as_str(), sent["table"].as_str()) {
                self.count(&format!("{operation} {table}"));
            }
        }
    }

    /// A supervisor decides one of the writes that wait.
    pub fn supervise(&mut self, dice: &Dice) {
        self.at_ms += 1_000;
        let (office, real) = (self.office.quarantined(), self.real.quarantined());
        self.require_same(&office, &real, &|| "waiting".to_owned());
        // What nobody knows, too.
        let chosen = office.get(dice.below(office.len() + 1)).copied();
        let write = chosen.unwrap_or(WriteId(sim::office::ids::made(dice.below(40) as u64)));
        if dice.one_in(4) {
            let (office, real) = (
                self.office.refuse(write, "it is done", self.at_ms),
                self.real.refuse(write, "it is done", self.at_ms),
            );
            return self.require_same(&office.map_err(problem), &real.map_err(problem), &|| format!("refuse {write}"));
        }
        let looked_at = dice.one_in(3).then(|| dice.below(6) as i64);
        let (office, real) = (self.office.adopt(write, looked_at, self.at_ms), self.real.adopt(write, looked_at, self.at_ms));
        self.count(if office.is_ok() { "adopted" } else { "not adopted" });
        self.require_same(&office.map_err(problem), &real.map_err(problem), &|| format!("adopt {write} at {looked_at:?}"));
    }

    fn count(&mut self, answer: &str) {
        *self.answers.entry(answer.to_owned()).or_default() += 1;
    }

    pub fn import(&mut self, device: &DeviceWrites) {
        self.at_ms += 1_000;
        let (office, real) = (self.office.import(device, self.at_ms), self.real.import(device, self.at_ms));
        self.require_same(&office.map_err(problem), &real.map_err(problem), &|| format!("import {device:?}"));
    }

    pub fn trim_and_restart(&mut self) {
        self.office.trim();
        self.office.restart();
        self.real.trim();
        self.real.restart();
    }

    pub fn require_same_applied(&mut self) {
        let told = |applied: Vec<sim::server::Applied>| applied.iter().map(|applied| format!("{applied:?}")).collect::<Vec<_>>();
        let (office, real) = (told(self.office.applied_after(self.applied)), told(self.real.applied_after(self.applied)));
        self.require_same(&office, &real, &|| "what was applied".to_owned());
        self.applied += office.len();
    }

    pub fn require_same_rows(&mut self, table: Table) {
        let (office, mut real) = (self.office.rows(table), self.real.rows(table));
        real.sort_by_key(Row::id);
        self.require_same(&office, &real, &|| format!("rows of {table:?}"));
    }

    /// What each person's device would have of a table after it has followed it from the beginning.
    pub fn require_same_shapes(&mut self, table: Table) {
        for (user, token) in self.sessions.clone() {
            let (office, real) = (follow(&mut self.office, token, table), follow(&mut self.real, token, table));
            self.require_same(&office, &real, &|| format!("{user} follows {table:?}"));
        }
    }

    fn require_same<T: PartialEq + Debug>(&self, office: &T, real: &T, what: &dyn Fn() -> String) {
        if office != real {
            let (office, real) = (told(office), told(real));
            let place = office.iter().zip(&real).take_while(|(office, real)| office == real).count();
            let near = |lines: &[String]| lines[place.saturating_sub(6).min(lines.len())..(place + 12).min(lines.len())].join("\n");
            panic!("seed {}: {}\noffice:\n{}\nserver:\n{}", self.seed, what(), near(&office), near(&real));
        }
    }
}

fn told<T: Debug>(what: &T) -> Vec<String> {
    format!("{what:#?}").lines().map(str::to_owned).collect()
}

/// All but the words, and the names that each gives to its transactions.
fn answer(answer: &WriteAnswer) -> Json {
    let mut told = serde_json::to_value(answer).unwrap();
    told["txid"] = Json::Null;
    told["error"] = answer.error.clone().map_or(Json::Null, problem);
    told
}

fn problem(problem: Problem) -> Json {
    let fields: BTreeSet<String> = problem.fields.into_keys().collect();
    json!({"code": problem.code, "fields": fields, "conflicts": problem.conflicts})
}

/// The rows of a shape, page by page; none where it is nobody's to follow.
fn follow(server: &mut dyn Server, token: Token, table: Table) -> Option<BTreeMap<domain::RowId, Row>> {
    let mut rows = BTreeMap::new();
    let mut request = ShapeRequest::beginning(table);
    loop {
        let ShapeAnswer { changes, place, up_to_date } = match server.shape(token, &request) {
            Event::Answered(answer) => answer,
            Event::Denied => return None,
            other => panic!("{other:?} to {request:?}"),
        };
        for change in changes {
            let mut row = rows.remove(&change.id());
            RowChange::apply_to(&change, &mut row);
            rows.extend(row.map(|row| (change.id(), row)));
        }
        if up_to_date {
            return Some(rows);
        }
        request = ShapeRequest {
            offset: place.offset,
            handle: Some(place.handle),
            ..request
        };
    }
}
