//! Every state of the shape stream meets every event: what is decided, as a table.
//!
//! **Invariant:** a state or an event that is added makes this file fail to compile, and then to pass, until its cells are written.

use domain::Table;
use std::collections::BTreeMap;
use sync::{
    Place,
    outbox::settle::Now,
    shape_stream::{Effect, Event, Question, ShapeAnswer, ShapeStream, State},
};

const NOW: Now = Now { ms: 0, jitter: 1.0 };

/// The answers' columns: `page`, more follows; `end`, up to date; `other`, of another log; `old`, from before the question.
/// The cells: what is asked, `keep` or `swap` for what is stored first, then where the stream stands; `·`: nothing, and it stays as it is.
const TABLE: &str = "
             | Idle         | Snapshot     | Following     | Live          | Current       | Resting       | Refused       | Stopped
Started      | ask -1       | ask -1       | ask -1        | ask -1        | ask -1        | ask -1        | ask -1        | ask -1
StartedAt    | ask 7        | ask 7        | ask 7         | ask 7         | ask 7         | ask 7         | ask 7         | ask 7
Page         | ·            | ask 8 page   | keep ask 8    | keep ask 8    | ·             | ·             | ·             | ·
End          | ·            | swap Current | keep Current  | keep Current  | ·             | ·             | ·             | ·
OtherLog     | ·            | ask -1       | ask -1        | ask -1        | ·             | ·             | ·             | ·
Old          | ·            | Resting      | Resting       | Resting       | ·             | ·             | ·             | ·
MustRefetch  | ·            | ask -1       | ask -1        | ask -1        | ·             | ·             | ·             | ·
Failed       | ·            | Resting      | Resting       | Resting       | ·             | ·             | ·             | ·
NotUnderstood| ·            | ask -1       | ask -1        | ask -1        | ·             | ·             | ·             | ·
Denied       | ·            | Refused      | Refused       | Refused       | ·             | ·             | ·             | ·
Unauthent.   | Stopped      | Stopped      | Stopped       | Stopped       | Stopped       | Stopped       | Stopped       | ·
GaveWay      | ·            | ask 7 page   | ask 7         | ask 7         | ·             | ·             | ·             | ·
Rang         | owes live    | owes live    | owes live     | owes live     | ask live 7    | owes live     | owes live     | ·
CatchUp      | ·            | owes a look  | owes a look   | owes a look   | ask 7         | ·             | ·             | ·
Woke         | ·            | ask 7 page   | ask 7         | ask 7         | ask 7         | ask 7         | ask 7         | ·
Rested       | ·            | ·            | ·             | ·             | ·             | ask live 7    | ask live 7    | ·
FoundGap     | ask -1       | ask -1       | ask -1        | ask -1        | ask -1        | owes anew     | owes anew     | ·
";

fn place(offset: &str) -> Place {
    Place {
        handle: "1-1".into(),
        offset: format!("{offset}_0"),
    }
}

fn answer(offset: &str, up_to_date: bool) -> ShapeAnswer {
    ShapeAnswer {
        changes: vec![],
        place: place(offset),
        up_to_date,
    }
}

/// The row of an event. A new event has no row, and does not compile here.
const fn row_of(event: &Event) -> usize {
    match event {
        Event::Started(None) => 0,
        Event::Started(Some(_)) => 1,
        // Four kinds of it, from here on.
        Event::Answered(_) => 2,
        Event::MustRefetch => 6,
        Event::Failed { .. } => 7,
        Event::NotUnderstood => 8,
        Event::Denied => 9,
        Event::Unauthenticated => 10,
        Event::GaveWay => 11,
        Event::Rang => 12,
        Event::CatchUp => 13,
        Event::Woke => 14,
        Event::Rested => 15,
        Event::FoundGap => 16,
    }
}

fn events() -> Vec<(usize, Event)> {
    let other = ShapeAnswer {
        place: Place {
            handle: "2-1".into(),
            ..place("8")
        },
        ..answer("8", true)
    };
    let answers = [answer("8", false), answer("8", true), other, answer("6", false)];
    let answers = answers.into_iter().enumerate().map(|(kind, answer)| {
        let event = Event::Answered(answer);
        (row_of(&event) + kind, event)
    });
    let others = [
        Event::Started(None),
        Event::Started(Some(place("7"))),
        Event::MustRefetch,
        Event::Failed { retry_after_ms: None },
        Event::NotUnderstood,
        Event::Denied,
        Event::Unauthenticated,
        Event::GaveWay,
        Event::Rang,
        Event::CatchUp,
        Event::Woke,
        Event::Rested,
        Event::FoundGap,
    ];
    answers.chain(others.into_iter().map(|event| (row_of(&event), event))).collect()
}

const fn column_of(state: &State) -> usize {
    match state {
        State::Idle => 0,
        State::Asked(Question::Snapshot(..)) => 1,
        State::Asked(Question::Following(_)) => 2,
        State::Asked(Question::Live(_)) => 3,
        State::Current(_) => 4,
        State::Resting(_) => 5,
        State::Refused(_) => 6,
        State::Stopped => 7,
    }
}

/// A stream in each state, brought there by what brings it there in life, all at 7 of the same log.
fn streams() -> Vec<ShapeStream> {
    let at = || Event::Started(Some(place("7")));
    let live = || vec![at(), Event::Answered(answer("7", true)), Event::Rang];
    let after = |mut events: Vec<Event>, last| {
        events.push(last);
        events
    };
    [
        vec![],
        vec![Event::Started(None), Event::Answered(answer("7", false))],
        vec![at()],
        live(),
        vec![at(), Event::Answered(answer("7", true))],
        after(live(), Event::Failed { retry_after_ms: None }),
        after(live(), Event::Denied),
        vec![at(), Event::Unauthenticated],
    ]
    .into_iter()
    .map(|events| {
        let mut stream = ShapeStream::new(Table::Turns);
        for event in events {
            stream.on(event, NOW);
        }
        stream
    })
    .collect()
}

/// What came of it, in the words of the table.
fn told(before: &ShapeStream, event: Event) -> String {
    let mut stream = before.clone();
    let effects = stream.on(event, NOW);
    if stream == *before && effects.is_empty() {
        return "·".into();
    }
    let mut words = Vec::new();
    for effect in &effects {
        match effect {
            Effect::Fetch(request) => {
                let live = if request.live { "live " } else { "" };
                words.push(format!("ask {live}{}", request.offset.trim_end_matches("_0")));
            }
            Effect::Store(batch) if batch.reset => words.push("swap".into()),
            Effect::Store(_) => words.push("keep".into()),
            Effect::Rest { .. } => {}
        }
    }
    let stays = column_of(stream.state()) == column_of(before.state());
    match stream.state() {
        State::Asked(Question::Snapshot(Some(_), _)) if !effects.is_empty() => words.push("page".into()),
        // Shown by what is asked.
        State::Asked(_) if !effects.is_empty() => {}
        _ if stays => words.push(owed(before, stream)),
        State::Current(_) => words.push("Current".into()),
        State::Resting(_) => words.push("Resting".into()),
        State::Refused(_) => words.push("Refused".into()),
        State::Stopped => words.push("Stopped".into()),
        State::Idle | State::Asked(_) => panic!("{before:?} became {stream:?} and did nothing"),
    }
    words.join(" ")
}

/// What a stream that stands where it stood will ask when it can: seen by letting it get there.
fn owed(before: &ShapeStream, mut stream: ShapeStream) -> String {
    let anew = |stream: &ShapeStream| {
        matches!(
            stream.state(),
            State::Resting(Question::Snapshot(None, _)) | State::Refused(Question::Snapshot(None, _))
        )
    };
    if anew(&stream) && !anew(before) {
        return "owes anew".into();
    }
    // What rests after a live question asks that first, and then for what rang since.
    let mut asked = Vec::new();
    for _ in 0..4 {
        let effects = match stream.state() {
            State::Idle => stream.on(Event::Started(Some(place("7"))), NOW),
            State::Resting(_) | State::Refused(_) => stream.on(Event::Rested, NOW),
            _ => stream.on(Event::Answered(answer("9", true)), NOW),
        };
        asked.extend(effects.into_iter().filter_map(|effect| match effect {
            Effect::Fetch(request) => Some(request.live),
            _ => None,
        }));
    }
    assert!(stream.is_current());
    match asked.last() {
        Some(true) => "owes live".into(),
        Some(false) => "owes a look".into(),
        None => "owes nothing".into(),
    }
}

#[test]
fn every_state_meets_every_event_as_the_table_says() {
    let mut lines = TABLE.trim_matches('\n').lines().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    let states = lines.next().unwrap();
    let rows: Vec<_> = lines.collect();
    let (streams, events) = (streams(), events());
    assert_eq!(
        (states.len() - 1, rows.len()),
        (streams.len(), events.len()),
        "a row for each event, a column for each state"
    );
    let mut decided = BTreeMap::new();
    let mut wrong = Vec::new();
    for stream in &streams {
        for (row, event) in &events {
            let column = 1 + column_of(stream.state());
            decided.insert((*row, column), ());
            let (expected, got) = (rows[*row][column], told(stream, event.clone()));
            if got != expected {
                wrong.push(format!(
                    "{} × {}: the table says “{expected}”, the stream did “{got}”",
                    rows[*row][0], states[column]
                ));
            }
        }
    }
    assert_eq!(decided.len(), streams.len() * events.len(), "every pair once");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
