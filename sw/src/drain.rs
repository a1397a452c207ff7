//! Sending when woken.
//!
//! **Invariant:** a sync event succeeds only when nothing is left to send, or when it was the last chance: else the
//! browser must come again. What a supervisor holds is sent; the browser would be woken again and again for an answer that takes days.

use browser::{
    channel::{Channel, Signal},
    clock,
    drainer::{self, Run, run_in_turn},
    runs::{WokenBy, WorkerRun},
    store::{DATABASE, DeviceStore},
};
use std::cell::Cell;

thread_local! {
    /// Whether a run is in line: it will find everything that is stored by now.
    static IS_ONE_IN_LINE: Cell<bool> = const { Cell::new(false) };
}

/// For a sync event: the network is there, or the browser tries once more.
pub async fn for_sync(is_last_chance: bool) -> Result<(), String> {
    match run(WokenBy::Sync, true).await? {
        Run::Offline | Run::WaitsUntil(_) if !is_last_chance => Err("not everything could be sent yet".to_owned()),
        _ => Ok(()),
    }
}

/// For a page's message. A hundred taps make a hundred of them, and one run is enough.
pub async fn for_page(why: WokenBy) -> Result<(), String> {
    if IS_ONE_IN_LINE.get() { Ok(()) } else { run(why, false).await.map(drop) }
}

async fn run(woken_by: WokenBy, network_is_back: bool) -> Result<Run, String> {
    IS_ONE_IN_LINE.set(true);
    let turn = drainer::turn().await;
    IS_ONE_IN_LINE.set(false);
    let store = DeviceStore::open_on_disk(DATABASE).await.map_err(|error| error.to_string())?;
    let channel = Channel::speak_only();
    let outcome = run_in_turn(turn, &store, &|signal| channel.tell(signal), network_is_back).await;
    let last = WorkerRun {
        at_ms: clock::now_ms(),
        woken_by,
        outcome: outcome.as_ref().map_or_else(ToString::to_string, |run| in_words(*run).to_owned()),
    };
    // Only for people to look at: that it could not be noted changes nothing.
    let _ = last.note(&store).await;
    // After the note: whoever looks at it now finds this run.
    channel.tell(&Signal::WorkerRan);
    store.close();
    outcome.map_err(|error| error.to_string())
}

const fn in_words(run: Run) -> &'static str {
    match run {
        Run::NobodySignedIn => "nobody is signed in",
        Run::Offline => "no network",
        Run::Empty => "everything is sent",
        Run::WaitsUntil(_) => "something waits for another attempt",
        Run::WithSupervisors => "the rest is with supervisors",
    }
}
