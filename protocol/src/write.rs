//! Writes: `POST /api/write/{table}` and `POST /api/write/batch`.

use crate::Problem;
use domain::{Operation, RowId, Table, UserId, WriteId, approval::Level};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// One write on the wire. The table is in the URL, or in `table` inside a batch.
///
/// The row is named by `rowId`, by the table's own name for it (`turnId`, `propertyId`, `scopeItemId`), by `id`, or by `data.id`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct WireWrite {
    /// URL or SQL name of the table; only inside a batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// What is done.
    pub operation: Operation,
    /// The idempotency key. A caller that gives none gets a new one and no protection from repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_id: Option<WriteId>,
    /// Which row.
    #[serde(
        default,
        alias = "turnId",
        alias = "propertyId",
        alias = "scopeItemId",
        alias = "vendorId",
        alias = "approvalId",
        alias = "documentId",
        alias = "notificationId",
        alias = "propertyTypeId",
        alias = "turnStageId",
        alias = "id",
        skip_serializing_if = "Option::is_none"
    )]
    pub row_id: Option<RowId>,
    /// The version that the author saw; the server refuses when the row has moved on. Not for creates.
    /// Where `after` names an applied write to the same row, the greater of the two versions counts: the author's
    /// own earlier writes have moved the row on, or the device has rebased this one on a version after them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// Column → value.
    #[serde(default)]
    pub data: Map<String, Json>,
    /// What a decision says beside its row.
    #[serde(default, skip_serializing_if = "WriteMetadata::is_empty")]
    pub metadata: WriteMetadata,
    /// The writes that this one builds on; while one has no receipt the answer is `BLOCKED`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<WriteId>,
}

/// What an `approve` or a `reject` says beside its row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct WriteMetadata {
    /// At which level; where it is missing, the one of the author's role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_level: Option<Level>,
    /// Why a `reject`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reject_reason: Option<String>,
}

/// Up to [`crate::MAX_BATCH_WRITES`] writes in one request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct BatchRequest {
    /// The writes, in order. Untyped here, so that one malformed write does not take the others with it.
    pub operations: Vec<Json>,
    /// All or nothing (the default), or each on its own.
    #[serde(default = "yes")]
    pub atomic: bool,
    /// Whose writes these are. A session of somebody else is answered 401, and nothing is applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// How many more writes wait on the device behind these; for the operator's eyes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<u32>,
}

const fn yes() -> bool {
    true
}

/// The answer to one write, alone or inside a batch. An applied write's answer is its receipt: the same bytes for ever.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct WriteAnswer {
    /// Which write is answered.
    pub write_id: Option<WriteId>,
    /// The HTTP status of this answer, by itself.
    pub status: u16,
    /// Whether the write is applied and its receipt stored.
    pub success: bool,
    /// The row's version after the write; none after a delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// The transaction, as the shape log's `txids` name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub txid: Option<String>,
    /// Whether the writer's own shapes will bring the row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_shape: Option<bool>,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
    /// The row after the write, under the table's own name (`turn`, `property`, `scopeItem`).
    #[serde(flatten)]
    pub row: Map<String, Json>,
}

/// The answer to a batch that was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchAnswer {
    /// The batch was read; each result speaks for itself.
    pub success: bool,
    /// One answer per write, in the order of the request.
    pub results: Vec<WriteAnswer>,
}

impl WriteMetadata {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl WireWrite {
    /// Which row is meant: the field, or `data.id`.
    pub fn named_row(&self) -> Option<RowId> {
        self.row_id.or_else(|| self.data.get("id")?.as_str()?.parse().ok())
    }
}

impl WriteAnswer {
    /// The receipt of an applied write. `row` is what stands there now, as far as the writer may see it.
    pub fn applied(write_id: WriteId, table: Table, row: Option<Map<String, Json>>, version: Option<i64>, txid: String, in_shape: bool) -> Self {
        let row = row.map(|row| (table.row_name().to_owned(), Json::Object(row))).into_iter().collect();
        Self {
            write_id: Some(write_id),
            status: 200,
            success: true,
            version,
            txid: Some(txid),
            in_shape: Some(in_shape),
            error: None,
            row,
        }
    }

    /// A refusal.
    pub fn refused(write_id: Option<WriteId>, problem: Problem) -> Self {
        Self {
            write_id,
            status: problem.code.status(),
            success: false,
            version: None,
            txid: None,
            in_shape: None,
            error: Some(problem),
            row: Map::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ProblemCode;
    use serde_json::json;

    const ID: &str = "01990000-0000-7000-8000-000000000001";

    #[test]
    fn the_examples_of_the_data_model_are_read() {
        for body in [
            json!({"operation": "update", "writeId": ID, "turnId": ID, "version": 3, "data": {"notes": "Keys under mat"}}),
            json!({"operation": "stage-change", "writeId": ID, "turnId": ID, "version": 4, "data": {"stage_id": ID}}),
            json!({"operation": "create", "writeId": ID, "data": {"id": ID, "name": "12 Elm Street"}}),
            json!({"table": "turns", "operation": "update", "rowId": ID, "data": {}, "after": [ID]}),
        ] {
            let write: WireWrite = serde_json::from_value(body).unwrap();
            assert_eq!(write.named_row().unwrap().to_string(), ID);
        }
    }

    #[test]
    fn a_batch_is_atomic_unless_it_says_otherwise() {
        let batch: BatchRequest = serde_json::from_value(json!({"operations": []})).unwrap();
        assert!(batch.atomic);
    }

    #[test]
    fn a_receipt_carries_the_row_under_its_own_name() {
        let receipt = WriteAnswer::applied(ID.parse().unwrap(), Table::ScopeItems, Some(Map::new()), Some(1), "7".into(), true);
        assert_eq!(
            serde_json::to_value(&receipt).unwrap(),
            json!({"writeId": ID, "status": 200, "success": true, "version": 1, "txid": "7", "inShape": true, "scopeItem": {}})
        );
        let again: WriteAnswer = serde_json::from_str(&serde_json::to_string(&receipt).unwrap()).unwrap();
        assert_eq!(again, receipt);
    }

    #[test]
    fn a_refusal_carries_its_status() {
        let refused = WriteAnswer::refused(None, Problem::new(ProblemCode::Blocked, "waits for another write"));
        assert_eq!((refused.status, refused.success), (424, false));
    }
}
