//! The copy of a card that follows the pointer, and the column under it.

use crate::dom;
use domain::RowId;
use leptos::prelude::*;
use std::cell::RefCell;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// How near the board's edge the pointer makes it scroll, and how far with each move; in CSS pixels.
const EDGE: f64 = 60.0;
const SCROLL_STEP: i32 = 18;

/// See the module.
pub struct Ghost {
    copy: HtmlElement,
    card: HtmlElement,
    /// From the pointer to the copy's corner.
    offset: (f64, f64),
    over: RefCell<Option<HtmlElement>>,
}

impl Ghost {
    /// Lifts a card at a point of the screen.
    pub fn of(card: &HtmlElement, x: f64, y: f64) -> Option<Self> {
        let copy: HtmlElement = card.clone_node_with_deep(true).ok()?.dyn_into().ok()?;
        let place = card.get_bounding_client_rect();
        // The copy is a picture: it must not be found as a second turn.
        for name in ["data-turn", "aria-label", "tabindex"] {
            copy.remove_attribute(name).ok()?;
        }
        copy.set_attribute("aria-hidden", "true").ok()?;
        copy.set_class_name("card ghost");
        copy.style().set_property("--width", &format!("{}px", place.width())).ok()?;
        document().body()?.append_child(&copy).ok()?;
        let _ = card.class_list().add_1("lifted");
        let ghost = Self {
            copy,
            card: card.clone(),
            offset: (place.left() - x, place.top() - y),
            over: RefCell::default(),
        };
        ghost.follow(x, y);
        Some(ghost)
    }

    /// Follows the pointer.
    pub fn follow(&self, x: f64, y: f64) {
        let style = self.copy.style();
        let _ = style.set_property("--x", &format!("{}px", x + self.offset.0));
        let _ = style.set_property("--y", &format!("{}px", y + self.offset.1));
        scroll_at_edge(x);
        self.mark(column_at(x, y));
    }

    /// The stage under the pointer.
    pub fn stage(&self) -> Option<RowId> {
        self.over.borrow().as_ref()?.get_attribute("data-stage")?.parse().ok()
    }

    /// Takes every trace away.
    pub fn vanish(self) {
        self.mark(None);
        self.copy.remove();
        let _ = self.card.class_list().remove_1("lifted");
    }

    fn mark(&self, column: Option<HtmlElement>) {
        let mut over = self.over.borrow_mut();
        if *over == column {
            return;
        }
        if let Some(left) = over.take() {
            let _ = left.class_list().remove_1("target");
        }
        if let Some(entered) = &column {
            let _ = entered.class_list().add_1("target");
        }
        *over = column;
    }
}

fn column_at(x: f64, y: f64) -> Option<HtmlElement> {
    document()
        .element_from_point(x as f32, y as f32)?
        .closest("[data-stage]")
        .ok()??
        .dyn_into()
        .ok()
}

fn scroll_at_edge(x: f64) {
    let Some(board) = dom::find(".board") else { return };
    let place = board.get_bounding_client_rect();
    if x < place.left() + EDGE {
        board.set_scroll_left(board.scroll_left() - SCROLL_STEP);
    } else if x > place.right() - EDGE {
        board.set_scroll_left(board.scroll_left() + SCROLL_STEP);
    }
}
