//! The drainer against a world that fails: lost requests, lost answers, repeats, every refusal, a crash between any two steps.
//!
//! A case is a day of one device: writes are made, somebody else edits the same rows, the network misbehaves by a script and
//! the process dies at given steps. Afterwards the world behaves, and then must hold: every write is applied exactly once or
//! visibly waits for its user, nothing landed on a value that its author had not seen, and the order per row was kept.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "drain/evening.rs"]
mod evening;
#[path = "drain/mortal_store.rs"]
mod mortal_store;
#[path = "drain/office.rs"]
mod office;
#[path = "drain/story.rs"]
mod story;

use office::Fault;
use proptest::prelude::*;
use story::{Deed, Story};

fn fault() -> impl Strategy<Value = Fault> {
    prop::sample::select(vec![
        Fault::None,
        Fault::None,
        Fault::LostRequest,
        Fault::LostAnswer,
        Fault::Repeated,
        Fault::SignedOut,
        Fault::TooMany { retry_after_ms: 7_000 },
        Fault::FailedAfterCommit,
        Fault::FailedBeforeCommit,
        Fault::Unavailable,
        Fault::HalfAnswered,
        Fault::DiedOnTheWay,
        Fault::TooLarge,
    ])
}

fn deed() -> impl Strategy<Value = Deed> {
    let row = 0..3_u64;
    prop_oneof![
        4 => (row.clone(), 0..4_u8).prop_map(|(row, value)| Deed::EditNotes { row, value }),
        2 => (row.clone(), 0..4_u8).prop_map(|(row, value)| Deed::EditWorkOrder { row, value }),
        2 => (row.clone()).prop_map(|row| Deed::AddItem { row }),
        1 => Just(Deed::EditLastItem),
        1 => Just(Deed::DeleteLastItem),
        1 => Just(Deed::MakePoison),
        2 => (row.clone(), 0..4_u8).prop_map(|(row, value)| Deed::OfficeEditsNotes { row, value }),
        1 => (row.clone(), 0..4_u8).prop_map(|(row, value)| Deed::OfficeEditsPriority { row, value }),
        1 => prop::sample::select(vec![-1, 1]).prop_map(|years| Deed::ClockJumps { years }),
        1 => row.clone().prop_map(|row| Deed::Withdraw { row }),
        1 => row.prop_map(|row| Deed::GiveBack { row }),
        1 => any::<bool>().prop_map(|adopts| Deed::Supervise { adopts }),
        3 => Just(Deed::Drain),
        1 => Just(Deed::Echo),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(12_000), ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_nothing_is_applied_twice(
        deeds in prop::collection::vec(deed(), 1..14),
        faults in prop::collection::vec(fault(), 0..10),
        deaths in prop::collection::vec(0..12_usize, 0..4),
    ) {
        let mut story = Story::new(faults, deaths);
        for deed in deeds {
            story.live(deed);
        }
        story.let_the_sun_shine();
        story.check()?;
    }

    #[test]
    fn draining_twice_is_draining_once(deeds in prop::collection::vec(deed(), 1..10)) {
        let mut story = Story::new(vec![], vec![]);
        for deed in deeds {
            story.live(deed);
        }
        story.let_the_sun_shine();
        while story.office.supervise(true) {
            story.let_the_sun_shine();
        }
        let requests = story.office.requests();
        story.let_the_sun_shine();
        prop_assert_eq!(story.office.requests(), requests);
    }
}

#[test]
fn a_thousand_waiting_writes_travel_in_ten_requests() {
    let mut story = Story::new(vec![], vec![]);
    for n in 0..1_000 {
        story.live(Deed::EditNotes {
            row: n % 3,
            value: (n % 4) as u8,
        });
    }
    story.let_the_sun_shine();
    assert_eq!(story.office.requests(), 10);
}

#[test]
fn one_poisoned_write_holds_up_nobody() {
    let mut story = Story::new(vec![], vec![]);
    story.live(Deed::MakePoison);
    story.live(Deed::EditNotes { row: 1, value: 1 });
    story.let_the_sun_shine();
    assert_eq!(story.office.applied_count(), 1);
    assert!(story.waits_for_user() <= 1);
}

#[test]
fn a_refused_write_does_not_hold_up_later_work_on_its_row() {
    let mut story = Story::new(vec![], vec![]);
    story.live(Deed::MakePoison);
    story.live(Deed::Drain);
    story.live(Deed::EditWorkOrder { row: 0, value: 1 });
    story.let_the_sun_shine();
    assert_eq!((story.office.applied_count(), story.waits_for_user()), (1, 1));
}
