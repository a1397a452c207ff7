//! The API's description against the API itself.

use crate::support::{TestApp, send};
use reqwest::Client;
use std::collections::BTreeSet;

#[tokio::test]
async fn every_described_address_is_there() {
    let app = TestApp::start().await;
    let document = send(Client::new().get(format!("{}/api/openapi.json", app.url()))).await.json;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let address = format!("{}{}", app.url(), path.replace("{id}", "01990000-0000-7000-8000-000000000001"));
            let request = Client::new().request(method.to_uppercase().parse().unwrap(), address);
            let answer = send(request).await;
            assert!(
                operation["responses"].get(answer.status.as_str()).is_some(),
                "{method} {path} answered {}: {}",
                answer.status,
                answer.text
            );
            operations += 1;
        }
    }
    assert!(operations > 20);
}

/// `docs/WRITE_PATTERNS.md` says of every address that changes something which pattern it belongs to, and of no other.
#[tokio::test]
async fn every_address_that_changes_something_has_its_write_pattern() {
    let app = TestApp::start().await;
    let document = send(Client::new().get(format!("{}/api/openapi.json", app.url()))).await.json;
    let changes = |method: &str| ["post", "put", "patch", "delete"].contains(&method);
    let of_path = |(path, item): (&String, &serde_json::Value)| -> Vec<String> {
        let methods = item.as_object().unwrap().keys().filter(|method| changes(method));
        // Tables are described one by one.
        let (folder, last) = path.rsplit_once('/').unwrap();
        let last = if domain::Table::from_name(last).is_some() { "{table}" } else { last };
        methods.map(|method| format!("{} {folder}/{last}", method.to_uppercase())).collect()
    };
    let described: BTreeSet<String> = document["paths"].as_object().unwrap().iter().flat_map(of_path).collect();
    let page = include_str!("../../../docs/WRITE_PATTERNS.md");
    let is_address = |cell: &&str| cell.split(' ').next().is_some_and(|method| changes(&method.to_lowercase()));
    let written: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.split('|').nth(1).map(str::trim).filter(is_address))
        .map(str::to_owned)
        .collect();
    assert_eq!(written, described);
}

#[tokio::test]
async fn the_page_to_try_it_needs_nothing_from_elsewhere() {
    let app = TestApp::start().await;
    let page = send(Client::new().get(format!("{}/api/docs", app.url()))).await;
    assert_eq!(page.status, 200);
    let names: Vec<&str> = page.text.split('"').filter(|text| text.ends_with(".js") || text.ends_with(".css")).collect();
    assert_eq!(names.len(), 5, "{names:?}");
    for name in names {
        let file = send(Client::new().get(format!("{}/api/docs/{name}", app.url()))).await;
        assert_eq!(file.status, 200, "{name}");
    }
    assert!(!page.text.contains("<script>") && !page.text.contains("http"), "{}", page.text);
}
