//! A device follows a table through a world in which anything may happen next: faults, lost logs, restored servers, stale
//! caches, sleep, crashes, sign-outs. What it keeps stays one whole state of the table, and it gets up to date when the world behaves.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::Table;
use futures::executor::block_on;
use proptest::prelude::*;
use protocol::ShapeRequest;
use sync::{
    Place, RowChange, Store,
    outbox::settle::Now,
    shape_stream::{Effect, Event, ShapeAnswer, ShapeStream, State},
    store::{
        conformance::{record, turn},
        memory::MemoryStore,
    },
};

const ROWS: [u64; 3] = [1, 2, 3];
/// An hour and a quarter: what a server may ask for, and chance.
const LONGEST_PAUSE_MS: i64 = 75 * 60 * 1_000;

#[derive(Clone, Debug)]
enum Step {
    /// Somebody writes: every row has the next version.
    Write,
    /// The server forgets its log up to now.
    Trim,
    /// The server comes back with an older database.
    Restore,
    /// What is asked is answered as it should be.
    Answer,
    /// What is asked is answered from a cache.
    AnswerStale,
    /// What is asked meets a fault.
    Fault(Event),
    /// Any other event comes by itself.
    Happens(Event),
    /// The tab dies; another goes on from what is stored.
    Crash,
    /// The pause is over.
    Rested,
    /// The person taps.
    Tap,
}

struct Server {
    log: u32,
    version: u64,
    trimmed_to: u64,
}

impl Server {
    fn place(&self, offset: String) -> Place {
        Place {
            handle: format!("{}-1", self.log),
            offset,
        }
    }

    /// A snapshot in pages of two rows, a log in pages of two versions.
    fn answer(&self, request: &ShapeRequest) -> Event {
        let rows = |rows: &[u64], version: u64| rows.iter().map(|row| RowChange::Put(turn(*row, version as i64))).collect::<Vec<_>>();
        let answered = |changes, offset, up_to_date| {
            Event::Answered(ShapeAnswer {
                changes,
                place: self.place(offset),
                up_to_date,
            })
        };
        if request.offset == "-1" {
            return answered(rows(&ROWS[..2], self.version), format!("0_{}", self.version), false);
        }
        let (first, second) = request.offset.split_once('_').unwrap();
        let is_snapshot = first == "0";
        let from: u64 = if is_snapshot { second } else { first }.parse().unwrap();
        if request.handle != Some(format!("{}-1", self.log)) || from < self.trimmed_to || from > self.version {
            return Event::MustRefetch;
        }
        if is_snapshot {
            return answered(rows(&ROWS[2..], from), format!("{from}_0"), false);
        }
        let to = self.version.min(from + 2);
        let changes = (from + 1..=to).flat_map(|version| rows(&ROWS, version)).collect();
        answered(changes, format!("{to}_0"), to == self.version)
    }
}

struct World {
    server: Server,
    store: MemoryStore,
    stream: ShapeStream,
    asked: Option<ShapeRequest>,
    rests: bool,
    taps: u64,
    now: Now,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            server: Server {
                log: 1,
                version: 3,
                trimmed_to: 1,
            },
            store: MemoryStore::default(),
            stream: ShapeStream::new(Table::Turns),
            asked: None,
            rests: false,
            taps: 0,
            now: Now {
                ms: 1_763_870_000_000,
                jitter: 0.5,
            },
        };
        world.start();
        world
    }

    fn place(&self) -> Option<Place> {
        block_on(self.store.place(Table::Turns)).unwrap()
    }

    fn versions(&self) -> Vec<i64> {
        let rows = block_on(self.store.rows(Table::Turns)).unwrap();
        rows.iter().flatten().map(domain::Row::version).collect()
    }

    fn start(&mut self) {
        let place = self.place();
        self.happens(Event::Started(place));
    }

    fn happens(&mut self, event: Event) {
        let replaces = matches!(event, Event::Started(_) | Event::Woke | Event::FoundGap);
        let lost = (event == Event::MustRefetch)
            .then(|| self.asked.as_ref().and_then(|asked| asked.handle.clone()))
            .flatten();
        let was_stopped = *self.stream.state() == State::Stopped && !matches!(event, Event::Started(_));
        // What the edge hands over as an answer is not out any more.
        if matches!(
            event,
            Event::Answered(_) | Event::MustRefetch | Event::Failed { .. } | Event::NotUnderstood | Event::Denied | Event::GaveWay
        ) {
            self.asked = None;
        }
        let effects = self.stream.on(event, self.now);
        assert!(!was_stopped || effects.is_empty(), "asks after it was signed out: {effects:?}");
        let next = effects.iter().filter(|effect| !matches!(effect, Effect::Store(_))).count();
        assert!(next <= 1, "two things at once: {effects:?}");
        for effect in effects {
            match effect {
                Effect::Fetch(request) => {
                    assert!(self.asked.is_none() || replaces, "two questions at once");
                    assert!(lost.is_none() || request.expired_handle == lost, "{request:?} after {lost:?} was lost");
                    (self.asked, self.rests) = (Some(request), false);
                }
                Effect::Rest { pause_ms } => {
                    assert!((500..=LONGEST_PAUSE_MS).contains(&pause_ms), "a pause of {pause_ms} ms");
                    (self.asked, self.rests) = (None, true);
                }
                Effect::Store(batch) => {
                    let before = (self.place(), self.versions().len());
                    assert!(!block_on(self.store.apply_shape(&batch)).unwrap().has_gap);
                    self.check(before.0, before.1);
                }
            }
        }
        if *self.stream.state() == State::Stopped {
            (self.asked, self.rests) = (None, false);
        }
    }

    /// What is stored is one state of the table, whole, and where the place says.
    fn check(&self, before: Option<Place>, rows_before: usize) {
        let (place, versions) = (self.place().unwrap(), self.versions());
        assert!(versions.len() >= rows_before, "rows went: {versions:?}");
        let position = |place: &Place| place.offset.split_once('_').unwrap().0.parse::<i64>().unwrap();
        assert_eq!(versions, [position(&place); 3], "at {place:?}");
        if let Some(before) = before.filter(|before| before.handle == place.handle) {
            assert!(position(&before) <= position(&place), "back from {before:?} to {place:?}");
        }
    }

    fn step(&mut self, step: Step) {
        self.now.ms += 1_000;
        match (step, self.asked.clone()) {
            (Step::Write, _) => {
                self.server.version += 1;
                self.happens(Event::Rang);
            }
            (Step::Trim, _) => self.server.trimmed_to = self.server.version,
            (Step::Restore, _) => {
                self.server.log += 1;
                self.server.version = (self.server.version / 2).max(1);
                self.server.trimmed_to = self.server.version;
            }
            (Step::Answer, Some(request)) => self.happens(self.server.answer(&request)),
            (Step::AnswerStale, Some(request)) => {
                let (position, _) = request.offset.split_once('_').unwrap_or_default();
                // What there was one version ago, and nothing after it.
                if let Some(before) = position.parse().ok().and_then(|position: u64| position.checked_sub(1)) {
                    self.happens(Event::Answered(ShapeAnswer {
                        changes: ROWS.iter().map(|row| RowChange::Put(turn(*row, before as i64))).collect(),
                        place: Place {
                            handle: request.handle.unwrap_or_default(),
                            offset: format!("{before}_0"),
                        },
                        up_to_date: true,
                    }));
                }
            }
            (Step::Fault(event), Some(_)) => self.happens(event),
            (Step::Rested, _) if self.rests => {
                self.rests = false;
                self.happens(Event::Rested);
            }
            (Step::Happens(Event::GaveWay), Some(request)) if request.live => self.happens(Event::GaveWay),
            (Step::Happens(Event::GaveWay), _) => {}
            (Step::Happens(Event::Started(_)), _) => self.start(),
            (Step::Happens(event), _) => self.happens(event),
            (Step::Crash, _) => {
                self.stream = ShapeStream::new(Table::Turns);
                (self.asked, self.rests) = (None, false);
                self.start();
            }
            (Step::Tap, _) => {
                self.taps += 1;
                block_on(self.store.enqueue(vec![record(self.taps, 1)])).unwrap();
            }
            (Step::Answer | Step::AnswerStale | Step::Fault(_) | Step::Rested, _) => {}
        }
        assert_eq!(block_on(self.store.outbox()).unwrap().len() as u64, self.taps, "a write that waits is lost");
    }
}

fn step() -> impl Strategy<Value = Step> {
    let fault = prop_oneof![
        Just(Event::Failed { retry_after_ms: None }),
        any::<i64>().prop_map(|ms| Event::Failed { retry_after_ms: Some(ms) }),
        Just(Event::MustRefetch),
        Just(Event::NotUnderstood),
        Just(Event::Denied),
        Just(Event::Unauthenticated),
    ];
    let other = prop_oneof![
        Just(Event::Rang),
        Just(Event::CatchUp),
        Just(Event::Woke),
        Just(Event::GaveWay),
        Just(Event::FoundGap),
        Just(Event::Started(None)),
    ];
    prop_oneof![
        3 => Just(Step::Write),
        1 => Just(Step::Trim),
        1 => Just(Step::Restore),
        8 => Just(Step::Answer),
        1 => Just(Step::AnswerStale),
        2 => fault.prop_map(Step::Fault),
        2 => other.prop_map(Step::Happens),
        1 => Just(Step::Crash),
        3 => Just(Step::Rested),
        1 => Just(Step::Tap),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn what_is_kept_stays_whole_and_gets_up_to_date(steps in prop::collection::vec(step(), 0..60)) {
        let mut world = World::new();
        for step in steps {
            world.step(step);
        }
        if *world.stream.state() == State::Stopped {
            world.start();
        }
        world.step(Step::Write);
        let most = 20 + world.server.version;
        for _ in 0..most {
            world.step(Step::Rested);
            world.step(Step::Answer);
        }
        prop_assert!(world.stream.is_current(), "{:?}", world.stream);
        prop_assert_eq!(world.versions(), [world.server.version as i64; 3]);
    }
}
