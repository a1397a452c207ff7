//! Somebody who follows a wish: by waiting, by asking now and then, or on a stream.
//!
//! **Invariant:** what it is told is taken strictly: nothing comes twice, nothing is told that changes nothing, and it is sent away only for a reason.

use super::{events::Events, shape::Wish, truth::Rows};
use crate::support::{Dice, Person, ShapePage};
use serde_json::{Map, Value as Json};
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};
use tokio::task::JoinHandle;

/// News are here long before; a wait of the server's own is a hundred times as long.
const SOON: Duration = Duration::from_secs(15);
/// How much of what a client was told is shown where it went wrong.
const TOLD: usize = 14;

/// What a live request is noted as.
const LIVE: &str = "live";

/// How a client comes to its news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Live requests.
    Waits,
    /// Requests that wait for nothing.
    Asks,
    /// Event streams.
    Listens,
}

/// What a client keeps when it is closed.
struct Stored {
    handle: String,
    offset: String,
}

pub struct Client {
    /// Which of the people it belongs to.
    pub owner: usize,
    /// Which of the servers it asks, where there are several.
    pub server: usize,
    pub wish: Wish,
    pub way: Way,
    address: String,
    rows: Rows,
    place: Option<Stored>,
    /// The handle from which it was sent away.
    gone: Option<String>,
    is_up_to_date: bool,
    waiting: Option<JoinHandle<reqwest::Result<ShapePage>>>,
    events: Option<Events>,
    told: VecDeque<String>,
    /// Something has happened since it last was up to date that may send it away, or end its waiting for nothing.
    pub is_disturbed: bool,
    /// How long it took after a write until it knew.
    pub woken_after: Vec<Duration>,
}

impl Client {
    pub fn new(owner: usize, server: usize, wish: Wish, way: Way) -> Self {
        Self {
            owner,
            server,
            address: wish.address(),
            wish,
            way,
            rows: Rows::new(),
            place: None,
            gone: None,
            is_up_to_date: false,
            waiting: None,
            events: None,
            told: VecDeque::new(),
            is_disturbed: false,
            woken_after: vec![],
        }
    }

    pub fn any_way(dice: &mut Dice) -> Way {
        [Way::Waits, Way::Waits, Way::Asks, Way::Listens][dice.below(4)]
    }

    /// Whether it begins with what stands there already, being told of changes only.
    const fn begins_with_rows(&self) -> bool {
        self.place.is_none() && self.wish.changes_only
    }

    /// Begins where only changes are told: with the rows as they stand while nobody writes.
    async fn begin_with(&mut self, person: &Person, rows: Rows) {
        self.rows = rows;
        self.ask(person).await;
    }

    /// Closed and opened again: it has its rows and its place.
    pub fn restart(&mut self, way: Way) {
        self.hang_up();
        self.is_up_to_date = false;
        self.way = way;
    }

    /// Gives up whatever it waits for.
    pub fn hang_up(&mut self) {
        if let Some(waiting) = self.waiting.take() {
            waiting.abort();
        }
        self.events = None;
    }

    /// One request, where it is not waiting already.
    pub async fn step(&mut self, person: &Person) {
        if !self.is_waiting() && !self.begins_with_rows() {
            self.ask(person).await;
        }
    }

    /// Waits for news from now on, if that is its way and it is up to date.
    pub async fn wait(&mut self, person: &Person) {
        let Some(place) = self.place.as_ref().filter(|_| self.is_up_to_date) else {
            return;
        };
        let query = format!("offset={}&handle={}&live=true", place.offset, place.handle);
        match self.way {
            Way::Waits if self.waiting.is_none() => {
                let (person, address) = (person.clone(), self.address.clone());
                self.waiting = Some(tokio::spawn(async move { person.try_shape(&address, &query).await }));
            }
            Way::Listens if self.events.is_none() => {
                let url = format!("{}/api/sync/{}&{query}&live_sse=true", person.url, self.address);
                match Events::open(&person.http, &url).await {
                    Ok(events) => self.events = Some(events),
                    Err(refused) => self.refused(refused),
                }
            }
            _ => {}
        }
    }

    /// Goes on until it knows what is so; `truth` says what that is.
    pub async fn settle(&mut self, person: &Person, truth: impl AsyncFn() -> Rows) {
        let began = Instant::now();
        // Whatever it waited for may have been told already.
        self.take_what_came().await;
        let mut has_asked = false;
        loop {
            if self.is_waiting() {
                let expected = truth().await;
                if self.rows == expected {
                    break;
                }
                let left = SOON.saturating_sub(began.elapsed());
                if tokio::time::timeout(left, self.hear()).await.is_err() {
                    self.fail("is not told what has changed", &expected);
                }
                self.woken_after.push(began.elapsed());
            } else if !self.is_up_to_date || self.way == Way::Asks && !has_asked {
                has_asked = true;
                self.catch_up(person, &truth).await;
            } else if self.way == Way::Asks || self.begins_with_rows() {
                break;
            } else {
                self.wait(person).await;
            }
            assert!(began.elapsed() < SOON * 2, "{}", self.report("does not come to rest"));
        }
    }

    const fn is_waiting(&self) -> bool {
        self.waiting.is_some() || self.events.is_some()
    }

    /// Asks until there is no more, and has then what there is.
    async fn catch_up(&mut self, person: &Person, truth: &impl AsyncFn() -> Rows) {
        for _ in 0..1_000 {
            if self.begins_with_rows() {
                self.begin_with(person, truth().await).await;
            } else {
                self.ask(person).await;
            }
            if self.is_up_to_date {
                let expected = truth().await;
                if self.rows != expected {
                    self.fail("is up to date with other rows than there are", &expected);
                }
                return;
            }
        }
        panic!("{}", self.report("never comes to the end"));
    }

    /// Somebody whose account is closed is told nothing; `was_disturbed` before, their waiting may have ended already.
    pub async fn is_shut_out(&mut self, person: &Person, was_disturbed: bool) {
        self.events = None;
        if let Some(waiting) = self.waiting.take() {
            let ended = tokio::time::timeout(SOON, waiting).await.expect("a closed account's request ends");
            // It may have been on its way to a server that had just stopped.
            if let Ok(page) = ended.unwrap() {
                let is_sent_away = was_disturbed && page.status == 409;
                assert!(is_sent_away || [200, 401].contains(&page.status.as_u16()), "{page:?}");
            }
        }
        let page = person.shape(&self.address, "offset=-1").await;
        assert_eq!(page.status, 401, "{}", self.report("is not shut out"));
        self.is_up_to_date = false;
    }

    async fn ask(&mut self, person: &Person) {
        let query = match (&self.place, &self.gone) {
            (Some(place), _) => format!("offset={}&handle={}", place.offset, place.handle),
            (None, Some(gone)) => format!("offset=-1&expired_handle={gone}"),
            (None, None) => "offset=-1".to_owned(),
        };
        let page = person.shape(&self.address, &query).await;
        self.take(&query, page);
    }

    async fn take_what_came(&mut self) {
        while self.waiting.as_ref().is_some_and(JoinHandle::is_finished) || self.events.as_mut().is_some_and(Events::has_some) {
            self.hear().await;
            self.woken_after.push(Duration::ZERO);
        }
    }

    /// Waits for the next answer or event.
    async fn hear(&mut self) {
        if let Some(waiting) = &mut self.waiting {
            let answer = waiting.await.unwrap();
            self.waiting = None;
            let page = match answer {
                Ok(page) => page,
                // It was on its way to a server that had just stopped.
                Err(_) if self.is_disturbed => return,
                Err(error) => panic!("{}: {error}", self.report("is cut off")),
            };
            let is_empty = page.status == 200 && page.changes().is_empty();
            assert!(!is_empty || self.is_disturbed, "{}: {page:?}", self.report("is woken for nothing"));
            self.take(LIVE, page);
        } else if let Some(events) = &mut self.events {
            match events.next().await {
                Some(message) => self.take_event(&message),
                // It ends after a while in any case.
                None => self.events = None,
            }
        }
    }

    fn take_event(&mut self, message: &Json) {
        self.note(format!("event {message}"));
        let headers = &message["headers"];
        let Some(place) = &mut self.place else { return };
        if let (Some(lsn), Some(op)) = (headers["lsn"].as_str(), headers["op_position"].as_i64()) {
            place.offset = format!("{lsn}_{op}");
            self.apply(message);
        } else if headers["control"] == "up-to-date" {
            place.offset = format!("{}_inf", headers["global_last_seen_lsn"].as_str().unwrap());
        } else {
            panic!("{}", self.report("is sent an event that is neither"));
        }
    }

    fn take(&mut self, asked: &str, page: ShapePage) {
        self.note(format!(
            "{asked} → {} {} {}{} {}",
            page.status,
            page.handle,
            page.offset,
            if page.is_up_to_date { " up to date" } else { "" },
            Json::from(page.messages.clone())
        ));
        match page.status.as_u16() {
            200 => {
                for message in page.changes() {
                    self.apply(message);
                }
                // On the way there it may still be sent away: one page can be in the server's memory, and the next trimmed.
                if page.is_up_to_date && (asked != LIVE || !page.changes().is_empty()) {
                    self.is_disturbed = false;
                }
                self.is_up_to_date = page.is_up_to_date;
                self.place = Some(Stored {
                    handle: page.handle,
                    offset: page.offset,
                });
            }
            _ => self.refused((page.status.as_u16(), page.handle)),
        }
    }

    /// Sent away, it forgets everything but from where.
    fn refused(&mut self, (status, handle): (u16, String)) {
        assert!(status == 409 && self.is_disturbed, "{} ({status})", self.report("is refused"));
        let place = self.place.take();
        let old = place.map(|place| place.handle);
        assert_ne!(old.as_ref(), Some(&handle), "{}", self.report("is sent to where it comes from"));
        self.gone = old;
        self.rows.clear();
        self.is_up_to_date = false;
        self.hang_up();
    }

    fn apply(&mut self, message: &Json) {
        let value = message["value"].as_object().unwrap();
        let id = value["id"].as_str().unwrap();
        let known = self.rows.get(id);
        let fault = match message["headers"]["operation"].as_str() {
            Some("insert") if known.is_some() => Some("is given a row twice"),
            Some("insert") => None,
            Some("update") => match known {
                None => Some("is told of a row that it does not have"),
                Some(row) if value.iter().all(|(name, value)| row.get(name) == Some(value)) => Some("is told what it knew"),
                Some(_) => None,
            },
            Some("delete") if known.is_none() => Some("loses a row that it does not have"),
            Some("delete") => None,
            _ => Some("is told something else"),
        };
        if let Some(fault) = fault {
            panic!("{}: {message}", self.report(fault));
        }
        match message["headers"]["operation"].as_str() {
            Some("delete") => drop(self.rows.remove(id)),
            _ => self.rows.entry(id.to_owned()).or_default().extend(value.clone()),
        }
    }

    fn note(&mut self, line: String) {
        if self.told.len() == TOLD {
            self.told.pop_front();
        }
        self.told.push_back(line);
    }

    fn fail(&self, what: &str, expected: &Rows) -> ! {
        let ids = self.rows.keys().chain(expected.keys()).collect::<std::collections::BTreeSet<_>>();
        let differing = ids.into_iter().filter(|id| self.rows.get(*id) != expected.get(*id));
        let differing: Vec<String> = differing
            .map(|id| format!("  {id}: {}", difference(self.rows.get(id), expected.get(id))))
            .collect();
        panic!("{}\nwhere it differs:\n{}", self.report(what), differing.join("\n"));
    }

    /// Who it is, and what it was told last.
    pub fn report(&self, what: &str) -> String {
        let told: Vec<&str> = self.told.iter().map(String::as_str).collect();
        format!(
            "client {} ({:?}, {:?}) {what}\nlast told:\n  {}",
            self.address,
            self.way,
            self.wish.columns,
            told.join("\n  ")
        )
    }
}

fn difference(held: Option<&Map<String, Json>>, expected: Option<&Map<String, Json>>) -> String {
    let (Some(held), Some(expected)) = (held, expected) else {
        return format!("held {held:?}, there is {expected:?}");
    };
    let names = held.keys().chain(expected.keys()).collect::<std::collections::BTreeSet<_>>();
    let names = names.into_iter().filter(|name| held.get(*name) != expected.get(*name));
    let names: Vec<String> = names
        .map(|name| format!("{name}: held {:?}, there is {:?}", held.get(name), expected.get(name)))
        .collect();
    names.join(", ")
}
