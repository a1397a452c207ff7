//! Subsets: some of a shape's rows as they stand.

use crate::support::{Dice, Person, TestApp, is_postgres, new_id};
use reqwest::{Client, Method};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value as Json, json};

struct Subset {
    status: u16,
    place: String,
    handle: String,
    body: Json,
}

impl Subset {
    fn ids(&self) -> Vec<&str> {
        let rows = self.body["data"].as_array().unwrap_or_else(|| panic!("no rows: {}", self.body));
        rows.iter().map(|row| row["value"]["id"].as_str().unwrap()).collect()
    }
}

async fn get(person: &Person, table: &str, parameters: &[(&str, &str)]) -> Subset {
    read(person.http.get(format!("{}/api/sync/{table}", person.url)).query(parameters)).await
}

async fn post(person: &Person, table: &str, query: &str, body: &Json) -> Subset {
    read(person.http.post(format!("{}/api/sync/{table}?{query}", person.url)).json(body)).await
}

async fn read(request: reqwest::RequestBuilder) -> Subset {
    let response = request.send().await.unwrap();
    let header = |name: &str| response.headers().get(name).map_or(String::new(), |value| value.to_str().unwrap().to_owned());
    let (status, place, handle) = (response.status().as_u16(), header("electric-offset"), header("electric-handle"));
    assert_eq!(header("electric-snapshot") == "true", status == 200);
    Subset {
        status,
        place,
        handle,
        body: response.json().await.unwrap(),
    }
}

async fn change(person: &Person, turn: &str, version: i64, notes: &str) {
    let write = json!({"operation": "update", "rowId": turn, "version": version, "data": {"notes": notes}});
    assert_eq!(person.write("turns", write).await.status, 200);
}

#[tokio::test]
async fn a_subset_is_a_part_of_what_one_sees() {
    let app = TestApp::start().await;
    let (manager, vendor) = (app.sign_in("manager").await, app.sign_in("vendor").await);
    let own: Vec<String> = manager.rows("turns").await.0.into_keys().collect();
    let all = post(&manager, "turns", "offset=-1", &json!({})).await;
    assert_eq!(all.ids(), own);
    let wider = post(&manager, "turns", "offset=-1", &json!({"where": "true OR id IS NOT NULL"})).await;
    assert_eq!(wider.ids(), own);
    let hidden = post(&vendor, "scope-items", "offset=-1", &json!({"order_by": "unit_cost", "limit": 1})).await;
    assert_eq!(
        (hidden.status, &hidden.body["errors"]["subset"]["order_by"][0]),
        (400, &json!("At location 0: unknown reference unit_cost"))
    );
    let row = &all.body["data"][0];
    assert_eq!(row["headers"]["snapshot_mark"], all.body["metadata"]["snapshot_mark"]);
    assert_eq!(
        (&row["headers"]["operation"], &row["headers"]["relation"][1]),
        (&json!("insert"), &json!("turns"))
    );
    // Within a shape that is narrowed itself, and by a column that it does not tell.
    let query = format!("offset=-1&columns=id&where=id%20%3D%20'{}'", own[0]);
    let within = post(&manager, "turns", &query, &json!({"where": "version = $1", "params": {"1": 1}})).await;
    assert_eq!(within.body["data"][0]["value"], json!({"id": own[0]}));
    assert_eq!(within.ids().len(), 1);
}

#[tokio::test]
async fn its_rows_come_in_the_order_that_was_asked_for_part_by_part() {
    let tiny = |settings: &mut server::config::Settings| settings.limits.page_rows = 3;
    let app = TestApp::start_with(tiny).await;
    let admin = app.sign_in("admin").await;
    let backend = app.database().await;
    let mut dice = Dice(5);
    let bytes = if is_postgres() { " COLLATE \"C\"" } else { "" };
    for _ in 0..25 {
        let (column, collation) = [("city", bytes), ("monthly_rent", ""), ("is_core", ""), ("created_at", ""), ("notes", bytes)][dice.below(5)];
        let direction = ["", " DESC", " ASC NULLS FIRST", " desc nulls last"][dice.below(4)];
        let (limit, offset) = (1 + dice.below(6), dice.below(6));
        let order = format!("{column}{direction}, id DESC");
        // SQLite takes NULL for the least value, PostgreSQL and we for the greatest.
        let nulls = ["NULLS LAST", "NULLS FIRST"][usize::from(direction == " DESC")];
        let nulls = if direction.to_lowercase().contains("nulls") { "" } else { nulls };
        let direction = direction.replace(" ASC", "");
        let id = if is_postgres() { "id::text" } else { "id" };
        let sql =
            format!("SELECT {id} FROM properties ORDER BY properties.{column}{collation}{direction} {nulls}, properties.id DESC LIMIT {limit} OFFSET {offset}");
        let found = backend
            .query_all_raw(Statement::from_string(backend.get_database_backend(), sql))
            .await
            .unwrap();
        let expected: Vec<String> = found.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        let (limit, offset) = (limit.to_string(), offset.to_string());
        let parameters = [
            ("offset", "-1"),
            ("subset__order_by", &order),
            ("subset__limit", &limit),
            ("subset__offset", &offset),
        ];
        assert_eq!(get(&admin, "properties", &parameters).await.ids(), expected, "{order}");
    }
    // What only we can tell (ILIKE, on SQLite) is read on for until there is enough.
    let body = json!({"where": "name ILIKE '%A%'", "order_by": "name desc", "limit": 2, "offset": 1});
    let found = post(&admin, "properties", "offset=now", &body).await;
    let mut names: Vec<_> = admin
        .rows("properties")
        .await
        .0
        .into_values()
        .map(|row| (row["name"].clone(), row["id"].clone()))
        .collect();
    names.retain(|(name, _)| name.as_str().unwrap().to_lowercase().contains('a'));
    names.sort_by(|(one, _), (other, _)| other.as_str().cmp(&one.as_str()));
    assert!(names.len() > 3);
    assert_eq!(found.ids(), [names[1].1.as_str().unwrap(), names[2].1.as_str().unwrap()]);
}

#[tokio::test]
async fn what_comes_after_it_can_be_told_from_what_is_in_it() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let turn = manager.first("turns").await["id"].as_str().unwrap().to_owned();
    let begun = manager.shape("turns?log=changes_only", "offset=now").await;
    change(&manager, &turn, 1, "before").await;
    let query = format!("log=changes_only&offset={}&handle={}", begun.offset, begun.handle);
    let subset = post(&manager, "turns", &query, &json!({"where": format!("id = '{turn}'")})).await;
    assert_eq!(
        (&subset.place, &subset.handle),
        (&begun.offset, &begun.handle),
        "one goes on from where one was"
    );
    assert_eq!(subset.body["data"][0]["value"]["notes"], "before");
    change(&manager, &turn, 2, "after").await;
    let page = manager.follow("turns?log=changes_only", &begun).await;
    let metadata = &subset.body["metadata"];
    let number = |json: &Json| json.as_str().unwrap().parse::<i64>().unwrap();
    let is_in: Vec<bool> = page
        .changes()
        .iter()
        .map(|change| {
            let headers = &change["headers"];
            let is_visible = headers["txids"][0].as_i64().unwrap() < number(&metadata["xmax"]);
            // The official client forgets a subset at the first change that is at its `database_lsn` or later.
            assert_eq!(is_visible, number(&headers["lsn"]) < number(&metadata["database_lsn"]));
            is_visible
        })
        .collect();
    assert_eq!(is_in, [true, false]);
    let fresh = post(&manager, "turns", "log=changes_only&offset=-1", &json!({})).await;
    assert_eq!(fresh.place, "2_inf", "who is nowhere yet goes on behind it");
    let gone = post(&manager, "turns", &format!("offset=9_0&handle={}", fresh.handle), &json!({})).await;
    assert_eq!((gone.status, &gone.body[0]["headers"]["control"]), (409, &json!("must-refetch")));
}

#[tokio::test]
async fn a_subset_that_is_too_large_is_refused_and_not_sent() {
    let app = TestApp::start_with(|settings| settings.limits.page_bytes = 500).await;
    let admin = app.sign_in("admin").await;
    let all = post(&admin, "properties", "offset=-1", &json!({})).await;
    let what = all.body["errors"]["subset"]["limit"][0].as_str().unwrap();
    assert_eq!((all.status, what.starts_with("these rows are more than 4000 bytes")), (400, true));
    let part = post(&admin, "properties", "offset=-1", &json!({"order_by": "id", "limit": 2})).await;
    assert_eq!(part.ids().len(), 2);
}

#[tokio::test]
async fn a_body_is_a_programs_or_our_own_pages() {
    let app = TestApp::start_with(|settings| settings.upstream_secret = Some("s3cret".to_owned())).await;
    let manager = app.sign_in("manager").await;
    let foreign = manager.http.post(format!("{}/api/sync/turns?offset=-1", app.url()));
    assert_eq!(
        foreign.header("sec-fetch-site", "cross-site").json(&json!({})).send().await.unwrap().status(),
        403
    );
    let whole = read(
        Client::new()
            .post(format!("{}/v1/shape?table=turns&offset=-1&secret=s3cret", app.url()))
            .json(&json!({})),
    )
    .await;
    assert_eq!(whole.ids().len() as i64, app.number("SELECT count(*) FROM turns").await);
    let too_large = "x".repeat(3 * 1024 * 1024);
    let request = Client::new().post(format!("{}/v1/shape?table=turns&offset=-1&secret=s3cret", app.url()));
    assert_eq!(request.body(too_large).send().await.unwrap().status(), 413);
}

#[tokio::test]
async fn an_address_says_how_it_may_be_asked() {
    let app = TestApp::start_with(|settings| settings.upstream_secret = Some("s3cret".to_owned())).await;
    let manager = app.sign_in("manager").await;
    let ask = async |method: Method, path: &str| {
        let response = manager.http.request(method, format!("{}{path}", app.url())).send().await.unwrap();
        let allow = response.headers().get("allow").map(|allow| allow.to_str().unwrap().replace(' ', ""));
        let is_open = response.headers().keys().any(|name| name.as_str().starts_with("access-control"));
        assert!(!is_open, "no other site's page may ask");
        (response.status().as_u16(), allow.unwrap_or_default())
    };
    for path in ["/api/sync/turns?offset=-1", "/v1/shape?table=turns&offset=-1&secret=s3cret"] {
        let mut allowed = [ask(Method::OPTIONS, path).await, ask(Method::PUT, path).await, ask(Method::DELETE, path).await];
        for (_, allow) in &mut allowed {
            let mut methods: Vec<&str> = allow.split(',').collect();
            methods.sort_unstable();
            *allow = methods.join(",");
        }
        let methods = "GET,HEAD,OPTIONS,POST".to_owned();
        assert_eq!(allowed, [(204, methods.clone()), (405, methods.clone()), (405, methods)], "{path}");
        assert_eq!(ask(Method::HEAD, path).await.0, 200);
    }
    let closed = TestApp::start().await;
    for method in [Method::GET, Method::POST, Method::OPTIONS, Method::DELETE] {
        let response = Client::new()
            .request(method, format!("{}/v1/shape?table=turns&offset=-1", closed.url()))
            .body("{}");
        assert_eq!(response.send().await.unwrap().status(), 404);
    }
    let id = new_id();
    assert_eq!(ask(Method::POST, &format!("/api/sync/{id}?offset=-1")).await.0, 400, "a body is read first");
}
