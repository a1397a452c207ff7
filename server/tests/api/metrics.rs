//! `GET /metrics`

use crate::support::{Person, TestApp, figures, send, value};
use reqwest::Client;
use serde_json::json;

async fn change_notes(person: &Person, version: i64) -> u16 {
    let turn = person.first("turns").await["id"].clone();
    let write = json!({"operation": "update", "rowId": turn, "version": version, "data": {"notes": version.to_string()}});
    person.write("turns", write).await.status.as_u16()
}

#[tokio::test]
async fn every_figure_of_the_operator_is_there() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let wrong = json!({"email": "manager@example.com", "password": "guess"});
    send(Client::new().post(format!("{}/api/auth/login", app.url())).json(&wrong)).await;
    let (_, place) = manager.rows("turns").await;
    let waiter = tokio::spawn({
        let (manager, place) = (manager.clone(), place.clone());
        async move { manager.wait("turns", &place).await }
    });
    // The figures themselves say when it waits.
    while value(&figures(&app).await, "turns_live_listeners{kind=\"request\"}") != Some(1.0) {
        tokio::task::yield_now().await;
    }
    assert_eq!(value(&figures(&app).await, "turns_active_shapes"), Some(1.0));
    assert_eq!((change_notes(&manager, 1).await, change_notes(&manager, 1).await), (200, 409));
    assert_eq!(waiter.await.unwrap().operations(), ["update"]);
    let nothing_more = json!({"atomic": false, "operations": [], "waiting": 12});
    assert_eq!(manager.post("/api/write/batch", &nothing_more).await.status, 200);

    let figures = figures(&app).await;
    for (figure, expected) in [
        ("turns_writes_total{table=\"turns\",operation=\"update\",result=\"applied\"}", 1.0),
        ("turns_writes_total{table=\"turns\",operation=\"update\",result=\"conflict\"}", 1.0),
        ("turns_write_conflicts_total{table=\"turns\"}", 1.0),
        ("turns_write_conflicts_total{table=\"vendors\"}", 0.0),
        ("turns_write_seconds_count{kind=\"one\"}", 2.0),
        ("turns_live_listeners{kind=\"request\"}", 0.0),
        ("turns_active_shapes", 0.0),
        ("turns_sync_seconds_count", 1.0),
        ("turns_pending_writes", 12.0),
        ("turns_pending_devices", 1.0),
        ("turns_quarantined_writes", 0.0),
        ("turns_rate_limited_total{budget=\"exports\"}", 0.0),
        ("turns_sign_in_failures_total", 1.0),
        ("turns_http_requests_total{method=\"POST\",route=\"/api/auth/login\",status=\"401\"}", 1.0),
        ("turns_http_request_seconds_count{method=\"POST\",route=\"/api/write/{table}\"}", 2.0),
        (&format!("turns_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION")), 1.0),
    ] {
        assert_eq!(value(&figures, figure), Some(expected), "{figure}\n{figures}");
    }
    assert!(value(&figures, "turns_shape_bytes_total{table=\"turns\"}").unwrap() > 1_000.0);
    assert!(value(&figures, "turns_db_connections{target=\"primary\",state=\"idle\"}").is_some());
    for line in figures.lines().filter(|line| line.starts_with("# TYPE ")) {
        let name = line.split(' ').nth(2).unwrap();
        assert!(figures.contains(&format!("# HELP {name} ")), "{name} is not described");
    }
}

#[tokio::test]
async fn what_callers_make_up_makes_no_figures() {
    let app = TestApp::start().await;
    for number in 0..20 {
        let url = app.url();
        for path in [
            format!("/api/made-up-{number}"),
            format!("/page-{number}.js"),
            format!("/api/sync/{number}?offset=-1"),
        ] {
            send(Client::new().get(format!("{url}{path}"))).await;
        }
        let method = reqwest::Method::from_bytes(format!("MADEUP{number}").as_bytes()).unwrap();
        send(Client::new().request(method, format!("{url}/api/auth/login"))).await;
    }
    let figures = figures(&app).await;
    let requests: Vec<&str> = figures.lines().filter(|line| line.starts_with("turns_http_requests_total{")).collect();
    assert_eq!(requests.len(), 4, "{requests:#?}");
}

#[tokio::test]
async fn figures_are_for_the_operator_alone() {
    let app = TestApp::start().await;
    for name in ["x-forwarded-for", "forwarded", "via", "x-real-ip"] {
        let proxied = Client::new().get(format!("{}/metrics", app.url())).header(name, "for=127.0.0.1");
        assert_eq!(send(proxied).await.status, 404, "{name}: a proxy on this machine speaks for others");
    }
    let app = TestApp::start_with(|settings| settings.metrics_token = Some("let me see".to_owned())).await;
    let ask = || Client::new().get(format!("{}/metrics", app.url()));
    assert_eq!(send(ask()).await.status, 404);
    assert_eq!(send(ask().bearer_auth("let me se")).await.status, 404);
    assert_eq!(send(ask().bearer_auth("let me see")).await.status, 200);
    assert_eq!(send(ask().bearer_auth("let me see").header("x-forwarded-for", "1.2.3.4")).await.status, 200);
}

#[tokio::test]
async fn two_servers_in_one_process_do_not_mix_their_figures() {
    let (one, other) = (TestApp::start().await, TestApp::start().await);
    one.sign_in("manager").await;
    let login = "turns_http_requests_total{method=\"POST\",route=\"/api/auth/login\",status=\"200\"}";
    assert_eq!((value(&figures(&one).await, login), value(&figures(&other).await, login)), (Some(1.0), None));
}
