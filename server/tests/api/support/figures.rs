//! What the operator watches.

use super::{TestApp, send};
use reqwest::Client;

/// All figures, as Prometheus reads them.
pub async fn figures(app: &TestApp) -> String {
    let answer = send(Client::new().get(format!("{}/metrics", app.url()))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text
}

/// The value of a figure, given as Prometheus writes it, labels and all.
pub fn value(figures: &str, figure: &str) -> Option<f64> {
    figures.lines().find_map(|line| line.strip_prefix(figure)?.strip_prefix(' ')?.parse().ok())
}
