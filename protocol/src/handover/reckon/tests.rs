//! Both sides of the comparison, and every way in which they disagree.

use super::*;
use crate::{User, WireWrite};
use domain::{DeviceId, Role};
use serde_json::{Map, json};
use uuid::Uuid;

const MARIA: UserId = UserId(Uuid::from_u128(1));
const ROW: RowId = RowId(Uuid::from_u128(9));

fn write(seq: u64, standing: Standing) -> DeviceWrite {
    DeviceWrite {
        seq,
        user_id: MARIA,
        made_at_ms: 1_000 + seq as i64,
        standing,
        txid: (standing == Standing::Applied).then(|| seq.to_string()),
        write: WireWrite {
            table: Some("turns".to_owned()),
            operation: Operation::Update,
            write_id: Some(id(seq)),
            row_id: Some(ROW),
            version: Some(1),
            data: Map::from_iter([("notes".to_owned(), json!(seq.to_string()))]),
            metadata: crate::WriteMetadata::default(),
            after: vec![],
        },
    }
}

fn id(seq: u64) -> WriteId {
    WriteId(Uuid::from_u128(100 + u128::from(seq)))
}

fn file(writes: Vec<DeviceWrite>) -> DeviceWrites {
    DeviceWrites {
        version: 1,
        device_id: DeviceId(Uuid::from_u128(2)),
        user: User {
            id: MARIA,
            email: "maria@example.com".to_owned(),
            name: "Maria".to_owned(),
            role: Role::PropertyManager,
            vendor_id: None,
            must_change_password: false,
        },
        exported_at_ms: 9_000,
        complete_since_ms: 0,
        writes,
        photos: vec![],
    }
}

fn applied(seq: u64) -> Known {
    let mut after = Row::blank(Table::Turns);
    after.set("notes", Value::text(seq.to_string()));
    Known {
        receipt: Some(KnownReceipt {
            user_id: MARIA,
            table: Table::Turns,
            row_id: ROW,
            txid: Some(seq.to_string()),
            is_same_content: true,
        }),
        held: None,
        changes: vec![KnownChange {
            at_micros: 7,
            after: Some(after),
        }],
    }
}

fn held() -> Known {
    Known {
        held: Some(HeldState::Waiting),
        ..Known::default()
    }
}

fn wrongs(device: &DeviceWrites, known: HashMap<WriteId, Known>) -> Vec<(u64, Wrong)> {
    let reckoning = reckon(device, &known, false);
    assert!(!reckoning.is_right());
    reckoning.discrepancies.into_iter().map(|found| (found.seq, found.wrong)).collect()
}

#[test]
fn every_write_is_somewhere() {
    let all = [
        Standing::Applied,
        Standing::Waiting,
        Standing::NeedsUser,
        Standing::Held,
        Standing::Discarded,
        Standing::Waiting,
    ];
    let device = file((1..).zip(all).map(|(seq, standing)| write(seq, standing)).collect());
    let known = HashMap::from([(id(1), applied(1)), (id(4), held()), (id(6), applied(6))]);
    let reckoning = reckon(&device, &known, false);
    assert_eq!(reckoning.discrepancies, []);
    assert_eq!(
        (
            reckoning.enqueued,
            reckoning.applied,
            reckoning.applied_unheard,
            reckoning.resolved,
            reckoning.waiting
        ),
        (6, 2, 1, 1, 3)
    );
    assert!(reckoning.is_right());
}

#[test]
fn what_the_device_believes_and_the_server_has_not_is_lost() {
    let device = file(vec![write(1, Standing::Applied), write(2, Standing::Held)]);
    assert_eq!(wrongs(&device, HashMap::new()), [(1, Wrong::ReceiptMissing), (2, Wrong::HeldMissing)]);
    assert_eq!(reckon(&device, &HashMap::new(), false).lost(), 2);
}

#[test]
fn what_was_done_is_held_against_what_was_written() {
    let device = file((1..=6).map(|seq| write(seq, Standing::Applied)).collect());
    let mut known: HashMap<_, _> = (1..=6).map(|seq| (id(seq), applied(seq))).collect();
    let twice = known.get_mut(&id(1)).unwrap();
    twice.changes.push(KnownChange {
        at_micros: 8,
        ..twice.changes[0].clone()
    });
    known.get_mut(&id(2)).unwrap().receipt.as_mut().unwrap().is_same_content = false;
    known.insert(id(3), applied(33));
    known.get_mut(&id(3)).unwrap().receipt.as_mut().unwrap().txid = Some("3".to_owned());
    known.get_mut(&id(4)).unwrap().receipt.as_mut().unwrap().txid = Some("44".to_owned());
    known.get_mut(&id(5)).unwrap().receipt.as_mut().unwrap().user_id = UserId(Uuid::nil());
    known.get_mut(&id(6)).unwrap().receipt = None;
    let (device_tx, server_tx) = ("4".to_owned(), "44".to_owned());
    assert_eq!(
        wrongs(&device, known),
        [
            (1, Wrong::AppliedTwice { times: 2 }),
            (2, Wrong::OtherContent),
            (3, Wrong::OtherValues { columns: "notes".to_owned() }),
            (
                4,
                Wrong::OtherTransaction {
                    device: device_tx,
                    server: server_tx
                }
            ),
            (5, Wrong::OtherUser),
            (6, Wrong::ReceiptMissing),
            (6, Wrong::ChangedWithoutReceipt),
        ]
    );
}

#[test]
fn what_was_given_up_and_applied_is_told() {
    let device = file(vec![write(1, Standing::Discarded)]);
    assert_eq!(wrongs(&device, HashMap::from([(id(1), applied(1))])), [(1, Wrong::GivenUpButApplied)]);
}

#[test]
fn numbers_are_whole_since_nothing_is_trimmed() {
    let mut device = file([1, 2, 5, 5].map(|seq| write(seq, Standing::Discarded)).to_vec());
    device.writes[3].write.write_id = Some(id(6));
    assert_eq!(
        wrongs(&device, HashMap::new()),
        [(3, Wrong::NumbersMissing { until: 4 }), (5, Wrong::NumberTwice)]
    );
    device.writes.pop();
    assert!(reckon(&device, &HashMap::new(), true).is_right(), "on a shared tablet they are somebody else’s");
    device.complete_since_ms = 1_003;
    assert!(reckon(&device, &HashMap::new(), false).is_right(), "they may have been trimmed");
    device.writes[1].write.write_id = Some(id(1));
    device.writes[2].user_id = UserId(Uuid::nil());
    assert_eq!(wrongs(&device, HashMap::new()), [(2, Wrong::NoIdOfItsOwn), (5, Wrong::NotTheFiles)]);
}
