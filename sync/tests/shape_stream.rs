//! The shape stream: what it asks and stores, event by event.

use domain::Table;
use sync::{
    Place, RowChange,
    outbox::settle::Now,
    shape_stream::{Effect, Event, ShapeAnswer, ShapeStream, State},
    store::conformance::turn,
};

/// With all the chance that there is, so that pauses are whole.
const NOW: Now = Now { ms: 0, jitter: 1.0 };

fn place(offset: &str) -> Place {
    Place {
        handle: "1-1".into(),
        offset: offset.into(),
    }
}

fn answer(offset: &str, up_to_date: bool, rows: &[u64]) -> Event {
    Event::Answered(ShapeAnswer {
        changes: rows.iter().map(|row| RowChange::Put(turn(*row, 1))).collect(),
        place: place(offset),
        up_to_date,
    })
}

/// What a stream did, in a form to compare: `ask -1`, `ask live 3_0`, `store reset 2 rows at 3_0`, `rest 1000`.
fn told(effects: &[Effect]) -> Vec<String> {
    effects
        .iter()
        .map(|effect| match effect {
            Effect::Fetch(request) => format!("ask {}{}", if request.live { "live " } else { "" }, request.offset),
            Effect::Store(batch) => format!(
                "store {}{} rows at {}",
                if batch.reset { "reset " } else { "" },
                batch.changes.len(),
                batch.place.offset
            ),
            Effect::Rest { pause_ms } => format!("rest {pause_ms}"),
        })
        .collect()
}

fn check(events: Vec<Event>, expected: &[&[&str]]) -> ShapeStream {
    let mut stream = ShapeStream::new(Table::Turns);
    for (index, event) in events.into_iter().enumerate() {
        let shown = format!("{event:?}");
        assert_eq!(told(&stream.on(event, NOW)), expected[index], "event {index}: {shown}");
    }
    stream
}

#[test]
fn a_first_sync_swaps_in_at_once_when_it_is_complete() {
    let stream = check(
        vec![
            Event::Started(None),
            answer("0_0", false, &[1, 2]),
            answer("0_1", false, &[3]),
            answer("7_0", true, &[]),
        ],
        &[&["ask -1"], &["ask 0_0"], &["ask 0_1"], &["store reset 3 rows at 7_0"]],
    );
    assert!(stream.is_current());
}

#[test]
fn a_later_start_goes_on_from_the_stored_place() {
    check(
        vec![Event::Started(Some(place("7_0"))), answer("8_0", false, &[1]), answer("9_0", true, &[2])],
        &[&["ask 7_0"], &["store 1 rows at 8_0", "ask 8_0"], &["store 1 rows at 9_0"]],
    );
}

#[test]
fn a_ring_asks_live_and_a_ring_meanwhile_asks_again() {
    check(
        vec![
            Event::Started(Some(place("7_0"))),
            answer("7_0", true, &[]),
            Event::Rang,
            Event::Rang,
            answer("8_0", true, &[1]),
            answer("9_0", true, &[2]),
        ],
        &[
            &["ask 7_0"],
            &["store 0 rows at 7_0"],
            &["ask live 7_0"],
            &[],
            &["store 1 rows at 8_0", "ask live 8_0"],
            &["store 1 rows at 9_0"],
        ],
    );
}

#[test]
fn a_ring_while_catching_up_is_not_forgotten() {
    let stream = check(
        vec![
            Event::Started(Some(place("7_0"))),
            Event::Rang,
            answer("8_0", true, &[1]),
            answer("9_0", true, &[2]),
        ],
        &[&["ask 7_0"], &[], &["store 1 rows at 8_0", "ask live 8_0"], &["store 1 rows at 9_0"]],
    );
    assert!(stream.is_current());
}

/// Where Electric keeps the shapes, a ring can come before it has the change: only a live request waits for that.
#[test]
fn whatever_the_stream_was_at_a_ring_is_followed_by_a_live_request() {
    let fault = || Event::Failed { retry_after_ms: None };
    let lost = || vec![Event::Started(Some(place("7_0"))), Event::MustRefetch];
    for before in [
        vec![],
        vec![Event::Started(None)],
        vec![Event::Started(Some(place("7_0")))],
        vec![Event::Started(Some(place("7_0"))), answer("7_0", true, &[])],
        vec![Event::Started(Some(place("7_0"))), fault()],
        vec![Event::Started(None), answer("0_0", false, &[1]), fault()],
        lost(),
        [lost(), vec![Event::MustRefetch]].concat(),
    ] {
        let shown = format!("{before:?}");
        let mut stream = ShapeStream::new(Table::Turns);
        for event in before {
            stream.on(event, NOW);
        }
        let mut asked = told(&stream.on(Event::Rang, NOW));
        let mut pages = 0;
        while !asked.iter().any(|effect| effect.starts_with("ask live")) {
            let event = match stream.state() {
                State::Idle => Event::Started(None),
                State::Resting(_) => Event::Rested,
                // A page more, and one that is up to date without what rang.
                _ => answer("8_0", pages > 0, &[]),
            };
            pages += 1;
            assert!(pages < 6, "{shown}: no live request in {:?}", stream.state());
            asked = told(&stream.on(event, NOW));
        }
        stream.on(fault(), NOW);
        let again = told(&stream.on(Event::Rested, NOW));
        assert!(again[0].starts_with("ask live"), "{shown}: what failed is asked again, not {again:?}");
    }
}

#[test]
fn a_lost_log_begins_again_at_once_and_then_with_pauses() {
    let stream = check(
        vec![
            Event::Started(Some(place("7_0"))),
            Event::MustRefetch,
            Event::MustRefetch,
            Event::Rested,
            Event::MustRefetch,
        ],
        &[&["ask 7_0"], &["ask -1"], &["rest 1000"], &["ask -1"], &["rest 2000"]],
    );
    assert!(matches!(stream.state(), State::Resting(_)));
}

#[test]
fn faults_pause_longer_each_time_and_the_snapshot_goes_on_where_it_was() {
    check(
        vec![
            Event::Started(None),
            answer("0_0", false, &[1]),
            Event::Failed { retry_after_ms: None },
            Event::Rested,
            Event::Failed { retry_after_ms: None },
            Event::Rested,
            Event::Failed { retry_after_ms: Some(9_000) },
            Event::Rested,
            answer("7_0", true, &[2]),
        ],
        &[
            &["ask -1"],
            &["ask 0_0"],
            &["rest 1000"],
            &["ask 0_0"],
            &["rest 2000"],
            &["ask 0_0"],
            &["rest 11250"],
            &["ask 0_0"],
            &["store reset 2 rows at 7_0"],
        ],
    );
}

#[test]
fn a_session_that_ended_asks_nothing_until_it_starts_again() {
    check(
        vec![
            Event::Started(Some(place("7_0"))),
            Event::Unauthenticated,
            Event::Rang,
            Event::Rested,
            Event::Started(Some(place("7_0"))),
        ],
        &[&["ask 7_0"], &[], &[], &[], &["ask 7_0"]],
    );
}

/// What was missed while a question was out is looked for without waiting: a live question could wait twenty seconds for nothing.
#[test]
fn a_doorbell_that_comes_back_during_a_question_costs_a_look_and_no_waiting() {
    let follows = |meanwhile: Vec<Event>, ask: &'static str| {
        let count = meanwhile.len();
        let events = [
            vec![Event::Started(Some(place("7_0"))), answer("7_0", true, &[]), Event::Rang],
            meanwhile,
            vec![answer("8_0", true, &[1])],
        ]
        .concat();
        let stored = ["store 1 rows at 8_0", ask];
        let mut expected: Vec<&[&str]> = vec![&["ask 7_0"], &["store 0 rows at 7_0"], &["ask live 7_0"]];
        expected.extend(vec![&[] as &[&str]; count]);
        expected.push(&stored);
        check(events, &expected);
    };
    follows(vec![Event::CatchUp], "ask 8_0");
    follows(vec![Event::CatchUp, Event::Rang, Event::CatchUp], "ask live 8_0");
}
