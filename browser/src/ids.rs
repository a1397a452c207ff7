//! New ids: UUIDv7, so that they sort by their making.

use domain::{DeviceId, RowId, WriteId};
use uuid::Uuid;

/// For a write.
pub fn write_id() -> WriteId {
    WriteId(fresh())
}

/// For a row.
pub fn row_id() -> RowId {
    RowId(fresh())
}

/// For a browser profile that has none yet.
pub fn device_id() -> DeviceId {
    DeviceId(fresh())
}

/// For a tab: short, because people compare it with what stands in another one.
pub fn tab_name() -> String {
    let id = fresh().simple().to_string().to_uppercase();
    id[id.len() - 3..].to_owned()
}

#[expect(clippy::disallowed_methods, reason = "this is the edge where ids are made")]
fn fresh() -> Uuid {
    Uuid::now_v7()
}
