//! The dialog about writes that need their user: both sides, field by field, one write after the other.
//!
//! One for the whole app, opened from a card, from a turn and from the inspector. Everything in it works without a network: an
//! answer amends the write on this device, and it is sent when it can be.
//!
//! **Invariant:** no answer is given by closing the dialog; what it shows follows the device while it is open.

mod sides;

use crate::{
    components::dialog::Dialog,
    dom,
    facts::{
        answer::{Answer, Side},
        question::{self, Kind, Question},
    },
    state::{AppState, topics::Topic},
};
use domain::WriteId;
use leptos::prelude::*;
use sides::{Sheet, Sides};
use web_sys::KeyboardEvent;

mod text {
    pub const KEEP_MINE: &str = "Keep mine";
    pub const TAKE_THEIRS: &str = "Take theirs";
    pub const SEND_THESE: &str = "Send these values";
    pub const SEND_AGAIN: &str = "Send again";
    pub const MAKE_AGAIN: &str = "Make it again";
    pub const DELETE_ANYWAY: &str = "Delete it anyway";
    pub const KEEP_IT: &str = "Do not delete it";
    pub const LET_GO: &str = "Let it go";
    pub const GO_ON_THERE: &str = "Go on with theirs";
    pub const DISCARD: &str = "Discard";
    pub const LATER: &str = "Later";
    pub const CLOSE: &str = "Close";
    pub const FIRST: &str = "Decide the other one first";
    pub const GOES_WITH: &str = "These changes build on it and go with it:";
    pub const KEYS: &str = "Keys: M mine, T theirs, Enter sends, D discards, N the next one, Escape closes.";
}

/// The button that opens the dialog, where something needs its user.
#[component]
pub fn ResolveButton(
    /// Which write is asked about first.
    write: WriteId,
) -> impl IntoView {
    let state = AppState::of_context();
    view! { <button type="button" class="button primary resolve-button" on:click=move |_| state.resolving.set(Some(write))>"Resolve"</button> }
}

/// The dialog's place in the app.
#[component]
pub fn ResolveDialog() -> impl IntoView {
    let state = AppState::of_context();
    let asked = Memo::new(move |_| {
        let write = state.resolving.get()?;
        let outbox = state.device().outbox();
        state.read([Topic::Writes], |view| question::question(view, &outbox, write))
    });
    // Decided in another tab, or by the worker's luck: there is nothing to ask any more.
    Effect::new(move |_| {
        if state.resolving.get().is_some() && asked.with(Option::is_none) {
            state.resolving.set(None);
        }
    });
    move || asked.get().map(|question| view! { <Ask question /> })
}

#[component]
fn Ask(question: Question) -> impl IntoView {
    let state = AppState::of_context();
    let sheet = Sheet::of(&question);
    let place = place(state, question.write);
    let follow_keys = {
        let question = question.clone();
        move |event: KeyboardEvent| follow_key(state, &event, &question, sheet)
    };
    view! {
        <Dialog title=question.sentence.clone() on_close=move |()| state.resolving.set(None)>
            <div class="resolve" on:keydown=follow_keys>
                {question.reason.clone().map(|reason| view! { <p class="reason">{reason}</p> })}
                {place.map(|place| view! { <p class="muted">{place}</p> })}
                <Sides sheet kind=question.kind values=question.values.clone() />
                {(!question.goes_with.is_empty()).then(|| view! {
                    <p>{text::GOES_WITH}</p>
                    <ul class="plain-list">{question.goes_with.iter().map(|sentence| view! { <li>{sentence.clone()}</li> }).collect_view()}</ul>
                })}
                {move || sheet.problem.get().map(|problem| view! { <p class="problem" role="alert">{problem}</p> })}
                <Buttons question sheet />
                <p class="muted keys">{text::KEYS}</p>
            </div>
        </Dialog>
    }
}

#[component]
fn Buttons(question: Question, sheet: Sheet) -> impl IntoView {
    let state = AppState::of_context();
    let (write, kind) = (question.write, question.kind);
    if let Kind::After(first) = kind {
        let go = move |_| state.resolving.set(Some(first));
        return view! {
            <div class="actions">
                <button type="button" class="button primary" on:click=go>{text::FIRST}</button>
                <DiscardButton write />
                <NextButton write />
            </div>
        }
        .into_any();
    }
    let asked = StoredValue::new(question);
    let send = move |_| asked.with_value(|question| give(state, question, sheet));
    let theirs = move |_| decide(state, write, Answer::TakeTheirs);
    let primary = move || {
        let is_changed = asked.with_value(|question| matches!(sheet.answer(question), Answer::Send(_)));
        match kind {
            _ if is_changed => text::SEND_THESE,
            Kind::TwoSides => text::KEEP_MINE,
            Kind::DeleteOrKeep => text::DELETE_ANYWAY,
            Kind::Deleted { can_be_made_again: true } => text::MAKE_AGAIN,
            Kind::Deleted { .. } | Kind::AlreadyGone => text::LET_GO,
            Kind::SameThing { is_known: true } => text::GO_ON_THERE,
            Kind::SameThing { .. } | Kind::Refused | Kind::After(_) => text::SEND_AGAIN,
        }
    };
    let other = match kind {
        Kind::TwoSides => Some(text::TAKE_THEIRS),
        Kind::DeleteOrKeep => Some(text::KEEP_IT),
        _ => None,
    };
    view! {
        <div class="actions">
            <button type="button" class="button primary" autofocus on:click=send>{primary}</button>
            {other.map(|text| view! { <button type="button" class="button" on:click=theirs>{text}</button> })}
            <DiscardButton write />
            <NextButton write />
        </div>
    }
    .into_any()
}

#[component]
fn DiscardButton(write: WriteId) -> impl IntoView {
    let state = AppState::of_context();
    view! { <button type="button" class="button danger" on:click=move |_| discard(state, write)>{text::DISCARD}</button> }
}

/// Leaves the question open and goes on with the next one.
#[component]
fn NextButton(write: WriteId) -> impl IntoView {
    let state = AppState::of_context();
    let text = if next_after(state, write).is_some() { text::LATER } else { text::CLOSE };
    view! { <button type="button" class="button quiet" on:click=move |_| state.resolving.set(next_after(state, write))>{text}</button> }
}

fn follow_key(state: AppState, event: &KeyboardEvent, question: &Question, sheet: Sheet) {
    let is_typing = dom::closest(event, "input:not([type=radio]), select, textarea").is_some();
    let has_modifier = event.ctrl_key() || event.meta_key() || event.alt_key();
    let has_two_sides = matches!(question.kind, Kind::TwoSides | Kind::DeleteOrKeep);
    match event.key().as_str() {
        _ if has_modifier => return,
        "Enter" if is_typing => give(state, question, sheet),
        _ if is_typing => return,
        "m" => sheet.choose_all(Side::Mine),
        "t" if has_two_sides => sheet.choose_all(Side::Theirs),
        "d" => discard(state, question.write),
        "n" => state.resolving.set(next_after(state, question.write)),
        _ => return,
    }
    event.prevent_default();
}

/// Sends what is chosen, where the rules accept what is typed.
fn give(state: AppState, question: &Question, sheet: Sheet) {
    if matches!(question.kind, Kind::After(_)) {
        return;
    }
    let answer = sheet.answer(question);
    match state.check_answer(question.write, &answer) {
        Ok(()) => decide(state, question.write, answer),
        Err(refusal) => sheet.refuse(&refusal),
    }
}

fn decide(state: AppState, write: WriteId, answer: Answer) {
    let next = next_after(state, write);
    state.answer(write, answer);
    state.resolving.set(next);
}

fn discard(state: AppState, write: WriteId) {
    let next = next_after(state, write);
    state.discard(write);
    state.resolving.set(next);
}

/// The next write that needs its user, round from the last to the first; none where this is the only one.
fn next_after(state: AppState, write: WriteId) -> Option<WriteId> {
    let open = question::open_questions(&state.device().outbox());
    let at = open.iter().position(|id| *id == write).unwrap_or(0);
    open.iter()
        .cycle()
        .skip(at + 1)
        .take(open.len().saturating_sub(1))
        .find(|id| **id != write)
        .copied()
}

/// “2 of 5 that need you”.
fn place(state: AppState, write: WriteId) -> Option<String> {
    let open = question::open_questions(&state.device().outbox());
    let at = open.iter().position(|id| *id == write)?;
    (open.len() > 1).then(|| format!("{} of {} that need you", at + 1, open.len()))
}
