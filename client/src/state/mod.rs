//! What every part of the screen shares: the device, its news, and what is told to the person.
//!
//! [`AppState`] is one small `Copy` handle in the context. Reading through it subscribes the reader to exactly
//! what it read (see [`topics`]), so one tap re-renders one card.
//!
//! **Invariant:** the rows live in the device's local view and nowhere else; the signals here hold only what
//! the device says about itself.

mod actions;
mod amounts;
mod answers;
mod hearing;
pub mod toasts;
pub mod topics;

use crate::facts::wanted::Wanted;
use amounts::Amounts;
use browser::{Device, Lists, StorageState};
use domain::{Cents, Date, Row, RowId, Table, Value, WriteId};
use leptos::prelude::*;
use protocol::User;
use sync::{LocalView, SyncStatus, view::Group};
use toasts::Toasts;
use topics::{Topic, Triggers};

pub use hearing::{Opening, open};

/// See the module.
#[derive(Clone, Copy)]
pub struct AppState {
    shared: StoredValue<Shared, LocalStorage>,
    /// Who is signed in on this device.
    pub user: RwSignal<Option<User>>,
    /// Why nobody is signed in.
    pub absence: RwSignal<Absence>,
    /// What the header says.
    pub status: RwSignal<SyncStatus>,
    /// How far the rows are here.
    pub lists: RwSignal<Lists>,
    /// Where this device keeps things.
    pub storage: RwSignal<StorageState>,
    /// The dialog that makes a file of unsent work is open.
    pub exporting: RwSignal<bool>,
    /// Why the last change could not be stored.
    pub storage_failure: RwSignal<Option<String>>,
    /// A newer app is installed and waits.
    pub has_new_version: RwSignal<bool>,
    /// The day on the device's calendar.
    pub today: RwSignal<Date>,
    /// Advances every minute, for texts such as “in 2 min”.
    pub now_ms: RwSignal<i64>,
    /// Short messages.
    pub toasts: Toasts,
    /// The turn that was moved last, here: its column shows it however long it is.
    pub last_moved: RwSignal<Option<RowId>>,
    /// The open **Move to…** menu.
    pub move_menu: RwSignal<Option<MoveMenu>>,
    /// The parked write that its user is being asked about.
    pub resolving: RwSignal<Option<WriteId>>,
}

/// Why nobody is signed in on this device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Absence {
    /// Nobody has been here, or somebody still is.
    #[default]
    Unknown,
    /// Somebody has signed out here, on purpose: the next person begins at the board.
    Left,
    /// The browser had cleared the device's data before the app was opened.
    Cleared,
}

struct Shared {
    device: Device,
    triggers: Triggers,
    amounts: Amounts,
    wanted: RwSignal<Wanted>,
}

/// Which turn's menu is open, and where on the screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MoveMenu {
    /// The turn to move.
    pub turn: RowId,
    /// Left edge of the button, in CSS pixels.
    pub x: f64,
    /// Lower edge of the button, in CSS pixels.
    pub y: f64,
}

impl AppState {
    fn new(device: Device) -> Self {
        Self {
            user: RwSignal::new(device.user()),
            absence: RwSignal::default(),
            status: RwSignal::new(device.status()),
            lists: RwSignal::new(device.lists()),
            storage: RwSignal::new(device.storage()),
            exporting: RwSignal::new(false),
            storage_failure: RwSignal::new(None),
            has_new_version: RwSignal::new(false),
            today: RwSignal::new(device.today()),
            now_ms: RwSignal::new(device.now_ms()),
            toasts: Toasts::new(),
            last_moved: RwSignal::new(None),
            move_menu: RwSignal::new(None),
            resolving: RwSignal::new(None),
            shared: StoredValue::new_local(Shared {
                device,
                triggers: Triggers::default(),
                amounts: Amounts::default(),
                wanted: RwSignal::default(),
            }),
        }
    }

    /// The one state of this app.
    pub fn of_context() -> Self {
        expect_context()
    }

    /// The device, for what is not reading.
    pub fn device(self) -> Device {
        self.shared.with_value(|shared| shared.device.clone())
    }

    /// Which turns the board shows: it is still so when its user comes back to it.
    pub fn wanted(self) -> RwSignal<Wanted> {
        self.shared.with_value(|shared| shared.wanted)
    }

    /// Whether somebody else gave the password, which opens nothing before it is changed.
    pub fn must_change_password(self) -> bool {
        self.user.with(|user| user.as_ref().is_some_and(|user| user.must_change_password))
    }

    /// Whether the session has ended and unsent work waits for a new one.
    pub fn needs_sign_in(self) -> bool {
        self.status.with(|status| status.needs_sign_in)
    }
}

/// Reading, each with its subscription.
impl AppState {
    /// Reads the view after subscribing to `topics`.
    pub fn read<T>(self, topics: impl IntoIterator<Item = Topic>, read: impl FnOnce(&LocalView) -> T) -> T {
        self.shared.with_value(|shared| {
            topics.into_iter().for_each(|topic| shared.triggers.track(topic));
            shared.device.with_view(read)
        })
    }

    /// Reads one row.
    pub fn row<T>(self, table: Table, id: RowId, read: impl FnOnce(Option<&Row>) -> T) -> T {
        self.read([Topic::Row(table, id)], |view| read(view.row(table, id)))
    }

    /// Reads without subscribing: for what happens at a tap.
    pub fn peek<T>(self, read: impl FnOnce(&LocalView) -> T) -> T {
        self.shared.with_value(|shared| shared.device.with_view(read))
    }

    /// What a turn costs by its scope, or by its estimate where the scope is empty. The caller subscribes.
    pub fn amount(self, view: &LocalView, turn: &Row) -> Option<Cents> {
        self.shared.with_value(|shared| shared.amounts.of(view, turn))
    }
}

/// The rows of a stage's column.
pub fn column_group(stage: RowId) -> Group {
    Group {
        table: Table::Turns,
        column: "stage_id",
        value: Value::Uuid(stage.0),
    }
}

/// The lines of a turn's scope.
pub fn scope_group(turn: RowId) -> Group {
    Group {
        table: Table::ScopeItems,
        column: "turn_id",
        value: Value::Uuid(turn.0),
    }
}

/// What was asked of approvers about a turn.
pub fn approvals_group(turn: RowId) -> Group {
    Group {
        table: Table::Approvals,
        column: "turn_id",
        value: Value::Uuid(turn.0),
    }
}

/// What lies with a turn or a scope item: photos and papers.
pub fn documents_group(of: RowId) -> Group {
    Group {
        table: Table::Documents,
        column: "entity_id",
        value: Value::Uuid(of.0),
    }
}
