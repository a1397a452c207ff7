//! The **Move to…** menu: the stages, by pointer or keyboard. One for the whole app, opened by whoever needs it.
//!
//! **Invariant:** closed without a choice or with one, the focus is back on the turn's button, wherever the card is then.

use crate::{
    dom,
    facts::{self, stages},
    state::{AppState, MoveMenu as Open},
};
use domain::RowId;
use leptos::{html, prelude::*};
use web_sys::{HtmlElement, KeyboardEvent};

/// What the button that opens the menu says.
pub const MOVE_TO: &str = "Move to…";

const CHOICES: &str = "[role=menuitem]:not([aria-disabled=true])";

/// Opens the menu at a button.
pub fn open(state: AppState, turn: RowId, button: &HtmlElement) {
    let place = button.get_bounding_client_rect();
    state.move_menu.set(Some(Open {
        turn,
        x: place.left(),
        y: place.bottom(),
    }));
}

/// The selector of a turn's button, on its card or its page.
pub fn button_of(turn: RowId) -> String {
    format!("[data-turn=\"{turn}\"] .move-button")
}

/// The button that opens the menu.
#[component]
pub fn MoveButton(turn: RowId) -> impl IntoView {
    let state = AppState::of_context();
    let press = move |event: web_sys::MouseEvent| {
        if let Some(button) = dom::closest(&event, "button") {
            open(state, turn, &button);
        }
    };
    view! { <button type="button" class="button quiet move-button" aria-haspopup="menu" on:click=press>{MOVE_TO}</button> }
}

/// The menu's place in the app.
#[component]
pub fn MoveMenu() -> impl IntoView {
    let state = AppState::of_context();
    move || state.move_menu.get().map(|open| view! { <Menu open /> })
}

#[component]
fn Menu(open: Open) -> impl IntoView {
    let state = AppState::of_context();
    let turn = open.turn;
    let menu = NodeRef::<html::Div>::new();
    let close = move || {
        state.move_menu.set(None);
        dom::focus_soon(button_of(turn));
    };
    let choose = move |stage: RowId| {
        state.move_turn(turn, stage);
        close();
    };
    menu.on_load(move |menu| request_animation_frame(move || focus_first(&menu)));
    let on_key = move |event: KeyboardEvent| {
        if let Some(menu) = menu.get_untracked() {
            follow_key(&event, &menu, close);
        }
    };
    let (label, choices) = state.peek(|view| (facts::turn_name(view, turn), choices(view, turn)));
    view! {
        <div class="menu-backdrop" on:click=move |_| close()></div>
        <div class="menu" role="menu" aria-label=format!("Move {label} to") node_ref=menu on:keydown=on_key
            style=("--x", format!("{}px", open.x)) style=("--y", format!("{}px", open.y))>
            {choices.into_iter().map(|choice| item(choice, choose)).collect_view()}
        </div>
    }
}

struct Choice {
    stage: stages::Stage,
    is_here: bool,
    lacks: Option<String>,
}

fn choices(view: &sync::LocalView, turn: RowId) -> Vec<Choice> {
    let choice = |(stage, standing): (stages::Stage, stages::Standing)| {
        let is_here = standing == stages::Standing::Here;
        let lacks = stages::lacks(view, turn, stage.id)
            .filter(|_| !is_here)
            .map(|demand| facts::fields::capital(&demand.to_string()));
        Choice { stage, is_here, lacks }
    };
    stages::progress(view, turn).into_iter().map(choice).collect()
}

fn item(choice: Choice, choose: impl Fn(RowId) + Copy + Send + 'static) -> impl IntoView {
    let Choice { stage, is_here, lacks } = choice;
    let hint = if is_here { Some("It is here".to_owned()) } else { lacks };
    let hint_id = format!("hint-{}", stage.id);
    let described_by = hint.is_some().then(|| hint_id.clone());
    let id = stage.id;
    view! {
        // Out of the tab order: the arrows move inside a menu. What a stage demands describes its item, so that the name stays the stage's.
        <button type="button" role="menuitem" class="menu-item" tabindex="-1" aria-label=stage.name aria-describedby=described_by
            aria-disabled=is_here.then_some("true") on:click=move |_| if !is_here { choose(id) }>
            <span class="stage-dot" style=("--stage", stage.color)></span>
            <span class="menu-text">
                {stage.name.clone()}
                {hint.map(|hint| view! { <small id=hint_id>{hint}</small> })}
            </span>
        </button>
    }
}

/// The likeliest choice is the stage after the turn's own.
fn focus_first(menu: &HtmlElement) {
    let items = dom::find_all(menu, "[role=menuitem]");
    let here = items.iter().position(|item| item.get_attribute("aria-disabled").is_some());
    let next = here
        .and_then(|here| items.get(here + 1))
        .or_else(|| items.iter().find(|item| item.get_attribute("aria-disabled").is_none()));
    if let Some(item) = next {
        dom::focus(item);
    }
}

fn follow_key(event: &KeyboardEvent, menu: &HtmlElement, close: impl FnOnce()) {
    let items = || dom::find_all(menu, CHOICES);
    match event.key().as_str() {
        "ArrowDown" => dom::step_focus(&items(), 1),
        "ArrowUp" => dom::step_focus(&items(), -1),
        "Home" => items().first().into_iter().for_each(dom::focus),
        "End" => items().last().into_iter().for_each(dom::focus),
        "Escape" | "Tab" => close(),
        _ => return,
    }
    event.prevent_default();
    event.stop_propagation();
}
