//! Everything between a device and the server, and what can become of a request on its way.
//!
//! A request travels by itself: that the tab which sent it has died does not call it back, and it may arrive late, twice, or
//! after others that were sent behind it.
//!
//! **Invariant:** what arrives is decided by the session that it was sent with.

use crate::{
    coverage::{Fault, States},
    device::Device,
    disk::short,
    files::Handed,
    server::{SignedIn, Token},
    world::{NETWORK, World},
    wrong::Wrong,
};
use domain::{UserId, WriteId};
use futures::{
    channel::oneshot,
    future::{Either, select},
};
use protocol::{BatchRequest, Problem, ProblemCode, ShapeRequest, WriteAnswer};
use std::{future::pending, pin::pin, rc::Rc};
use sync::{Delivery, Network, shape_stream::Event};

/// What is not answered by then is asked about again.
const LIMIT_MS: i64 = 30_000;
/// A live question's turn, and then another's.
const LIVE_TURN_MS: i64 = 250;

/// What the server says about the session that a browser holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// It is this user's.
    SignedIn(SignedIn),
    /// It is nobody's.
    SignedOut,
    /// The server could not be asked.
    Unknown,
}

/// A device's way to the server.
#[derive(Clone)]
pub struct Wire {
    /// Whose.
    pub device: Rc<Device>,
}

/// What becomes of a batch on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Arrives,
    Meets(Fault),
}

const FATES: [Fault; 14] = [
    Fault::LostRequest,
    Fault::LostAnswer,
    Fault::LostAnswer,
    Fault::AnswerNeverComes,
    Fault::RequestTwice,
    Fault::RequestTwice,
    Fault::RequestLate,
    Fault::HalfAnswered,
    Fault::HotelPage,
    Fault::TooMany,
    Fault::TooLarge,
    Fault::RequestForbidden,
    Fault::FaultBeforeCommit,
    Fault::FaultAfterCommit,
];

impl Wire {
    fn world(&self) -> &Rc<World> {
        &self.device.world
    }

    fn latency_ms(&self) -> i64 {
        20 + self.world().dice.below_ms(if self.world().is_stormy.get() { 400 } else { 60 })
    }

    async fn leg(&self) {
        self.world().executor.sleep(self.latency_ms()).await;
    }

    /// Whether anything gets through now.
    fn is_open(&self) -> bool {
        self.device.is_online.get() && self.world().is_server_up()
    }

    /// `POST /api/auth/login`; none where the server is not reached.
    pub async fn sign_in(&self, user: UserId) -> Option<SignedIn> {
        self.leg().await;
        if !self.is_open() || self.world().goes_wrong(8) {
            return None;
        }
        let (token, signed_in) = self.world().server.borrow_mut().sign_in(user);
        // The browser has the cookie before any page hears of it.
        let before = self.device.cookie.replace(Some(token));
        if let Some(before) = before {
            self.world().server.borrow_mut().sign_out(before);
            self.world().end_dead_bells();
        }
        self.leg().await;
        (!self.world().goes_wrong(12)).then_some(signed_in)
    }

    /// `POST /api/auth/logout`; says whether the server has heard of it.
    pub async fn sign_out(&self) -> bool {
        let token = self.device.cookie.get();
        self.leg().await;
        if !self.is_open() || self.world().goes_wrong(8) {
            return false;
        }
        if let Some(token) = token {
            self.world().server.borrow_mut().sign_out(token);
            self.world().end_dead_bells();
            if self.device.cookie.get() == Some(token) {
                self.device.cookie.set(None);
            }
        }
        self.leg().await;
        !self.world().goes_wrong(12)
    }

    /// `GET /api/auth/session`.
    pub async fn session(&self) -> Confirmation {
        let token = self.device.cookie.get();
        self.leg().await;
        if !self.is_open() || self.world().goes_wrong(10) {
            return Confirmation::Unknown;
        }
        let found = token.and_then(|token| self.world().server.borrow_mut().session(token));
        self.leg().await;
        found.map_or(Confirmation::SignedOut, Confirmation::SignedIn)
    }

    /// `GET /api/sync/{table}?user=…`: under somebody else's session it is refused.
    pub async fn fetch_shape(&self, user: UserId, request: &ShapeRequest) -> Event {
        let token = self.device.cookie.get();
        self.leg().await;
        let failed = |retry_after_ms| Event::Failed { retry_after_ms };
        let world = self.world();
        if !self.is_open() {
            return failed(None);
        }
        if let Some(refused) = self.shape_trouble(request) {
            return refused;
        }
        let is_theirs = |token: &Token| world.server.borrow_mut().session(*token).is_some_and(|signed_in| signed_in.user.id == user);
        let Some(token) = token.filter(is_theirs) else {
            return Event::Unauthenticated;
        };
        let life = world.server_life();
        let answer = world.server.borrow_mut().shape(token, request);
        let is_empty = matches!(&answer, Event::Answered(answer) if answer.changes.is_empty());
        if request.live && is_empty {
            world.executor.sleep(LIVE_TURN_MS).await;
            return Event::GaveWay;
        }
        if answer == Event::MustRefetch {
            world.met(Fault::MustRefetch, &self.device);
        }
        self.leg().await;
        if world.goes_wrong(40) || !self.is_still_connected(life) {
            world.met(Fault::ShapeLost, &self.device);
            return failed(None);
        }
        answer
    }

    /// What may come instead of an answer that is asked for: nothing, “later”, “begin again”, or what a proxy takes for forbidden.
    fn shape_trouble(&self, request: &ShapeRequest) -> Option<Event> {
        let world = self.world();
        let (fault, event) = match world.is_stormy.get().then(|| world.dice.below(240))? {
            0..=7 => (Fault::ShapeLost, Event::Failed { retry_after_ms: None }),
            8..=11 => {
                let retry_after_ms = Some(1_000 * world.dice.below_ms(90));
                (Fault::ShapeTooMany, Event::Failed { retry_after_ms })
            }
            12..=15 if request.handle.is_some() => (Fault::MustRefetch, Event::MustRefetch),
            16 => (Fault::ShapeDenied, Event::Denied),
            _ => return None,
        };
        world.met(fault, &self.device);
        Some(event)
    }

    /// Whether an answer of this life of the server can still reach the device.
    fn is_still_connected(&self, life: u32) -> bool {
        self.device.is_online.get() && self.world().server_life() == life
    }

    fn fate(&self) -> Fate {
        let world = self.world();
        if !self.device.is_online.get() {
            return Fate::Meets(Fault::Offline);
        }
        if !world.is_server_up() {
            return Fate::Meets(Fault::Unavailable);
        }
        if world.goes_wrong(3) {
            Fate::Meets(*world.dice.pick(&FATES))
        } else {
            Fate::Arrives
        }
    }

    /// Carries a batch there and its answer back.
    async fn travel(self, fate: Fate, token: Option<Token>, batch: BatchRequest, answer: oneshot::Sender<Delivery>) {
        self.leg().await;
        let world = self.world();
        // It was on its way when the network went, or the server.
        let fate = match fate {
            Fate::Meets(Fault::Offline) => fate,
            _ if !self.device.is_online.get() => Fate::Meets(Fault::Offline),
            _ if !world.is_server_up() => Fate::Meets(Fault::Unavailable),
            fate => fate,
        };
        if let Fate::Meets(fault) = fate
            && (fault != Fault::TooLarge || batch.operations.len() > 1)
        {
            self.meets(fault, &batch);
        }
        let life = world.server_life();
        let mut delivery = self.comes_to(fate, token, &batch).await;
        self.leg().await;
        if !self.is_still_connected(life) && delivery != Delivery::Lost {
            self.meets(Fault::ConnectionCut, &batch);
            delivery = Delivery::Lost;
        }
        // Whoever asked may be gone.
        let _ = answer.send(delivery);
    }

    async fn comes_to(&self, fate: Fate, token: Option<Token>, batch: &BatchRequest) -> Delivery {
        let world = self.world();
        match fate {
            Fate::Meets(Fault::LostRequest | Fault::Offline) => Delivery::Lost,
            Fate::Meets(Fault::Unavailable) => refused(ProblemCode::Unavailable, world.dice.one_in(2).then_some(2_000)),
            Fate::Meets(Fault::TooMany) => refused(ProblemCode::RateLimited, Some(1_000 * (1 + world.dice.below_ms(90)))),
            Fate::Meets(Fault::FaultBeforeCommit) => refused(ProblemCode::Internal, None),
            Fate::Meets(Fault::TooLarge) if batch.operations.len() > 1 => refused(ProblemCode::PayloadTooLarge, None),
            // The password is to be changed first, or the request seems to come from another site.
            Fate::Meets(Fault::RequestForbidden) => refused(ProblemCode::Permission, None),
            Fate::Meets(Fault::HotelPage) if world.wrong == Some(Wrong::TakesAnyAnswer) => Delivery::Results(vec![]),
            Fate::Meets(Fault::HotelPage) => Delivery::Lost,
            Fate::Meets(Fault::LostAnswer) => self.arrive(token, batch).and_lost(),
            Fate::Meets(Fault::FaultAfterCommit) => {
                self.arrive(token, batch);
                refused(ProblemCode::Internal, None)
            }
            Fate::Meets(Fault::AnswerNeverComes) => {
                self.arrive(token, batch);
                // Holding the way back open; who waits gives up.
                world.executor.sleep(4 * LIMIT_MS).await;
                Delivery::Lost
            }
            Fate::Meets(Fault::RequestLate) => {
                self.again_later(token, batch);
                Delivery::Lost
            }
            Fate::Meets(Fault::RequestTwice) => {
                self.again_later(token, batch);
                self.arrive(token, batch).0
            }
            Fate::Meets(Fault::HalfAnswered) => self.arrive(token, batch).halved(),
            Fate::Arrives | Fate::Meets(_) => self.arrive(token, batch).0,
        }
    }

    /// A fault meets the device, and what is in the request.
    fn meets(&self, fault: Fault, batch: &BatchRequest) {
        let ids: Vec<WriteId> = batch.operations.iter().filter_map(|json| json["writeId"].as_str()?.parse().ok()).collect();
        self.world().met(fault, &self.device);
        self.world().coverage.note_request(fault, self.states_of(&ids));
    }

    /// The states that writes are in now, where they are still on their device.
    fn states_of(&self, ids: &[WriteId]) -> States {
        let mut states = States::default();
        let records = self.device.disk.records().into_iter();
        records
            .filter(|record| ids.contains(&record.write_id))
            .for_each(|record| states.add(record.state));
        states
    }

    /// The same request arrives (again) after a while, when nobody expects it any more.
    fn again_later(&self, token: Option<Token>, batch: &BatchRequest) {
        let (wire, batch) = (self.clone(), batch.clone());
        let pause_ms = [50, 3_000, 60_000][self.world().dice.below(3)];
        self.world().executor.spawn(NETWORK, async move {
            wire.world().executor.sleep(wire.world().dice.below_ms(pause_ms)).await;
            if wire.world().is_server_up() {
                wire.arrive(token, &batch);
            }
        });
    }

    fn arrive(&self, token: Option<Token>, batch: &BatchRequest) -> Arrived {
        let world = self.world();
        let unauthenticated = || Err(Problem::new(ProblemCode::Unauthenticated, "sign in first"));
        let before = world.server.borrow_mut().position();
        let answer = token.map_or_else(unauthenticated, |token| {
            let at_ms = world.now_ms();
            world.server.borrow_mut().write(token, batch, at_ms)
        });
        world.after_commits(before, &Handed::new());
        for refused in answer.iter().flatten().filter(|answer| !answer.success).filter_map(|answer| answer.write_id) {
            world.ledger.borrow_mut().refused(refused);
        }
        Arrived(match answer {
            Ok(answers) => Delivery::Results(answers),
            Err(problem) => Delivery::Refused { problem, retry_after_ms: None },
        })
    }

    /// What the answer tells the ledger, the coverage, and a device that is wrong on purpose.
    fn hear(&self, batch: &BatchRequest, delivery: Delivery) -> Delivery {
        let world = self.world();
        world.tell(|| format!("device {} hears {}", self.device.number, in_words(&delivery)));
        match delivery {
            Delivery::Results(answers) => {
                for answer in &answers {
                    self.hear_one(answer);
                }
                Delivery::Results(self.believed(batch, answers))
            }
            Delivery::Refused { ref problem, .. } => {
                // Whatever else is said of a whole request was met on the way.
                if problem.code == ProblemCode::Unauthenticated {
                    self.meets(Fault::Unauthenticated, batch);
                }
                delivery
            }
            Delivery::Lost => delivery,
        }
    }

    fn hear_one(&self, answer: &WriteAnswer) {
        let world = self.world();
        if let (true, Some(id)) = (answer.success, answer.write_id) {
            world.ledger.borrow_mut().heard(id);
        }
        if let Some(fault) = answer.error.as_ref().and_then(|problem| met_by(problem.code)) {
            world.met(fault, &self.device);
            let states = self.states_of(&answer.write_id.into_iter().collect::<Vec<_>>());
            world.coverage.note_request(fault, states);
        }
        let is_held = answer.error.as_ref().is_some_and(|problem| problem.code == ProblemCode::Quarantined);
        if let Some(id) = answer.write_id.filter(|_| is_held) {
            world.ledger.borrow_mut().held(id);
            // It is not shown while a supervisor looks at it, and again if they adopt it.
            if let Some(promised) = world.ledger.borrow().promised(id) {
                world.promises.borrow_mut().forgive_row(promised.table, promised.row_id);
            }
        }
    }

    /// A right device believes what it is told; others do not.
    fn believed(&self, batch: &BatchRequest, mut answers: Vec<WriteAnswer>) -> Vec<WriteAnswer> {
        if self.world().wrong != Some(Wrong::TakesAnyAnswer) {
            return answers;
        }
        let asked = batch.operations.iter().filter_map(|json| json["writeId"].as_str()?.parse().ok());
        for id in asked {
            if !answers.iter().any(|answer| answer.write_id == Some(id)) {
                answers.push(WriteAnswer::applied(id, domain::Table::Turns, None, Some(1), "200".to_owned(), false));
            }
        }
        answers
    }
}

/// What came of a batch that arrived.
struct Arrived(Delivery);

impl Arrived {
    fn and_lost(self) -> Delivery {
        Delivery::Lost
    }

    /// Every second answer is missing.
    fn halved(self) -> Delivery {
        match self.0 {
            Delivery::Results(answers) => Delivery::Results(answers.into_iter().step_by(2).collect()),
            other => other,
        }
    }
}

impl Network for Wire {
    async fn send(&self, batch: &BatchRequest) -> Delivery {
        let world = self.world();
        world.tell(|| {
            let sent: Vec<String> = batch.operations.iter().map(sent_in_words).collect();
            format!("device {} sends {}", self.device.number, sent.join("; "))
        });
        let (answer, answered) = oneshot::channel();
        let travel = self.clone().travel(self.fate(), self.device.cookie.get(), batch.clone(), answer);
        world.executor.spawn(NETWORK, travel);
        let limit = pin!(world.executor.sleep(LIMIT_MS));
        let delivery = match select(answered, limit).await {
            Either::Left((Ok(delivery), _)) => delivery,
            Either::Left((Err(_), _)) => pending().await,
            Either::Right(_) => Delivery::Lost,
        };
        self.hear(batch, delivery)
    }
}

impl World {
    /// Holds what the server has just committed against the law, and rings for it. What came in a file is in `handed`.
    pub fn after_commits(self: &Rc<Self>, before: i64, handed: &Handed) {
        if self.server.borrow_mut().position() == before {
            return;
        }
        let known = self.ledger.borrow().applied_count();
        let applied = self.server.borrow_mut().applied_after(known);
        for applied in applied {
            self.tell(|| format!("the server applies {} to {:?}", short(applied.write_id), applied.table));
            self.note_late(&applied, handed);
            if let Some(broken) = self.ledger.borrow_mut().applied(&applied) {
                self.violate(|| broken);
            }
        }
        self.ring(before);
    }

    /// A request that was on its way for long may carry out what its user has been told was refused, or has given up: its
    /// values may come again.
    fn note_late(&self, applied: &crate::server::Applied, handed: &Handed) {
        let ledger = self.ledger.borrow();
        let Some(promised) = ledger.promised(applied.write_id) else {
            return self.promises.borrow_mut().applied(applied, true);
        };
        let devices = self.devices.borrow();
        let Some(device) = devices.get(promised.device) else { return };
        let is_waiting = device
            .disk
            .records()
            .iter()
            .any(|record| record.write_id == applied.write_id && record.state.is_waiting());
        // What comes in a file its device does not know of.
        let is_expected = is_waiting && !applied.is_adopted && !promised.was_refused && !handed.contains_key(&applied.write_id);
        self.promises.borrow_mut().applied(applied, is_expected);
        // As its author sees it at this moment: what is decided later may lay it over something else.
        let record = handed.get(&applied.write_id).cloned();
        let record = record.or_else(|| device.disk.open_and_sealed().into_iter().find(|record| record.write_id == applied.write_id));
        if let (Some(record), Some(before), Some(_)) = (record, &applied.before, &applied.after)
            && !applied.is_adopted
            && let Err(broken) = self.landed_well(promised, before, &record)
        {
            self.violate(|| format!("{} {broken}", short(applied.write_id)));
        }
    }
}

fn met_by(code: ProblemCode) -> Option<Fault> {
    match code {
        ProblemCode::Permission => Some(Fault::Forbidden),
        ProblemCode::Quarantined => Some(Fault::Quarantined),
        ProblemCode::Conflict => Some(Fault::Conflict),
        ProblemCode::Validation => Some(Fault::Unprocessable),
        _ => None,
    }
}

fn refused(code: ProblemCode, retry_after_ms: Option<i64>) -> Delivery {
    Delivery::Refused {
        problem: Problem::new(code, "refused"),
        retry_after_ms,
    }
}

fn in_words(delivery: &Delivery) -> String {
    match delivery {
        Delivery::Lost => "nothing".to_owned(),
        Delivery::Refused { problem, .. } => format!("{:?} for all", problem.code),
        Delivery::Results(answers) => {
            let told = answers.iter().map(|answer| {
                let id = answer.write_id.map(short).unwrap_or_default();
                let said = answer
                    .error
                    .as_ref()
                    .map_or_else(|| format!("v{:?}", answer.version.unwrap_or(0)), |problem| format!("{:?}", problem.code));
                format!("{id}: {said}")
            });
            told.collect::<Vec<_>>().join(", ")
        }
    }
}

fn sent_in_words(json: &serde_json::Value) -> String {
    let id = json["writeId"].as_str().and_then(|id| id.parse().ok()).map(short).unwrap_or_default();
    format!(
        "{id} {} {} on {} {}",
        json["operation"].as_str().unwrap_or_default(),
        json["table"].as_str().unwrap_or_default(),
        json["version"],
        json["data"]
    )
}
