//! What a shape stream does with servers that go on being wrong, and with tables that hardly change.

use domain::Table;
use sync::{
    Place,
    outbox::settle::Now,
    shape_stream::{Effect, Event, Question, ShapeAnswer, ShapeStream, State},
};

/// A storm of 409s: every place is refused, also the one that the snapshot has just brought.
#[test]
fn a_storm_of_lost_logs_is_met_with_longer_and_longer_pauses() {
    let mut stream = ShapeStream::new(Table::Turns);
    let now = Now { ms: 0, jitter: 1.0 };
    let page = ShapeAnswer {
        changes: vec![],
        place: Place {
            handle: "1-1".into(),
            offset: "7_0".into(),
        },
        up_to_date: true,
    };
    stream.on(Event::Started(Some(page.place.clone())), now);
    let mut pauses = Vec::new();
    for _ in 0..12 {
        let effects = stream.on(Event::MustRefetch, now);
        if let [Effect::Rest { pause_ms }] = effects[..] {
            pauses.push(pause_ms);
            stream.on(Event::Rested, now);
        }
        stream.on(Event::Answered(page.clone()), now);
        assert!(stream.is_current());
        stream.on(Event::Rang, now);
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map(|seconds| seconds * 1_000));
    // A place that is good for more ends it.
    stream.on(Event::Answered(page), now);
    stream.on(Event::Rang, now);
    assert!(matches!(stream.on(Event::MustRefetch, now)[..], [Effect::Fetch(_)]));
}

/// A server that understands nothing is asked from the beginning once, and then seldom.
#[test]
fn a_place_that_is_not_understood_begins_anew_once_and_is_then_shown() {
    let mut stream = ShapeStream::new(Table::Turns);
    let now = Now { ms: 0, jitter: 0.0 };
    let place = Place {
        handle: "1-1".into(),
        offset: "7_0".into(),
    };
    stream.on(Event::Started(Some(place)), now);
    assert!(matches!(stream.on(Event::NotUnderstood, now)[..], [Effect::Fetch(_)]));
    for _ in 0..3 {
        assert_eq!(stream.on(Event::NotUnderstood, now), [Effect::Rest { pause_ms: 300_000 }]);
        assert!(matches!(stream.state(), State::Refused(Question::Snapshot(None, _))));
        stream.on(Event::Rested, now);
    }
}

/// Reference data is looked at when it rings, and never waited for.
#[test]
fn reference_data_is_never_asked_for_live() {
    for table in [Table::TurnStages, Table::PropertyTypes] {
        let mut stream = ShapeStream::new(table);
        let now = Now { ms: 0, jitter: 0.0 };
        let answer = ShapeAnswer {
            changes: vec![],
            place: Place {
                handle: "1-1".into(),
                offset: "7_0".into(),
            },
            up_to_date: true,
        };
        stream.on(Event::Started(Some(answer.place.clone())), now);
        stream.on(Event::Rang, now);
        for effects in [
            stream.on(Event::Answered(answer.clone()), now),
            stream.on(Event::Answered(answer), now),
            stream.on(Event::Rang, now),
        ] {
            assert!(
                effects.iter().all(|effect| !matches!(effect, Effect::Fetch(request) if request.live)),
                "{effects:?}"
            );
        }
    }
}
