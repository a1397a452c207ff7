//! What peers do wrong is caught: a simulation that finds nothing in a wrong variant would prove nothing by finding nothing.

use sim::{Size, play, wrong::Wrong};

/// So many days are enough for each; most are caught within the first ten.
const MOST_RUNS: u64 = 400;

/// The first day on which a mistake breaks the law, and which law.
fn caught(wrong: Wrong) -> (u64, String) {
    (1..=MOST_RUNS)
        .find_map(|seed| Some((seed, play(seed, Size::FULL, Some(wrong), false).violation?)))
        .unwrap_or_else(|| panic!("{} was not caught in {MOST_RUNS} days", wrong.name()))
}

#[test]
fn a_server_without_receipts_is_caught() {
    let (_, law) = caught(Wrong::NoReceiptCheck);
    // Applied again, or refused for what it has done itself.
    let laws = ["was applied 2 times", "overtook", "was applied 1 times and is Rejected"];
    assert!(laws.iter().any(|broken| law.contains(broken)), "{law}");
}

#[test]
fn a_device_that_takes_any_200_for_delivered_is_caught() {
    let (_, law) = caught(Wrong::TakesAnyAnswer);
    assert!(law.contains("was applied 0 times and is Settled") || law.contains("went back"), "{law}");
}

#[test]
fn a_device_that_drops_what_is_forbidden_is_caught() {
    let (_, law) = caught(Wrong::DropsForbidden);
    assert!(law.contains("was applied 0 times and is Discarded"), "{law}");
}

#[test]
fn a_device_that_forgets_the_overlay_at_the_ack_is_caught() {
    let (_, law) = caught(Wrong::ForgetsAtAck);
    assert!(law.contains("went back and returned"), "{law}");
}

#[test]
fn days_keep_the_law_and_are_the_same_each_time() {
    for seed in 1..=150 {
        let day = play(seed, Size::FULL, None, false);
        assert_eq!(day.violation, None, "cargo xtask sim --runs 1 --seed {seed} --story");
    }
    for seed in 1..=50 {
        let story = || play(seed, Size::FULL, None, true).story;
        let (one, other) = (story(), story());
        let differs = one.iter().zip(&other).find(|(one, other)| one != other);
        assert_eq!((differs, one.len()), (None, other.len()), "seed {seed}");
    }
}
