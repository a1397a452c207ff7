//! `/v1/shape`: whole tables for programs that know the secret.

use crate::support::{TestApp, send};
use reqwest::Client;
use serde_json::{Value as Json, json};

async fn ask(app: &TestApp, query: &str) -> (u16, Json) {
    let answer = send(Client::new().get(format!("{}/v1/shape?{query}", app.url()))).await;
    (answer.status.as_u16(), answer.json)
}

#[tokio::test]
async fn without_the_setting_there_is_no_such_address() {
    let app = TestApp::start().await;
    assert_eq!(ask(&app, "table=turns&offset=-1&secret=").await.0, 404);
}

#[tokio::test]
async fn whole_tables_are_for_who_knows_the_secret() {
    let app = TestApp::start_with(|settings| settings.upstream_secret = Some("s3cret".to_owned())).await;
    for wrong in ["", "&secret=", "&secret=s3cre"] {
        let refused = (401, json!({"message": "Unauthorized - Invalid API secret"}));
        assert_eq!(ask(&app, &format!("table=nosuch&offset=-1{wrong}")).await, refused);
    }
    let (status, messages) = ask(&app, "table=public.%22turns%22&offset=-1&secret=s3cret").await;
    let all = app.number("SELECT count(*) FROM turns").await as usize;
    assert_eq!((status, messages.as_array().unwrap().len()), (200, all + 1));
    let (_, few) = ask(&app, "table=vendors&columns=id,tax_id&where=is_active&offset=-1&secret=s3cret").await;
    assert_eq!(few[0]["value"].as_object().unwrap().len(), 2);
    for (query, field, expected) in [
        ("offset=-1", "table", "can't be blank"),
        (
            "table=users&offset=-1",
            "table",
            "Table \"public\".\"users\" does not exist. If the table name contains capitals or special characters you must quote it.",
        ),
        ("table=turns", "offset", "can't be blank"),
    ] {
        let (status, body) = ask(&app, &format!("{query}&secret=s3cret")).await;
        assert_eq!((status, &body["errors"][field][0]), (400, &json!(expected)), "{query}");
    }
}

#[tokio::test]
async fn a_program_hears_of_every_change() {
    let app = TestApp::start_with(|settings| settings.upstream_secret = Some("s3cret".to_owned())).await;
    let manager = app.sign_in("manager").await;
    let follow = |query: String| Client::new().get(format!("{}/v1/shape?table=turns&secret=s3cret&{query}", app.url())).send();
    let now = follow("offset=now".to_owned()).await.unwrap();
    let header = |name: &str| now.headers()[name].to_str().unwrap().to_owned();
    let live = tokio::spawn(follow(format!(
        "offset={}&handle={}&live=true",
        header("electric-offset"),
        header("electric-handle")
    )));
    let turn = manager.first("turns").await["id"].clone();
    let write = json!({"operation": "update", "rowId": turn, "version": 1, "data": {"notes": "heard"}});
    assert_eq!(manager.write("turns", write).await.status, 200);
    let heard: Json = live.await.unwrap().unwrap().json().await.unwrap();
    assert_eq!(heard[0]["value"]["notes"], "heard");
}
