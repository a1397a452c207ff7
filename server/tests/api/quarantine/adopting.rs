//! Who decides, on what, and what follows.

use super::{World, code, docket, path, send, told, version};
use crate::support::new_id;
use serde_json::{Value as Json, json};

#[tokio::test]
async fn what_is_adopted_is_the_supervisors_doing_and_the_authors_receipt() {
    let world = World::start().await;
    let write = world.update(json!({"notes": "the boiler leaks"}));
    world.hand_over().await;
    world.hold(&write).await;
    let adopted = world.adopt(&write, json!({})).await;
    assert_eq!(
        (adopted.status.as_u16(), &adopted.json["receipt"]["success"]),
        (200, &json!(true)),
        "{}",
        adopted.text
    );
    let now = world.turn_now().await;
    assert_eq!((&now["notes"], &now["updated_by"]), (&json!("the boiler leaks"), &json!(world.admin.id)));

    let receipt = send(&world.manager, &write).await;
    assert_eq!((&receipt, &receipt["inShape"]), (&adopted.json["receipt"], &json!(false)));
    assert!(receipt["turn"].is_null(), "what is another one’s home now stays so: {receipt}");
    assert_eq!(world.adopt(&write, json!({})).await.text, adopted.text, "once more is the same");
    assert!(docket(&world.admin).await.is_empty());
    let told = told(&world.manager, "write_adopted").await;
    assert!(
        told[0][0].starts_with(&format!("Your change to {}", world.turn["turn_number"].as_str().unwrap())),
        "{told:?}"
    );

    let audit = format!("/api/audit?table=turns&writeId={}", write["writeId"].as_str().unwrap());
    let entries = world.admin.get(&audit).await.json["entries"].clone();
    assert_eq!(
        (&entries[0]["user"]["id"], &entries[0]["onBehalfOf"]["id"]),
        (&json!(world.admin.id), &json!(world.manager.id))
    );
}

#[tokio::test]
async fn what_others_changed_meanwhile_is_looked_at_first() {
    let world = World::start().await;
    let (write, clash) = (world.update(json!({"notes": "mine"})), world.update(json!({"priority": "low"})));
    world.hand_over().await;
    world.hold(&write).await;
    world.hold(&clash).await;
    let other = json!({"operation": "update", "rowId": world.turn["id"], "version": version(&world.turn), "data": {"priority": "urgent"}});
    assert_eq!(world.other.write("turns", other).await.status, 200);

    assert_eq!(world.adopt(&write, json!({})).await.status, 200, "others changed something else");
    let refused = world.adopt(&clash, json!({})).await;
    assert_eq!((refused.status.as_u16(), refused.problem()), (409, "CONFLICT"));
    let both = &refused.json["error"]["conflicts"];
    assert_eq!(
        (&both["localData"]["priority"], &both["serverData"]["priority"]),
        (&json!("low"), &json!("urgent"))
    );
    let seen = both["serverVersion"].as_i64().unwrap();
    assert_eq!(
        world.adopt(&clash, json!({"version": seen - 1})).await.problem(),
        "CONFLICT",
        "not the one that stands there"
    );
    assert_eq!(world.adopt(&clash, json!({"version": seen})).await.status, 200);
    let now = world.turn_now().await;
    assert_eq!((&now["notes"], &now["priority"]), (&json!("mine"), &json!("low")));
}

#[tokio::test]
async fn what_is_gone_cannot_be_changed_but_refused() {
    let world = World::start().await;
    let item = world
        .manager
        .rows("scope-items")
        .await
        .0
        .into_values()
        .find(|item| item["turn_id"] == world.turn["id"]);
    let item = match item {
        Some(item) => item,
        None => {
            let made = json!({"operation": "create", "rowId": new_id(), "data": {"turn_id": world.turn["id"], "room": "Hall", "category": "Paint", "description": "Walls"}});
            let made = world.manager.write("scope-items", made).await.json["scopeItem"]["id"].clone();
            world.manager.rows("scope-items").await.0.remove(made.as_str().unwrap()).unwrap()
        }
    };
    let change = |operation: &str, data: Json| json!({"table": "scope-items", "operation": operation, "writeId": new_id(), "rowId": item["id"], "version": version(&item), "data": data});
    let (update, delete) = (change("update", json!({"room": "Attic"})), change("delete", json!({})));
    world.hand_over().await;
    world.hold(&update).await;
    world.hold(&delete).await;
    assert_eq!(world.adopt(&delete, json!({})).await.status, 200);
    assert_eq!(world.adopt(&update, json!({})).await.problem(), "NOT_FOUND");
    assert_eq!(world.admin.post(&path(&update, "refuse"), &json!({"reason": ""})).await.problem(), "VALIDATION");
    assert_eq!(world.admin.post(&path(&update, "refuse"), &json!({"reason": "it is gone"})).await.status, 200);
    assert_eq!(world.adopt(&update, json!({})).await.problem(), "CONFLICT", "refused is refused");
    assert_eq!(world.admin.post(&path(&update, "refuse"), &json!({"reason": "again"})).await.status, 200);
}

#[tokio::test]
async fn a_supervisor_decides_about_rows_that_they_see() {
    let world = World::start().await;
    let senior = world.app.sign_in("senior").await;
    let owned = senior.rows("properties").await.0;
    let theirs = owned.contains_key(world.home["id"].as_str().unwrap());
    let write = world.update(json!({"notes": "mine"}));
    world.hand_over().await;
    world.hold(&write).await;
    assert_eq!(docket(&senior).await.len(), usize::from(theirs));
    assert_eq!(told(&senior, "write_held").await.len(), usize::from(theirs));

    let home = &world.admin.rows("properties").await.0[world.home["id"].as_str().unwrap()];
    let give =
        |senior: Json, version: i64| json!({"operation": "update", "rowId": world.home["id"], "version": version, "data": {"sr_property_manager_id": senior}});
    let now = version(home);
    assert_eq!(world.admin.write("properties", give(json!(null), now)).await.status, 200);
    assert!(docket(&senior).await.is_empty());
    assert_eq!(senior.post(&path(&write, "adopt"), &json!({})).await.problem(), "NOT_FOUND");
    assert_eq!(senior.post(&path(&write, "refuse"), &json!({"reason": "no"})).await.problem(), "NOT_FOUND");
    for name in ["manager", "manager2", "inspector", "vendor", "dfo", "ho"] {
        let person = world.app.sign_in(name).await;
        assert_eq!(person.get("/api/quarantine").await.problem(), "PERMISSION", "{name}");
        assert_eq!(person.post(&path(&write, "adopt"), &json!({})).await.problem(), "PERMISSION", "{name}");
    }
    assert_eq!(world.admin.write("properties", give(json!(senior.id), now + 1)).await.status, 200);
    assert_eq!(docket(&senior).await, [write["writeId"].clone()]);
    assert_eq!(senior.post(&path(&write, "adopt"), &json!({})).await.status, 200);
}

#[tokio::test]
async fn two_supervisors_at_once_decide_it_once() {
    let world = World::start().await;
    let second = world.app.another().await;
    let there = crate::support::Person::sign_in(&second.url(), "admin@example.com").await;
    for round in 0..6 {
        let write = world.update(json!({"notes": format!("round {round}")}));
        if round == 0 {
            world.hand_over().await;
        }
        world.hold(&write).await;
        let body = json!({"version": version(&world.turn_now().await)});
        if round % 2 == 0 {
            let (path, body) = (path(&write, "adopt"), &body);
            let (one, two) = tokio::join!(world.admin.post(&path, body), there.post(&path, body));
            assert_eq!((one.status, &one.text), (two.status, &two.text));
            assert_eq!(one.status, 200, "{}", one.text);
        } else {
            let (adopt, refuse, why) = (path(&write, "adopt"), path(&write, "refuse"), json!({"reason": "no"}));
            let (one, two) = tokio::join!(world.admin.post(&adopt, &body), there.post(&refuse, &why));
            let statuses = [one.status.as_u16(), two.status.as_u16()];
            assert!([[200, 409], [409, 200]].contains(&statuses), "{statuses:?} {} {}", one.text, two.text);
            let heard = send(&world.manager, &write).await;
            assert_eq!(code(&heard), if statuses[0] == 200 { "applied" } else { "PERMISSION" });
        }
        let receipts = format!("SELECT count(*) FROM receipts WHERE write_id = '{}'", write["writeId"].as_str().unwrap());
        assert!(world.app.number(&receipts).await <= 1);
    }
}
