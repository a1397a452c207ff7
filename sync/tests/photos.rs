//! Photos on their way: what goes when, what an answer means, and that whatever happens in between they arrive whole, once.

#[path = "photos/office.rs"]
mod office;

use domain::{DeviceId, Operation, Table, UserId, WriteId};
use office::{Fault, Office};
use proptest::prelude::*;
use protocol::{Problem, ProblemCode};
use sync::{
    OutboxRecord, Photo, PhotoState, WriteState,
    outbox::{Author, settle::Now},
    photos::{
        About, Ground, PHOTO_SCHEMA,
        budget::{NoRoom, make_room},
        plan::{Asked, PIECE_BYTES, Step, plan},
        settle::{Said, ends_run, marked, needs_sign_in, settle},
    },
    store::conformance::row_id,
};

const NOW: Now = Now { ms: 1_000_000, jitter: 0.5 };

fn photo(n: u64, size_bytes: u64) -> Photo {
    Photo {
        schema: PHOTO_SCHEMA,
        document_id: row_id(n),
        user_id: UserId(row_id(1).0),
        write_id: WriteId(row_id(1_000 + n).0),
        about: About {
            entity_type: "turn".to_owned(),
            entity_id: row_id(77),
            kind: "before".to_owned(),
            file_name: "hall.jpg".to_owned(),
            taken_at: "2026-11-30T08:00:00Z".to_owned(),
        },
        content_hash: "ab".repeat(32),
        content_type: "image/jpeg".to_owned(),
        size_bytes,
        kept_at_ms: 0,
        state: PhotoState::Waiting,
        upload: None,
        sent_bytes: 0,
        is_unanswered: false,
        attempts: 0,
        begun_again: 0,
        next_attempt_at_ms: None,
        last_error: None,
        revision: 0,
    }
}

fn write(n: u64, state: WriteState) -> OutboxRecord {
    let author = Author {
        user_id: UserId(row_id(1).0),
        device_id: DeviceId(row_id(2).0),
        write_id: WriteId(row_id(1_000 + n).0),
        now_ms: 0,
    };
    OutboxRecord {
        seq: n,
        ..OutboxRecord::new(author, Table::Documents, row_id(n), Operation::Create)
    }
    .in_state(state)
}

fn next(photos: &[Photo], text: &[OutboxRecord]) -> Step {
    plan(photos, text, |photo| Ground::of(photo, text, None), NOW.ms)
}

#[test]
fn text_goes_first_and_a_photo_only_behind_its_document() {
    let photos = [photo(10, 5), photo(11, 5)];
    let address = |n| Step::Send(row_id(n), Asked::Address);
    use WriteState::{Acked, Blocked, Discarded, Held, Pending, Rejected};
    for (states, expected) in [
        ([Pending, Acked], Step::Text),
        ([Acked, Acked], address(10)),
        ([Rejected, Acked], address(11)),
        ([Blocked, Acked], address(11)),
        ([Rejected, Blocked], Step::Idle),
        ([Discarded, Rejected], Step::Forget(row_id(10))),
    ] {
        assert_eq!(next(&photos, &[write(10, states[0]), write(11, states[1])]), expected, "{states:?}");
    }
    // Held by a supervisor, and not to be asked about before some time.
    let held = OutboxRecord {
        next_attempt_at_ms: Some(NOW.ms + 60_000),
        ..write(10, Held)
    };
    assert_eq!(next(&photos[..1], &[held]), Step::Idle);
    // Of a write of which nothing is known nobody may say that it is applied: it may lie sealed.
    assert_eq!(next(&photos, &[]), Step::Idle);
    for (ended, ground) in [(WriteState::Settled, Ground::Applied), (WriteState::Discarded, Ground::GivenUp)] {
        assert_eq!(Ground::of(&photos[0], &[], Some(ended)), ground);
    }
}

#[test]
fn text_that_waits_for_another_attempt_holds_up_no_photo() {
    let paused = OutboxRecord {
        next_attempt_at_ms: Some(NOW.ms + 5_000),
        ..write(12, WriteState::Pending)
    };
    assert_eq!(
        next(&[photo(10, 5)], &[write(10, WriteState::Acked), paused]),
        Step::Send(row_id(10), Asked::Address)
    );
}

#[test]
fn what_is_under_way_is_finished_first_and_pauses_are_kept() {
    let text = [10, 11, 12].map(|n| write(n, WriteState::Acked));
    let begun = |n| Photo {
        upload: Some("/u".to_owned()),
        ..photo(n, PIECE_BYTES + 5)
    };
    let piece = |from, to| Asked::Piece { from, to };
    assert_eq!(next(&[photo(10, 5), begun(11)], &text), Step::Send(row_id(11), piece(0, PIECE_BYTES)));
    let far = Photo {
        sent_bytes: PIECE_BYTES,
        ..begun(11)
    };
    assert_eq!(
        next(std::slice::from_ref(&far), &text),
        Step::Send(row_id(11), piece(PIECE_BYTES, PIECE_BYTES + 5))
    );
    for asks in [
        Photo {
            is_unanswered: true,
            ..far.clone()
        },
        Photo {
            sent_bytes: PIECE_BYTES + 5,
            ..far.clone()
        },
    ] {
        assert_eq!(next(&[asks], &text), Step::Send(row_id(11), Asked::Progress));
    }
    let paused = |n, ms| Photo {
        next_attempt_at_ms: Some(NOW.ms + ms),
        ..photo(n, 5)
    };
    assert_eq!(
        next(&[paused(10, 900), paused(11, 500), photo(12, 5)], &text),
        Step::Send(row_id(12), Asked::Address)
    );
    assert_eq!(next(&[paused(10, 900), paused(11, 500)], &text), Step::WaitUntil(NOW.ms + 500));
    const YEAR_MS: i64 = 365 * 24 * 60 * 60 * 1_000;
    assert_eq!(
        next(&[paused(10, YEAR_MS)], &text),
        Step::Send(row_id(10), Asked::Address),
        "a clock that is wrong holds up nobody"
    );
    for over in [PhotoState::Sent, PhotoState::Refused] {
        assert_eq!(next(&[Photo { state: over, ..photo(10, 5) }], &text), Step::Idle);
    }
}

fn no(status: u16) -> Said {
    Said::No {
        status,
        problem: None,
        retry_after_ms: None,
    }
}

#[test]
fn every_answer_to_every_question_has_its_meaning() {
    let begun = Photo {
        upload: Some("/u".to_owned()),
        sent_bytes: 10,
        is_unanswered: true,
        ..photo(10, 100)
    };
    let piece = Asked::Piece { from: 10, to: 100 };
    let after = |asked, said: &Said| {
        let photo = settle(&begun, asked, said, NOW);
        assert_eq!(photo.revision, begun.revision + 1);
        (photo.state, photo.upload.is_some(), photo.sent_bytes, photo.next_attempt_at_ms.is_some())
    };
    use PhotoState::{Refused, Sent, Waiting};
    for asked in [Asked::Progress, piece] {
        for (said, expected) in [
            (Said::Has(60), (Waiting, true, 60, false)),
            (Said::Has(100), (Sent, true, 100, false)),
            // More than there is was not ours.
            (Said::Has(101), (Waiting, true, 10, true)),
            (Said::Address("/v".to_owned()), (Waiting, true, 10, true)),
            (Said::Nothing, (Waiting, true, 10, true)),
            (no(401), (Waiting, true, 10, false)),
            (no(404), (Waiting, false, 0, true)),
            (no(409), (Waiting, true, 10, true)),
            (no(423), (Waiting, true, 10, true)),
            (no(429), (Waiting, true, 10, true)),
            (no(503), (Waiting, true, 10, true)),
            (no(302), (Waiting, true, 10, true)),
            (no(403), (Refused, false, 0, false)),
            (no(413), (Refused, false, 0, false)),
            (no(415), (Refused, false, 0, false)),
            (no(422), (Refused, false, 0, false)),
        ] {
            assert_eq!(after(asked, &said), expected, "{asked:?} {said:?}");
        }
    }
    for (said, expected) in [
        (Said::Address("/v".to_owned()), (Waiting, true, 0, false)),
        (no(404), (Refused, false, 0, false)),
        (no(413), (Refused, false, 0, false)),
        (no(401), (Waiting, true, 10, false)),
        (no(500), (Waiting, true, 10, true)),
        (Said::Has(5), (Waiting, true, 10, true)),
    ] {
        assert_eq!(after(Asked::Address, &said), expected, "{said:?}");
    }
}

#[test]
fn a_refusal_says_why_and_a_fault_comes_again_in_its_time() {
    let told = Problem::new(ProblemCode::PayloadTooLarge, "a file may have at most 25 MiB");
    let said = Said::No {
        status: 413,
        problem: Some(told.clone()),
        retry_after_ms: None,
    };
    let refused = settle(&photo(10, 5), Asked::Address, &said, NOW);
    assert_eq!(refused.last_error.clone().unwrap().problem, told);
    assert!(refused.is_unsent() && !ends_run(Asked::Address, &said), "the others go on");
    let again = refused.again();
    assert_eq!((again.state, again.next_attempt_at_ms, again.attempts), (PhotoState::Waiting, None, 0));

    let unnamed = settle(&photo(10, 5), Asked::Address, &no(415), NOW);
    assert_eq!(unnamed.last_error.unwrap().problem.message, "the server does not take this kind of picture");
    let limited = Said::No {
        status: 429,
        problem: None,
        retry_after_ms: Some(7_000),
    };
    let limited = settle(&photo(10, 5), Asked::Address, &limited, NOW);
    assert_eq!((limited.next_attempt_at_ms, limited.waits_for_network()), (Some(NOW.ms + 7_000), false));
    let lost = settle(&photo(10, 5), Asked::Address, &Said::Nothing, NOW);
    assert_eq!((lost.next_attempt_at_ms, lost.waits_for_network()), (Some(NOW.ms + 750), true));
    assert!(ends_run(Asked::Address, &Said::Nothing) && ends_run(Asked::Address, &no(503)));
    assert!(needs_sign_in(&no(401)) && ends_run(Asked::Progress, &no(401)) && !needs_sign_in(&no(403)));
}

#[test]
fn a_server_that_always_forgets_does_not_want_it() {
    let mut photo = photo(10, 5);
    let mut begun = 0;
    while photo.state == PhotoState::Waiting {
        photo = settle(&photo, Asked::Address, &Said::Address("/u".to_owned()), NOW);
        begun += 1;
        photo = settle(&photo, Asked::Piece { from: 0, to: 5 }, &no(404), NOW);
    }
    assert_eq!((begun, photo.state), (4, PhotoState::Refused));
}

#[test]
fn what_is_sent_makes_room_and_what_is_not_never_does() {
    let sent = |n, size| Photo {
        state: PhotoState::Sent,
        ..photo(n, size)
    };
    let photos = [sent(12, 40), sent(10, 40), photo(11, 40)];
    for (new, granted, expected) in [
        (10, Some(1_000), Ok(vec![])),
        (10, Some(200), Ok(vec![row_id(10)])),
        (50, Some(200), Ok(vec![row_id(10), row_id(12)])),
        (60, Some(200), Ok(vec![row_id(10), row_id(12)])),
        (61, Some(200), Err(NoRoom)),
        (61, None, Ok(vec![])),
        (u64::MAX, Some(u64::MAX), Err(NoRoom)),
    ] {
        assert_eq!(make_room(&photos, new, granted), expected, "{new} of {granted:?}");
    }
    let old = [sent(10, 100_000_000), sent(11, 100_000_000)];
    assert_eq!(
        make_room(&old, 1, Some(u64::MAX)),
        Ok(vec![row_id(10)]),
        "what is only looked at is not kept without end"
    );
}

proptest! {
    /// A device that dies, a line that loses requests and answers, a server that forgets: the photo arrives, whole and once, and where nothing
    /// was forgotten no byte that the server had told of goes twice.
    #[test]
    fn whatever_happens_on_the_way_it_arrives(size in 1_u64..5 * PIECE_BYTES, faults in proptest::collection::vec(office::any_fault(), 0..12)) {
        let mut office = Office::new(size);
        let mut stored = photo(10, size);
        let text = [write(10, WriteState::Acked)];
        let mut faults = faults.into_iter();
        let mut now = NOW;
        for _ in 0..200 {
            let step = plan(std::slice::from_ref(&stored), &text, |photo| Ground::of(photo, &text, None), now.ms);
            let (Step::Send(_, asked), fault) = (step, faults.next().unwrap_or(Fault::None)) else {
                match step {
                    Step::WaitUntil(at_ms) => now.ms = at_ms,
                    _ => break,
                }
                continue;
            };
            stored = marked(&stored, asked);
            if fault == Fault::DeathBefore {
                continue;
            }
            let said = office.asked(&stored, asked, fault);
            if fault != Fault::DeathAfter {
                stored = settle(&stored, asked, &said, now);
            }
        }
        // Who is forgotten again and again is refused, and still here.
        prop_assert!(stored.state == PhotoState::Sent || (office.forgotten > 3 && stored.state == PhotoState::Refused), "{stored:?}");
        if stored.state == PhotoState::Sent {
            prop_assert!(office.complete == 1 || office.complete > 1 && office.forgotten > 0);
        }
        prop_assert!(office.forgotten > 0 || office.sent_in_vain == 0, "{} bytes in vain", office.sent_in_vain);
    }
}
