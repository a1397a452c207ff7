//! Cards moved by hand: a mouse drags at once, a finger after a long press, so that scrolling still works.
//!
//! A copy of the card follows the pointer, because the columns cut off what leaves them. The list itself is not
//! touched before the drop, and then by the same tap that the menu makes.
//!
//! **Invariant:** however a drag ends, the copy is gone and nothing stays marked.

mod ghost;

use crate::{dom, state::AppState};
use domain::RowId;
use ghost::Ghost;
use leptos::{
    leptos_dom::helpers::{TimeoutHandle, set_timeout_with_handle},
    prelude::*,
};
use std::time::Duration;
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::{AddEventListenerOptions, Event, HtmlElement, KeyboardEvent, PointerEvent};

/// How long a finger rests before the card comes along.
const LONG_PRESS: Duration = Duration::from_millis(350);
/// How far a mouse moves before a click is a drag, and how far a finger may tremble in a long press; in CSS pixels.
const SLACK: f64 = 7.0;

/// See the module.
#[derive(Clone, Copy)]
pub struct Drag {
    state: AppState,
    hand: StoredValue<Hand, LocalStorage>,
}

enum Hand {
    Empty,
    /// The pointer is down on a card.
    Pressed(Press, Option<TimeoutHandle>),
    /// The card follows the pointer.
    Carrying(RowId, Ghost),
}

#[derive(Clone)]
struct Press {
    turn: RowId,
    card: HtmlElement,
    pointer: i32,
    is_mouse: bool,
    x: f64,
    y: f64,
}

impl Drag {
    /// Nothing in hand.
    pub fn new(state: AppState) -> Self {
        Self {
            state,
            hand: StoredValue::new_local(Hand::Empty),
        }
    }

    /// A finger that carries a card must not scroll. Only a listener that may prevent can prevent, and it has to be
    /// there before the finger is.
    pub fn hold_scrolling_of(self, board: &HtmlElement) {
        let options = AddEventListenerOptions::new();
        options.set_passive(false);
        let hold = Closure::<dyn Fn(Event)>::new(move |event: Event| {
            if self.is_carrying() {
                event.prevent_default();
            }
        });
        let added = board.add_event_listener_with_callback_and_add_event_listener_options("touchmove", hold.as_ref().unchecked_ref(), &options);
        // Lives as long as the element.
        if added.is_ok() {
            hold.forget();
        }
    }

    /// A pointer goes down.
    pub fn press(self, event: &PointerEvent) {
        self.give_up();
        let Some(press) = press_on_card(event) else { return };
        let timer = if press.is_mouse { None } else { self.lift_later(press.clone()) };
        self.hand.set_value(Hand::Pressed(press, timer));
    }

    /// A pointer moves.
    pub fn move_to(self, event: &PointerEvent) {
        let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
        let pressed = self.hand.with_value(|hand| match hand {
            Hand::Pressed(press, _) if press.pointer == event.pointer_id() => Some(press.clone()),
            _ => None,
        });
        if let Some(press) = pressed {
            let moved_far = (x - press.x).hypot(y - press.y) > SLACK;
            match (moved_far, press.is_mouse) {
                (true, true) => self.lift(press),
                // The finger scrolls.
                (true, false) => self.give_up(),
                (false, _) => return,
            }
        }
        self.hand.with_value(|hand| {
            if let Hand::Carrying(_, ghost) = hand {
                ghost.follow(x, y);
            }
        });
    }

    /// A pointer goes up: the card lands where it is.
    pub fn release(self, _event: &PointerEvent) {
        let landed = self.hand.with_value(|hand| match hand {
            Hand::Carrying(turn, ghost) => ghost.stage().map(|stage| (*turn, stage)),
            _ => None,
        });
        self.give_up();
        if let Some((turn, stage)) = landed {
            self.state.move_turn(turn, stage);
        }
    }

    /// Lets go without moving anything.
    pub fn give_up(self) {
        let hand = self.hand.try_update_value(|hand| std::mem::replace(hand, Hand::Empty));
        match hand {
            Some(Hand::Pressed(_, Some(timer))) => timer.clear(),
            Some(Hand::Carrying(_, ghost)) => ghost.vanish(),
            _ => {}
        }
    }

    /// A long press must not open the browser's own menu.
    pub fn keep_menu_away(self, event: &web_sys::MouseEvent) {
        let is_touching = self.hand.with_value(|hand| match hand {
            Hand::Empty => false,
            Hand::Pressed(press, _) => !press.is_mouse,
            Hand::Carrying(..) => true,
        });
        if is_touching {
            event.prevent_default();
        }
    }

    /// Escape puts the card back. Says whether the key was for the drag.
    pub fn follow_key(self, event: &KeyboardEvent) -> bool {
        let is_mine = self.is_carrying() && event.key() == "Escape";
        if is_mine {
            self.give_up();
        }
        is_mine
    }

    fn is_carrying(self) -> bool {
        self.hand.try_with_value(|hand| matches!(hand, Hand::Carrying(..))).unwrap_or(false)
    }

    fn lift_later(self, press: Press) -> Option<TimeoutHandle> {
        set_timeout_with_handle(move || self.lift(press), LONG_PRESS).ok()
    }

    fn lift(self, press: Press) {
        let Some(ghost) = Ghost::of(&press.card, press.x, press.y) else {
            return self.give_up();
        };
        // Without it the pointer's events would end with the card, should somebody else move it meanwhile.
        if let Some(Ok(board)) = press.card.closest(".board").ok().flatten().map(JsCast::dyn_into::<HtmlElement>) {
            let _ = board.set_pointer_capture(press.pointer);
        }
        self.hand.set_value(Hand::Carrying(press.turn, ghost));
    }
}

fn press_on_card(event: &PointerEvent) -> Option<Press> {
    let is_mouse = event.pointer_type() == "mouse";
    if event.button() != 0 || !event.is_primary() || dom::closest(event, "button").is_some() {
        return None;
    }
    let card = dom::closest(event, ".card")?;
    let turn = card.get_attribute("data-turn")?.parse().ok()?;
    Some(Press {
        turn,
        card,
        pointer: event.pointer_id(),
        is_mouse,
        x: event.client_x().into(),
        y: event.client_y().into(),
    })
}
