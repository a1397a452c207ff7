//! The dialog about writes that need their user: both sides, field by field, one write after the other.
//!
//! One for the whole app, opened from a card, from a turn, from a field and from the inspector. Everything in it works without a network: an
//! answer amends the write on this device, and it is sent when it can be.
//!
//! **Invariant:** no answer is given by closing the dialog; what it shows follows the device while it is open, and what is typed in it stays.

mod parked;
mod sides;

use crate::{
    components::dialog::Dialog,
    dom,
    facts::{
        answer::{self, Side},
        question::{self, Kind, Question},
    },
    state::{AppState, topics::Topic},
};
use domain::WriteId;
use leptos::prelude::*;
use sides::{Sheet, Sides};
use wasm_bindgen_futures::spawn_local;
use web_sys::KeyboardEvent;

pub use parked::{Parked, ParkedStarts, ParkedUnseen, ParkedWrites};

mod text {
    pub const RESOLVE: &str = "Resolve";
    pub const DISCARD: &str = "Discard";
    pub const LATER: &str = "Later";
    pub const CLOSE: &str = "Close";
    pub const KEEP_MINE: &str = "Keep mine";
    pub const TAKE_THEIRS: &str = "Take theirs";
    pub const DELETE_ANYWAY: &str = "Delete it anyway";
    pub const KEEP_IT: &str = "Do not delete it";
    pub const CHANGED_AGAIN: &str = "The other side has changed while you were looking. What you chose and typed is still here.";
    pub const KEYS: &str = "Keys: M mine, T theirs, Enter sends, D discards, N the next one, Escape closes.";
}

/// The likeliest answer.
const PRIMARY: &str = ".resolve .button.primary";

/// The button that opens the dialog, where something needs its user.
#[component]
pub fn ResolveButton(
    /// Which write is asked about first.
    write: WriteId,
    /// What it is about, for whoever does not see what the button stands beside.
    #[prop(optional, into)]
    about: Option<String>,
) -> impl IntoView {
    let state = AppState::of_context();
    let label = about.map(|about| format!("{}: {about}", text::RESOLVE));
    view! { <button type="button" class="button primary resolve-button" aria-label=label on:click=move |_| state.resolving.set(Some(write))>{text::RESOLVE}</button> }
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
    // Answered here, in another tab, or by the worker's luck: the next one is asked about, and with the last one it closes.
    Effect::new(move |before: Option<Option<(WriteId, u64)>>| {
        let now = asked.with(|question| question.as_ref().map(|question| (question.write, question.seq)));
        let before = before.flatten();
        if let (Some(write), None) = (state.resolving.get(), now) {
            let last = before.filter(|(answered, _)| *answered == write);
            let next = last.and_then(|(_, seq)| question::next_after(&state.device().outbox(), seq));
            state.resolving.set(next);
            if next.is_none() {
                // What was pressed to come here may be gone.
                dom::focus_soon("#main".to_owned());
            }
        }
        now.or(before)
    });
    let write = Memo::new(move |_| asked.with(|question| question.as_ref().map(|question| question.write)));
    move || {
        write.get()?;
        asked.get_untracked().map(|question| view! { <Ask first=question asked /> })
    }
}

#[component]
fn Ask(first: Question, asked: Memo<Option<Question>>) -> impl IntoView {
    let state = AppState::of_context();
    let sheet = Sheet::of(&first);
    let question = Memo::new(move |before: Option<&Question>| {
        let newer = asked.get().filter(|newer| newer.write == first.write);
        // Answered a moment ago: this goes.
        newer.unwrap_or_else(|| before.unwrap_or(&first).clone())
    });
    let is_changed = is_changed_meanwhile(question);
    let place = move || question.with(|question| Some(question.place).filter(|(_, of)| *of > 1));
    let goes_with = move || {
        let (kind, sentences) = question.with(|question| (question.kind, question.goes_with.clone()));
        (!sentences.is_empty()).then(|| {
            view! {
                <p>{question::of_followers(kind)}</p>
                <ul class="plain-list">{sentences.into_iter().map(|sentence| view! { <li>{sentence}</li> }).collect_view()}</ul>
            }
        })
    };
    let title = Signal::derive(move || question.with(|question| question.sentence.clone()));
    view! {
        <Dialog title on_close=move |()| state.resolving.set(None)>
            <div class="resolve" on:keydown=move |event| follow_key(state, &event, question, sheet)>
                {move || question.with(|question| question.reason.clone()).map(|reason| view! { <p class="reason">{reason}</p> })}
                {move || place().map(|(at, of)| view! { <p class="muted">{format!("{at} of {of} that need you")}</p> })}
                <p class="changed-again" role="status">{move || is_changed.get().then_some(text::CHANGED_AGAIN)}</p>
                <Sides sheet question />
                {goes_with}
                {move || sheet.problem.get().map(|problem| view! { <p class="problem" role="alert">{problem}</p> })}
                <Buttons question sheet />
                <p class="muted keys">{text::KEYS}</p>
            </div>
        </Dialog>
    }
}

/// Whether the other side is another one than at first.
fn is_changed_meanwhile(question: Memo<Question>) -> Memo<bool> {
    let theirs = move || question.with(|question| question.values.iter().map(|value| (value.column, value.their_json.clone())).collect::<Vec<_>>());
    let first = untrack(theirs);
    Memo::new(move |before: Option<&bool>| before == Some(&true) || theirs() != first)
}

/// What can be done. The buttons stay while their words follow what is chosen, so that none loses the focus.
#[component]
fn Buttons(question: Memo<Question>, sheet: Sheet) -> impl IntoView {
    let state = AppState::of_context();
    let primary = move || question.with(|question| answer::label(question, &sheet.answer(question)));
    let other = Memo::new(move |_| question.with(|question| answer::other_side(question, &sheet.answer(question))));
    let other_label = move |side| match (question.with(|question| question.kind), side) {
        (Kind::DeleteOrKeep, Side::Mine) => text::DELETE_ANYWAY,
        (Kind::DeleteOrKeep, Side::Theirs) => text::KEEP_IT,
        (_, Side::Mine) => text::KEEP_MINE,
        (_, Side::Theirs) => text::TAKE_THEIRS,
    };
    let take_other = move |side| {
        let asked = question.get_untracked();
        sheet.choose_all(&asked, side);
        give(state, &asked, sheet);
    };
    let later = move || {
        if question.with(|question| next(state, question)).is_some() {
            text::LATER
        } else {
            text::CLOSE
        }
    };
    view! {
        <div class="actions">
            <button type="button" class="button primary" autofocus on:click=move |_| give(state, &question.get_untracked(), sheet)>{primary}</button>
            {move || other.get().map(|side| view! { <button type="button" class="button" on:click=move |_| take_other(side)>{other_label(side)}</button> })}
            <button type="button" class="button danger" on:click=move |_| discard(state, &question.get_untracked(), sheet)>{text::DISCARD}</button>
            <button type="button" class="button quiet" on:click=move |_| state.resolving.set(next(state, &question.get_untracked()))>{later}</button>
        </div>
    }
}

fn follow_key(state: AppState, event: &KeyboardEvent, question: Memo<Question>, sheet: Sheet) {
    let is_typing = dom::closest(event, "input:not([type=radio]), select, textarea").is_some();
    let is_choosing = dom::closest(event, "input[type=radio]").is_some();
    let has_modifier = event.ctrl_key() || event.meta_key() || event.alt_key();
    let asked = question.get_untracked();
    match event.key().as_str() {
        _ if has_modifier => return,
        "Enter" if is_typing || is_choosing => give(state, &asked, sheet),
        _ if is_typing => return,
        "m" => choose(&asked, sheet, Side::Mine),
        "t" => choose(&asked, sheet, Side::Theirs),
        "d" => discard(state, &asked, sheet),
        "n" => state.resolving.set(next(state, &asked)),
        _ => return,
    }
    event.prevent_default();
}

/// Takes one side in everything, and puts the focus where Enter sends it.
fn choose(question: &Question, sheet: Sheet, side: Side) {
    if answer::other_side(question, &sheet.answer(question)).is_some() || side == Side::Mine {
        sheet.choose_all(question, side);
        dom::focus_soon(PRIMARY.to_owned());
    }
}

/// Sends what is chosen, where the rules accept what is typed.
fn give(state: AppState, question: &Question, sheet: Sheet) {
    if let Kind::After(first) = question.kind {
        return state.resolving.set(Some(first));
    }
    let answer = untrack(|| sheet.answer(question));
    match state.check_answer(question.write, &answer) {
        Ok(()) => once(sheet, state.answer(question.clone(), answer)),
        Err(refusal) => sheet.refuse(question, &refusal),
    }
}

fn discard(state: AppState, question: &Question, sheet: Sheet) {
    once(sheet, state.discard(question.write));
}

/// What is being stored is not stored twice, however fast Enter is. The dialog goes on when the write needs nobody any more.
fn once(sheet: Sheet, deed: impl Future<Output = ()> + 'static) {
    if sheet.is_given.get_untracked() {
        return;
    }
    sheet.is_given.set(true);
    spawn_local(async move {
        deed.await;
        // Gone with the dialog, most often.
        let _ = sheet.is_given.try_set(false);
    });
}

/// The question to go on with; none where this is the only one.
fn next(state: AppState, question: &Question) -> Option<WriteId> {
    question::next_after(&state.device().outbox(), question.seq)
}
