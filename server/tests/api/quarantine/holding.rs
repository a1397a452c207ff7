//! What is held, and what is refused as ever.

use super::{World, code, docket, send, send_all, told};
use crate::support::{figures, new_id, value};
use serde_json::json;

#[tokio::test]
async fn what_was_written_before_the_home_was_handed_over_is_held_once() {
    let world = World::start().await;
    let write = world.update(json!({"notes": "the boiler leaks"}));
    world.hand_over().await;
    let before = world.turn_now().await;
    let first = send(&world.manager, &write).await;
    assert_eq!((&first["status"], code(&first)), (&json!(403), "QUARANTINED"));
    let alone = world.manager.write("turns", write.clone()).await;
    assert_eq!((alone.status.as_u16(), alone.problem()), (403, "QUARANTINED"), "asked by itself it is the same");
    assert_eq!(send(&world.manager, &write).await, first);
    assert_eq!(world.turn_now().await, before, "nothing of it is applied");

    let more = world.update(json!({"priority": "urgent"}));
    assert_eq!(code(&send(&world.manager, &more).await), "QUARANTINED");
    assert_eq!(docket(&world.admin).await, [&write, &more].map(|write| write["writeId"].clone()));
    assert_eq!(told(&world.admin, "write_held").await.len(), 1, "a day's work is one line");
    assert_eq!(value(&figures(&world.app).await, "turns_quarantined_writes"), Some(2.0));

    let listed = world.admin.get("/api/quarantine").await.json["writes"][0].clone();
    assert_eq!(
        (&listed["author"]["id"], &listed["table"], &listed["write"]["data"]),
        (&json!(world.manager.id), &json!("turns"), &json!({"notes": "the boiler leaks"}))
    );
    assert_eq!((&listed["base"]["notes"], &listed["row"]["id"]), (&world.turn["notes"], &world.turn["id"]));

    let another =
        json!({"table": "turns", "operation": "update", "writeId": write["writeId"], "rowId": world.turn["id"], "version": 9, "data": {"notes": "x"}});
    assert_eq!(code(&send(&world.manager, &another).await), "VALIDATION", "an id stands for one write");
    assert_eq!(code(&send(&world.other, &another).await), "CONFLICT", "and is nothing to anybody else");
}

#[tokio::test]
async fn another_password_forgets_nothing_of_what_somebody_saw() {
    let world = World::start().await;
    let write = world.update(json!({"notes": "the boiler leaks"}));
    world.hand_over().await;
    let body = json!({"current": "turns-demo", "new": "boilers leak on Tuesdays"});
    assert_eq!(world.manager.post("/api/auth/password", &body).await.status, 200);
    assert_eq!(code(&send(&world.manager, &write).await), "QUARANTINED");
}

#[tokio::test]
async fn a_guess_is_refused_as_ever() {
    let world = World::start().await;
    let theirs = world.other.first("turns").await;
    world.hand_over().await;
    let update = |id: &serde_json::Value, version: i64| json!({"table": "turns", "operation": "update", "writeId": new_id(), "rowId": id, "version": version, "data": {"notes": "x"}});
    for (write, why) in [
        (update(&theirs["id"], 1), "never seen"),
        (update(&world.turn["id"], 99), "not at that version"),
        (
            json!({"table": "turns", "operation": "create", "writeId": new_id(), "rowId": new_id(), "data": {"property_id": theirs["property_id"]}}),
            "under a home that was never theirs",
        ),
        (
            json!({"table": "vendors", "operation": "create", "writeId": new_id(), "rowId": new_id(), "data": {"company_name": "Mine"}}),
            "nothing that the role could ever do",
        ),
    ] {
        let answer = send(&world.manager, &write).await;
        assert!(["PERMISSION", "VALIDATION"].contains(&code(&answer)), "{why}: {answer}");
    }
    let both = vec![world.update(json!({"notes": "a"})), world.update(json!({"priority": "low"}))];
    let atomic = world.manager.batch(true, both).await;
    assert_eq!((atomic.status.as_u16(), atomic.problem()), (403, "PERMISSION"), "all or nothing holds nothing");
    assert_eq!(world.app.number("SELECT count(*) FROM quarantine").await, 0);
}

#[tokio::test]
async fn a_vendor_who_lost_the_work_is_heard() {
    let world = World::start().await;
    let vendor = world.app.sign_in("vendor").await;
    let item = vendor.first("scope-items").await;
    let turn = vendor.rows("turns").await.0.remove(item["turn_id"].as_str().unwrap()).unwrap();
    let version: i64 = world.admin.rows("turns").await.0[turn["id"].as_str().unwrap()]["version"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let withdraw = json!({"operation": "update", "rowId": turn["id"], "version": version, "data": {"vendor_id": null, "flooring_vendor_id": null}});
    let done = world.admin.write("turns", withdraw).await;
    assert_eq!(done.status, 200, "{}", done.text);

    let tick = json!({"table": "scope-items", "operation": "update", "writeId": new_id(), "rowId": item["id"], "version": 1, "data": {"is_done": true}});
    assert_eq!(code(&send(&vendor, &tick).await), "QUARANTINED");
    let cost = json!({"table": "scope-items", "operation": "update", "writeId": new_id(), "rowId": item["id"], "version": 1, "data": {"unit_cost": "1.00"}});
    assert_eq!(
        code(&send(&vendor, &cost).await),
        "PERMISSION",
        "what was never theirs to set is not held either"
    );

    let refuse = world
        .admin
        .post(&super::path(&tick, "refuse"), &json!({"reason": " Somebody else did it. "}))
        .await;
    assert_eq!(refuse.status, 200, "{}", refuse.text);
    let told = told(&vendor, "write_refused").await;
    assert!(told[0][1].ends_with("Somebody else did it."), "{told:?}");
    let again = send(&vendor, &tick).await;
    assert_eq!(code(&again), "PERMISSION");
    assert!(again["error"]["message"].as_str().unwrap().ends_with("Somebody else did it."), "{again}");
    let audited = format!(
        "SELECT count(*) FROM audit_logs WHERE table_name = 'quarantine' AND operation = 'refuse' AND on_behalf_of = '{}'",
        vendor.id
    );
    assert_eq!(world.app.number(&audited).await, 1);
}

#[tokio::test]
async fn another_role_does_not_lose_what_the_old_one_did() {
    let world = World::start().await;
    let (update, item) = (
        world.update(json!({"vendor_id": null, "notes": "as a manager"})),
        json!({"table": "scope-items", "operation": "create", "writeId": new_id(), "rowId": new_id(),
            "data": {"turn_id": world.turn["id"], "room": "Kitchen", "category": "Paint", "description": "Walls"}}),
    );
    let home = json!({"table": "properties", "operation": "create", "writeId": new_id(), "rowId": new_id(), "data": {
        "property_number": "Q-1", "name": "1 Oak", "street_address": "1 Oak", "city": "Tulsa"}});
    let changed = world
        .admin
        .patch(
            &format!("/api/admin/users/{}", world.manager.id),
            &json!({"role": "VENDOR", "vendorId": world.admin.first("vendors").await["id"]}),
        )
        .await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    for write in [&update, &item, &home] {
        assert_eq!(code(&send(&world.manager, write).await), "QUARANTINED", "{write}");
    }
    for write in [&update, &item, &home] {
        let adopted = world.adopt(write, json!({})).await;
        assert_eq!(adopted.status, 200, "{}", adopted.text);
        assert_eq!(code(&send(&world.manager, write).await), "applied");
    }
    let made = world.admin.rows("properties").await.0;
    assert!(made.contains_key(home["rowId"].as_str().unwrap()));
}

#[tokio::test]
async fn what_is_given_back_needs_nobody() {
    let world = World::start().await;
    let write = world.update(json!({"notes": "the boiler leaks"}));
    world.hand_over().await;
    world.hold(&write).await;
    world.give_to(&world.manager).await;
    let applied = send(&world.manager, &write).await;
    assert_eq!(code(&applied), "applied", "{applied}");
    assert!(docket(&world.admin).await.is_empty());
    let adopted = world.adopt(&write, json!({})).await;
    assert_eq!((adopted.status.as_u16(), &adopted.json["receipt"]), (200, &applied), "adopting it says so");
    let refused = world.admin.post(&super::path(&write, "refuse"), &json!({"reason": "too late"})).await;
    assert_eq!(refused.problem(), "CONFLICT");
}

#[tokio::test]
async fn what_builds_on_a_held_write_waits_and_goes_after_it() {
    let world = World::start().await;
    let home = world.manager.home_without_turn().await;
    let (turn, item) = (new_id(), new_id());
    let first = json!({"table": "turns", "operation": "create", "writeId": new_id(), "rowId": turn, "data": {"property_id": home["id"]}});
    let second = json!({"table": "scope-items", "operation": "create", "writeId": new_id(), "rowId": item, "after": [first["writeId"]],
        "data": {"turn_id": turn, "room": "Kitchen", "category": "Paint", "description": "Walls"}});
    let third =
        json!({"table": "scope-items", "operation": "update", "writeId": new_id(), "rowId": item, "after": [second["writeId"]], "data": {"room": "Bath"}});
    let away = json!({"operation": "update", "rowId": home["id"], "version": super::version(&home), "data": {"property_manager_id": world.other.id}});
    assert_eq!(world.admin.write("properties", away).await.status, 200);

    let chain = [first, second, third];
    for (place, write) in chain.iter().enumerate() {
        let answers = send_all(&world.manager, chain.to_vec()).await;
        let expected = (0..3).map(|other| match other.cmp(&place) {
            std::cmp::Ordering::Less => "applied",
            std::cmp::Ordering::Equal => "QUARANTINED",
            std::cmp::Ordering::Greater => "BLOCKED",
        });
        let expected: Vec<&str> = expected.collect();
        assert_eq!(answers.iter().map(code).collect::<Vec<_>>(), expected);
        let adopted = world.adopt(write, json!({})).await;
        assert_eq!(adopted.status, 200, "{}", adopted.text);
    }
    assert_eq!(world.admin.rows("scope-items").await.0[&item]["room"], "Bath");
    assert_eq!(told(&world.manager, "write_adopted").await.len(), 3);
}

#[tokio::test]
async fn one_person_has_so_many_that_wait_and_no_more() {
    use sea_orm::ConnectionTrait;
    let world = World::start().await;
    let write = world.update(json!({"notes": "one too many"}));
    world.hand_over().await;
    let waiting = |manager: &str| {
        let values = format!("'{manager}', 'x', 'turns', '{}', '{{}}', 'x', 0, 'waiting'", new_id());
        format!("('{}', {values})", new_id())
    };
    let many: Vec<String> = (0..1_000).map(|_| waiting(&world.manager.id)).collect();
    let columns = "write_id, user_id, content_digest, table_name, row_id, wire, reason, at, state";
    let insert = format!("INSERT INTO quarantine ({columns}) VALUES {}", many.join(", "));
    world.app.database().await.execute_unprepared(&insert).await.unwrap();
    let answer = send(&world.manager, &write).await;
    assert_eq!(code(&answer), "RATE_LIMITED", "a device asks again: {answer}");
}
