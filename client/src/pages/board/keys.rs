//! The board by keyboard: arrows go from card to card, `m` opens **Move to…**, Enter opens the turn.

use crate::{components::move_menu, dom, state::AppState};
use domain::RowId;
use leptos_router::NavigateOptions;
use web_sys::{HtmlElement, KeyboardEvent};

/// Follows a key that was pressed on a card or on something inside it.
pub fn follow(state: AppState, event: &KeyboardEvent, navigate: &impl Fn(&str, NavigateOptions)) {
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return;
    }
    let Some(card) = dom::closest(event, ".card") else { return };
    let is_on_card = dom::closest(event, "a, button").is_none();
    match event.key().as_str() {
        "ArrowDown" => go_along(&card, 1),
        "ArrowUp" => go_along(&card, -1),
        "ArrowRight" => go_across(&card, 1),
        "ArrowLeft" => go_across(&card, -1),
        "m" => open_menu(state, &card),
        "Enter" if is_on_card => open_turn(&card, navigate),
        _ => return,
    }
    event.prevent_default();
}

fn cards_of(column: &HtmlElement) -> Vec<HtmlElement> {
    dom::find_all(column, ".card")
}

fn position(elements: &[HtmlElement], element: &HtmlElement) -> Option<usize> {
    elements.iter().position(|other| dom::is_same(other, element))
}

fn go_along(card: &HtmlElement, step: isize) {
    let Some(column) = around(card, ".column") else { return };
    let cards = cards_of(&column);
    let next = position(&cards, card).and_then(|at| at.checked_add_signed(step)).and_then(|at| cards.get(at));
    next.into_iter().for_each(dom::focus);
}

/// To the same height in the next column that has cards.
fn go_across(card: &HtmlElement, step: isize) {
    let (Some(column), Some(board)) = (around(card, ".column"), around(card, ".board")) else {
        return;
    };
    let height = position(&cards_of(&column), card).unwrap_or(0);
    let columns = dom::find_all(&board, ".column");
    let mut at = position(&columns, &column).and_then(|at| at.checked_add_signed(step));
    while let Some(next) = at.and_then(|at| columns.get(at)) {
        let cards = cards_of(next);
        if let Some(card) = cards.get(height).or(cards.last()) {
            return dom::focus(card);
        }
        at = at.and_then(|at| at.checked_add_signed(step));
    }
}

fn open_menu(state: AppState, card: &HtmlElement) {
    if let (Some(turn), Some(button)) = (turn_of(card), dom::find_all(card, ".move-button").first()) {
        move_menu::open(state, turn, button);
    }
}

fn open_turn(card: &HtmlElement, navigate: &impl Fn(&str, NavigateOptions)) {
    if let Some(turn) = turn_of(card) {
        navigate(&format!("/turns/{turn}"), NavigateOptions::default());
    }
}

fn turn_of(card: &HtmlElement) -> Option<RowId> {
    card.get_attribute("data-turn")?.parse().ok()
}

fn around(element: &HtmlElement, selector: &str) -> Option<HtmlElement> {
    use wasm_bindgen::JsCast;
    element.closest(selector).ok()??.dyn_into().ok()
}
