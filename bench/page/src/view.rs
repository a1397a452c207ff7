//! What the harness looks at: active turns by due date, as the view lists them.

use crate::rows::stage_name;
use domain::{RowId, Table, Value};
use std::{cell::RefCell, rc::Rc};
use sync::LocalView;
use wasm_bindgen::prelude::wasm_bindgen;

/// The view, as the harness wants to be handed it.
#[wasm_bindgen]
pub struct BenchView(pub(crate) Rc<RefCell<LocalView>>);

#[wasm_bindgen]
impl BenchView {
    /// How many active turns there are.
    #[wasm_bindgen(getter)]
    pub fn length(&self) -> usize {
        self.list(|list| list.map_or(0, sync::view::Ranked::len))
    }

    /// The id at a rank.
    #[wasm_bindgen(js_name = idAt)]
    pub fn id_at(&self, rank: usize) -> String {
        self.at(rank).map(|id| id.to_string()).unwrap_or_default()
    }

    /// The stage of the turn at a rank.
    #[wasm_bindgen(js_name = stageAt)]
    pub fn stage_at(&self, rank: usize) -> String {
        self.at(rank).and_then(|id| self.stage(id)).unwrap_or_default().to_owned()
    }

    /// The stage of a turn.
    #[wasm_bindgen(js_name = stageOf)]
    pub fn stage_of(&self, id: &str) -> Option<String> {
        self.stage(id.parse().ok()?).map(str::to_owned)
    }
}

impl BenchView {
    fn list<T>(&self, read: impl FnOnce(Option<&sync::view::Ranked>) -> T) -> T {
        read(self.0.borrow().list(Table::Turns, "is_active", &Value::Bool(true)))
    }

    fn at(&self, rank: usize) -> Option<RowId> {
        self.list(|list| list?.at(rank))
    }

    fn stage(&self, id: RowId) -> Option<&'static str> {
        stage_name(self.0.borrow().row(Table::Turns, id)?.row_id("stage_id")?.0)
    }
}
