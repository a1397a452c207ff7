//! The same days before the real server over SQLite: the law holds there too, and a day is the same each time.

use sim::{REAL_ONE_IN, Size, is_real, play};

#[test]
fn days_before_the_real_server_keep_the_law_and_are_the_same_each_time() {
    for seed in (1..=6).map(|n| n * REAL_ONE_IN) {
        assert!(is_real(seed, None));
        let day = || play(seed, Size::FULL, None, true);
        let (one, other) = (day(), day());
        assert_eq!(one.violation, None, "cargo xtask sim --runs 1 --seed {seed} --story");
        let differs = one.story.iter().zip(&other.story).find(|(one, other)| one != other);
        assert_eq!((differs, one.story.len()), (None, other.story.len()), "seed {seed}");
    }
}
