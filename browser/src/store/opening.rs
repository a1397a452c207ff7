//! Opening the database, and waiting for whoever holds it in an older form.
//!
//! **Invariant:** a request to open is never given up half-way: its upgrade would go on without us and leave a database without stores.

use super::{error::StoreError, layout};
use crate::scope::Timer;
use futures::channel::oneshot;
use indexed_db_futures::{Build, database::Database};
use wasm_bindgen_futures::spawn_local;

/// Who waits in line behind another one who is held up hears nothing from the browser; after so long it must be that.
const PATIENCE_MS: i64 = 5_000;

/// Opens the database of this name in today's layout. `blocked` is called when another tab holds an older one open; what is awaited then
/// is that tab's closing.
pub async fn open(name: &str, blocked: impl Fn() + Clone + 'static) -> Result<Database, StoreError> {
    let _patience = Timer::after(PATIENCE_MS, blocked.clone());
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
