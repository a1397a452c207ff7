//! The harness's write endpoint, which knows write ids and stores nothing, behind the drainer's trait.

use gloo_net::http::Request;
use protocol::{BatchRequest, WriteAnswer};
use serde_json::{Value as Json, json};
use sync::{Delivery, Network};

/// See the module.
pub struct HarnessOffice {
    /// Where it takes writes.
    pub url: String,
}

impl Network for HarnessOffice {
    async fn send(&self, batch: &BatchRequest) -> Delivery {
        // It counts them by a name of its own; everything else travels as it does in the app.
        let named = |operation: &Json| {
            let mut named = operation.clone();
            named["write_id"] = operation["writeId"].clone();
            named
        };
        let writes: Vec<Json> = batch.operations.iter().map(named).collect();
        let Ok(request) = Request::post(&self.url).json(&json!({ "writes": writes })) else {
            return Delivery::Lost;
        };
        match request.send().await {
            Ok(answer) if answer.ok() => Delivery::Results(batch.operations.iter().map(applied).collect()),
            _ => Delivery::Lost,
        }
    }
}

/// What our server would answer about a row that this device does not follow.
fn applied(operation: &Json) -> WriteAnswer {
    WriteAnswer {
        write_id: operation["writeId"].as_str().and_then(|id| id.parse().ok()),
        status: 200,
        success: true,
        version: operation["version"].as_i64().map(|version| version + 1),
        txid: Some("1".to_owned()),
        in_shape: Some(false),
        error: None,
        row: serde_json::Map::new(),
    }
}
