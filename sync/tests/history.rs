//! How long what is over is kept, while the clock is wrong by a year.

use domain::WriteId;
use futures::executor::block_on;
use sync::{
    Amendment, OutboxRecord, Receipt, Store, WriteState,
    outbox::history::{GAPS_NOTE, complete_since_ms, is_to_be_trimmed, outlived, trim},
    store::{conformance::record, memory::MemoryStore},
};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const YEAR_MS: i64 = 365 * DAY_MS;
const TODAY: i64 = 60;

/// One settled write for each day up to today, by a clock that is wrong by so much on that day.
fn days(wrong_by_ms: impl Fn(i64) -> i64) -> Vec<OutboxRecord> {
    let on = |day: i64| {
        let made_at_ms = day * DAY_MS + wrong_by_ms(day);
        settled(day, made_at_ms, made_at_ms + 1_000)
    };
    (1..=TODAY).map(on).collect()
}

fn settled(seq: i64, made_at_ms: i64, received_at_ms: i64) -> OutboxRecord {
    let seq = seq.unsigned_abs();
    let receipt = Receipt {
        version: Some(2),
        txid: "8".into(),
        in_shape: true,
        received_at_ms,
        quiet_looks: 0,
        comes_before_row: false,
    };
    OutboxRecord {
        seq,
        made_at_ms,
        receipt: Some(receipt),
        ..record(seq, seq)
    }
    .in_state(WriteState::Settled)
}

/// The last day whose write goes; 0 where none does. Those before it go too.
fn last_gone(records: &[OutboxRecord], wrong_by_ms: i64) -> u64 {
    let mut gone: Vec<u64> = outlived(records, TODAY * DAY_MS + 2_000 + wrong_by_ms)
        .iter()
        .map(|record| record.seq)
        .collect();
    gone.sort_unstable();
    assert_eq!(gone, (1..=gone.len() as u64).collect::<Vec<_>>());
    gone.len() as u64
}

#[test]
fn a_clock_that_is_wrong_for_a_while_costs_a_week_at_most() {
    assert_eq!(last_gone(&days(|_| 0), 0), 30, "with a right clock, whatever is older than thirty days");
    for wrong_by_ms in [-YEAR_MS, YEAR_MS] {
        let always = days(|_| wrong_by_ms);
        assert_eq!(last_gone(&always, wrong_by_ms), 30, "wrong for ever is not wrong among themselves");
        let now_only = last_gone(&days(|_| 0), wrong_by_ms);
        assert!((22..=37).contains(&now_only), "wrong only now: {now_only}");
        let put_right = last_gone(&always, 0);
        assert!((22..=37).contains(&put_right), "put right now: {put_right}");
        for from in [20, 45] {
            let since = days(|day| if day >= from { wrong_by_ms } else { 0 });
            let gone = last_gone(&since, wrong_by_ms);
            assert!((22..=37).contains(&gone), "wrong by {wrong_by_ms} since day {from}: {gone}");
            let meanwhile = days(|day| if (from..from + 5).contains(&day) { wrong_by_ms } else { 0 });
            let gone = last_gone(&meanwhile, 0);
            assert!((22..=37).contains(&gone), "wrong by {wrong_by_ms} for five days from day {from}: {gone}");
        }
    }
    assert_eq!(outlived(&days(|_| i64::MIN / 2), i64::MAX).len(), 36, "whatever a clock may say");
}

#[test]
fn what_was_over_only_lately_or_what_a_write_waits_on_stays() {
    let mut records = days(|_| 0);
    // Made on the third day, and settled yesterday.
    records[2] = settled(3, 3 * DAY_MS, (TODAY - 1) * DAY_MS);
    // Its author may have to be known as who made the version that a later one is refused for.
    let waiting = OutboxRecord {
        seq: 61,
        made_at_ms: TODAY * DAY_MS,
        ..record(61, 5)
    };
    // A waiting write itself is nobody's to forget.
    records[6] = OutboxRecord {
        receipt: None,
        ..records[6].clone()
    }
    .in_state(WriteState::Rejected);
    records.push(waiting);
    let now_ms = TODAY * DAY_MS + 2_000;
    let gone: Vec<u64> = outlived(&records, now_ms).iter().map(|record| record.seq).collect();
    assert_eq!(gone.len(), 27);
    assert!([3, 5, 7].iter().all(|kept| !gone.contains(kept)), "{gone:?}");
}

#[test]
fn a_file_says_from_when_on_it_is_complete() {
    block_on(async {
        let store = MemoryStore::default();
        let parked = store.enqueue(vec![record(900, 900)]).await.unwrap().remove(0);
        assert!(store.amend(vec![Amendment::of(parked.in_state(WriteState::Rejected))]).await.unwrap());
        let everything = || async { sync::outbox::history::records(&store).await.unwrap() };
        let parked_at_ms = everything().await[0].made_at_ms;
        assert!(
            complete_since_ms(&store, &everything().await).await.unwrap() > parked_at_ms,
            "nothing is known of what lay here"
        );
        trim(&store, parked_at_ms).await.unwrap();
        assert_eq!(complete_since_ms(&store, &everything().await).await.unwrap(), 0, "since then everything is");

        let day_of = |seq: u64| parked_at_ms + i64::try_from(seq).unwrap() * DAY_MS;
        for seq in 2..=60_u64 {
            let made = OutboxRecord {
                made_at_ms: day_of(seq),
                ..record(seq, seq)
            };
            let stored = store.enqueue(vec![made]).await.unwrap().remove(0);
            assert_eq!(stored.seq, seq);
            assert!(store.amend(vec![Amendment::of(stored.in_state(WriteState::Discarded))]).await.unwrap());
        }
        trim(&store, day_of(60) + YEAR_MS).await.unwrap();
        let gaps_until: u64 = store.note(GAPS_NOTE).await.unwrap().unwrap().parse().unwrap();
        assert_eq!(gaps_until, 36, "a week more than a right clock would have made of it");
        let left = everything().await;
        assert_eq!(
            left.iter().map(|record| record.seq).collect::<Vec<_>>(),
            [vec![1], (37..=60).collect()].concat()
        );
        let complete_since_ms = complete_since_ms(&store, &left).await.unwrap();
        assert!(
            (day_of(0) + 1..day_of(37)).contains(&complete_since_ms),
            "the gap is behind the parked one, and nothing else may be missing"
        );
        store.forget_history(&[WriteId(record(50, 50).write_id.0)]).await.unwrap();
        trim(&store, day_of(60)).await.unwrap();
        assert_eq!(store.note(GAPS_NOTE).await.unwrap().unwrap(), "36", "a loss behind it stays one");
    });
}

#[test]
fn a_tab_that_stays_open_looks_once_a_day() {
    for (last_ms, now_ms, is_time) in [
        (None, 0, true),
        (Some(5), 5 + DAY_MS - 1, false),
        (Some(5), 5 + DAY_MS, true),
        (Some(YEAR_MS), 5, true),
    ] {
        assert_eq!(is_to_be_trimmed(last_ms, now_ms), is_time, "{last_ms:?} {now_ms}");
    }
}
