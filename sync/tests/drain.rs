//! The drainer against a world that fails: lost requests, lost answers, repeats, every refusal, a crash between any two steps.
//!
//! A case is a day of one device: writes are made, somebody else edits, deletes and makes the same things, access is withdrawn and
//! given back, clocks jump by years, the network misbehaves by a script, the process dies at given steps, and the user decides
//! about what was refused at any moment, also while an answer is on its way. Afterwards the world behaves, and then must hold:
//! every write is applied exactly once, waits visibly, or was given up by its user; nothing landed on a value that its author had
//! not seen; the order was kept; and the device has what the office has.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "drain/deeds.rs"]
mod deeds;
#[path = "drain/evening.rs"]
mod evening;
#[path = "drain/mortal_store.rs"]
mod mortal_store;
#[path = "drain/office.rs"]
mod office;
#[path = "drain/poisoned.rs"]
mod poisoned;
#[path = "drain/story.rs"]
mod story;
#[path = "drain/two_tabs.rs"]
mod two_tabs;
#[path = "drain/user.rs"]
mod user;
#[path = "drain/wire.rs"]
mod wire;

use deeds::{Deed, OfficeDeed};
use poisoned::{Telling, cost, tablet};
use proptest::prelude::*;
use story::Story;
use two_tabs::TwoTabs;
use user::Way;
use wire::Fault;

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

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![
        2 => Just(Way::KeepMine),
        2 => Just(Way::TakeTheirs),
        2 => any::<u8>().prop_map(|mine| Way::Merge { mine }),
        2 => (0..4_u8).prop_map(|value| Way::Edit { value }),
        1 => Just(Way::MakeAgain),
        1 => Just(Way::SendAgain),
        1 => Just(Way::Discard),
        1 => Just(Way::RetryNow),
    ]
}

fn deed() -> impl Strategy<Value = Deed> {
    let row = 0..3_u64;
    prop_oneof![
        4 => (row.clone(), 0..4_u8).prop_map(|(row, value)| Deed::EditNotes { row, value }),
        2 => (row.clone(), 0..4_u8).prop_map(|(row, value)| Deed::EditWorkOrder { row, value }),
        2 => (row.clone()).prop_map(|row| Deed::AddItem { row }),
        2 => (0..4_u8).prop_map(|value| Deed::EditLastItem { value }),
        1 => (any::<bool>(), 1..4_u8).prop_map(|(is_quantity, value)| Deed::EditCost { is_quantity, value }),
        1 => Just(Deed::DeleteLastItem),
        1 => Just(Deed::MakePoison),
        2 => (row.clone(), 0..4_u8).prop_map(|(row, value)| Deed::Office(OfficeDeed::EditsNotes { row, value })),
        1 => (row.clone(), 0..4_u8).prop_map(|(row, value)| Deed::Office(OfficeDeed::EditsPriority { row, value })),
        1 => prop::sample::select(vec![-1, 1]).prop_map(|years| Deed::ClockJumps { years }),
        1 => row.clone().prop_map(|row| Deed::Withdraw { row }),
        1 => row.prop_map(|row| Deed::GiveBack { row }),
        1 => any::<bool>().prop_map(|adopts| Deed::Supervise { adopts }),
        1 => (0..3_u8).prop_map(|number| Deed::MakeHome { number }),
        1 => Just(Deed::BeginTurn),
        1 => Just(Deed::AddItemToMyTurn),
        1 => (0..4_u8).prop_map(|value| Deed::Office(OfficeDeed::EditsItem { value })),
        1 => (any::<bool>(), 1..4_u8).prop_map(|(is_quantity, value)| Deed::Office(OfficeDeed::EditsCost { is_quantity, value })),
        1 => Just(Deed::Office(OfficeDeed::DeletesItem)),
        1 => (0..3_u8).prop_map(|number| Deed::Office(OfficeDeed::MakesHome { number })),
        1 => (0..3_u8).prop_map(|number| Deed::Office(OfficeDeed::BeginsTurn { number })),
        3 => (any::<u8>(), way()).prop_map(|(pick, way)| Deed::Resolve { pick, way }),
        2 => (any::<u8>(), way()).prop_map(|(pick, way)| Deed::ResolveOnTheWay { pick, way }),
        4 => Just(Deed::Drain),
        1 => Just(Deed::Echo),
        2 => Just(Deed::OtherTab),
        1 => Just(Deed::Hear),
    ]
}

/// Two people at the same thing, which chance alone seldom brings about.
fn trouble() -> impl Strategy<Value = Vec<Deed>> {
    let notes = (0..3_u64, 0..4_u8).prop_map(|(row, value)| vec![Deed::EditNotes { row, value }, Deed::Office(OfficeDeed::EditsNotes { row, value })]);
    let mine = prop_oneof![
        (0..4_u8).prop_map(|value| vec![Deed::EditLastItem { value }]),
        (0..4_u8).prop_map(|value| vec![Deed::EditLastItem { value }, Deed::EditCost { is_quantity: true, value: 2 }]),
        (any::<bool>(), 1..4_u8).prop_map(|(is_quantity, value)| vec![Deed::EditCost { is_quantity, value }]),
        Just(vec![Deed::DeleteLastItem]),
    ];
    let theirs = prop_oneof![
        (0..4_u8).prop_map(|value| Deed::Office(OfficeDeed::EditsItem { value })),
        (any::<bool>(), 1..4_u8).prop_map(|(is_quantity, value)| Deed::Office(OfficeDeed::EditsCost { is_quantity, value })),
        Just(Deed::Office(OfficeDeed::DeletesItem)),
    ];
    let item = (0..3_u64, mine, theirs, any::<bool>()).prop_map(|(row, mine, theirs, is_known)| {
        let begun = if is_known {
            vec![Deed::AddItem { row }, Deed::Drain, Deed::Echo]
        } else {
            vec![Deed::AddItem { row }, Deed::Drain]
        };
        [begun, mine, vec![theirs]].concat()
    });
    let home = (0..3_u8, 0..3_usize).prop_map(|(number, of_mine)| {
        let begun = [
            Deed::Office(OfficeDeed::MakesHome { number }),
            Deed::MakeHome { number },
            Deed::BeginTurn,
            Deed::AddItemToMyTurn,
        ];
        begun[..begun.len() - of_mine].to_vec()
    });
    let turn = (0..3_u8).prop_map(|number| {
        let home = [Deed::MakeHome { number }, Deed::Drain, Deed::Echo];
        [
            home.to_vec(),
            vec![Deed::Office(OfficeDeed::BeginsTurn { number: 0 }), Deed::BeginTurn, Deed::AddItemToMyTurn],
        ]
        .concat()
    });
    (prop_oneof![2 => notes, 4 => item, 1 => home, 1 => turn], any::<bool>()).prop_map(|(mut deeds, is_sent)| {
        deeds.extend(is_sent.then_some(Deed::Drain));
        deeds
    })
}

/// A day: ordinary deeds, trouble, and decisions about it.
fn day() -> impl Strategy<Value = Vec<Deed>> {
    let decision = (any::<u8>(), way()).prop_map(|(pick, way)| vec![Deed::Resolve { pick, way }]);
    let part = prop_oneof![3 => deed().prop_map(|deed| vec![deed]), 2 => trouble(), 2 => decision];
    prop::collection::vec(part, 1..12).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(12_000), ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_nothing_is_applied_twice(
        deeds in day(),
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
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(2_000), ..ProptestConfig::default() })]

    #[test]
    fn draining_twice_is_draining_once(deeds in day()) {
        let mut story = Story::new(vec![], vec![]);
        for deed in deeds {
            story.live(deed);
        }
        story.let_the_sun_shine();
        while story.office.supervise(true) {
            story.let_the_sun_shine();
        }
        let requests = story.office.requests.get();
        story.let_the_sun_shine();
        prop_assert_eq!(story.office.requests.get(), requests);
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
    assert_eq!(story.office.requests.get(), 10);
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

/// One in a hundred writes meets a fault of the server every time: the others drain as if it were not there.
#[test]
fn one_per_cent_of_poison_costs_the_others_nothing() {
    let clean = cost(&tablet(false), Telling::Each);
    let poisoned = cost(&tablet(true), Telling::Each);
    assert_eq!((clean.requests, poisoned.requests), (5, 5));
    assert!(poisoned.rate() >= 0.9 * clean.rate(), "{poisoned:?}, and clean {clean:?}");
    assert!(poisoned.per_request() >= 0.9 * clean.per_request(), "{poisoned:?}, and clean {clean:?}");
}

/// Where a fault takes the whole request with it, nothing tells which write it was: they are parted by trying.
#[test]
fn poison_that_fails_whole_requests_is_parted_from_the_others() {
    let parted = cost(&tablet(true), Telling::All);
    assert!(parted.requests <= 550 && parted.ms <= 120_000, "{parted:?}");
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

/// A tab that has not heard of what is applied and over by now costs a question and its answer, and no pause.
#[test]
fn taps_of_two_tabs_at_the_same_rows_drain_as_those_of_one() {
    const TAPS: u64 = 300;
    for seed in 0..20 {
        let tablet = TwoTabs::new(seed, TAPS);
        let requests = tablet.hammer();
        assert!(requests <= 2, "seed {seed}: {requests} requests after the last tap");
        assert!(tablet.conflicts() < TAPS as usize / 5, "seed {seed}: {} conflicts", tablet.conflicts());
        tablet.check();
    }
}

/// It knows of the other tab's write, and not yet of what that one was made on.
#[test]
fn a_tab_whose_rows_lag_behind_overwrites_nothing_that_it_has_not_shown() {
    let mut story = Story::new(vec![Fault::LostRequest], vec![]);
    let (row, value) = (1, 1);
    let theirs = Deed::Office(OfficeDeed::EditsNotes { row, value });
    let in_one_tab = [theirs, Deed::Echo, Deed::EditWorkOrder { row, value }];
    let in_the_other = [Deed::OtherTab, Deed::Drain, Deed::EditNotes { row, value: 2 }];
    in_one_tab.into_iter().chain(in_the_other).for_each(|deed| story.live(deed));
    story.let_the_sun_shine();
    story.check().unwrap();
    assert_eq!(
        (story.office.applied_count(), story.waits_for_user()),
        (1, 1),
        "somebody else's notes are a question"
    );
}
