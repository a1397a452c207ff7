//! Opening the database, and waiting for whoever holds it in an older form.
//!
//! **Invariant:** a request to open is never given up half-way: its upgrade would go on without us and leave a database without stores.

use super::{error::StoreError, layout};
use futures::channel::oneshot;
use indexed_db_futures::{Build, database::Database};
use wasm_bindgen_futures::spawn_local;

/// Opens the database of this name in today's layout. `blocked` is called when another tab holds an older one open; what is awaited then
/// is that tab's closing.
pub async fn open(name: &str, blocked: impl Fn() + 'static) -> Result<Database, StoreError> {
    let request = Database::open(name)
        .with_version(layout::VERSION)
        .with_on_blocked(move |_| {
            blocked();
            Ok(())
        })
        .with_on_upgrade_needed(layout::upgrade)
        .build()?;
    let (answer, answered) = oneshot::channel();
    spawn_local(async move {
        // Nobody waits any more: an open connection would hold up others.
        if let Err(Ok(database)) = answer.send(request.await) {
            database.close();
        }
    });
    Ok(answered.await.map_err(|_| StoreError::Lost)??)
}
