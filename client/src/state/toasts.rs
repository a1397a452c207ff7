//! Short messages at the edge of the screen: what was done (with Undo), and why something was not.
//!
//! **Invariant:** a refusal stays until it is dismissed or replaced; only good news go by themselves.

use domain::{RowId, Table};
use leptos::{leptos_dom::helpers::set_timeout, prelude::*};
use serde_json::{Map, Value as Json};
use std::time::Duration;

/// Long enough to read it, find the button and tap it.
const POLITE_FOR: Duration = Duration::from_secs(8);

/// One message.
#[derive(Clone, PartialEq)]
pub struct Toast {
    id: u64,
    /// Whether it is a refusal or a fault.
    pub is_alert: bool,
    /// One sentence.
    pub text: String,
    /// How to take it back.
    pub undo: Option<Undo>,
}

/// How something just done is taken back: by another write, because the first may be with the server already.
#[derive(Clone, PartialEq)]
pub enum Undo {
    /// The turn goes back to the stage it came from.
    MoveBack {
        /// Which turn.
        turn: RowId,
        /// Where it stood.
        stage: RowId,
    },
    /// A deleted row is made anew from its values.
    MakeAgain {
        /// Which table.
        table: Table,
        /// The author's columns.
        data: Map<String, Json>,
    },
}

/// The messages on the screen: at most one of each kind, so that they never pile up.
#[derive(Clone, Copy)]
pub struct Toasts {
    polite: RwSignal<Option<Toast>>,
    alert: RwSignal<Option<Toast>>,
    next_id: StoredValue<u64>,
}

impl Toasts {
    pub(super) fn new() -> Self {
        Self {
            polite: RwSignal::new(None),
            alert: RwSignal::new(None),
            next_id: StoredValue::new(0),
        }
    }

    /// What was done.
    pub fn polite(self) -> Option<Toast> {
        self.polite.get()
    }

    /// What was refused.
    pub fn alert(self) -> Option<Toast> {
        self.alert.get()
    }

    /// Tells what was done.
    pub fn tell(self, text: impl Into<String>, undo: Option<Undo>) {
        let toast = self.make(text.into(), false, undo);
        let id = toast.id;
        self.alert.set(None);
        self.polite.set(Some(toast));
        set_timeout(move || self.dismiss(id), POLITE_FOR);
    }

    /// Tells why something was not done.
    pub fn warn(self, text: impl Into<String>) {
        let toast = self.make(text.into(), true, None);
        self.polite.set(None);
        self.alert.set(Some(toast));
    }

    /// Takes every message away.
    pub fn clear(self) {
        self.polite.set(None);
        self.alert.set(None);
    }

    fn dismiss(self, id: u64) {
        if self.polite.with_untracked(|toast| toast.as_ref().is_some_and(|toast| toast.id == id)) {
            self.polite.set(None);
        }
    }

    fn make(self, text: String, is_alert: bool, undo: Option<Undo>) -> Toast {
        self.next_id.update_value(|id| *id += 1);
        Toast {
            id: self.next_id.get_value(),
            is_alert,
            text,
            undo,
        }
    }
}
