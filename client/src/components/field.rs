//! One column of one row, edited in place.
//!
//! **Invariant:** what was typed stays until it is saved or taken back with Escape; a refused value is still
//! there, with the reason beside it.

use crate::{components::resolve::Parked, facts::fields, state::AppState};
use domain::{RowId, Table, schema::Column};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlInputElement, KeyboardEvent};

const SAVE: &str = "Save";
const NOT_A_DATE: &str = "is not a whole date.";

/// How a column is typed.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    /// One line.
    Text,
    /// Dollars and cents.
    Money,
    /// A day.
    Date,
    /// Several lines.
    Notes,
}

/// The state of one field: what is typed and not saved, and what is wrong with it.
#[derive(Clone, Copy)]
struct Editing {
    state: AppState,
    table: Table,
    row: RowId,
    column: &'static Column,
    stored: Memo<String>,
    typed: RwSignal<Option<String>>,
    problem: RwSignal<Option<String>>,
}

impl Editing {
    fn new(table: Table, row: RowId, column: &'static str) -> Self {
        let state = AppState::of_context();
        // A name that is no column is a mistake of this app; the first column stands in and the rule refuses every edit.
        let column = table.column(column).unwrap_or(&table.columns()[0]);
        let stored = Memo::new(move |_| {
            state.row(table, row, |row| {
                row.map(|row| fields::editable(column, row.get(column.name))).unwrap_or_default()
            })
        });
        Self {
            state,
            table,
            row,
            column,
            stored,
            typed: RwSignal::new(None),
            problem: RwSignal::new(None),
        }
    }

    fn text(self) -> String {
        self.typed.get().unwrap_or_else(|| self.stored.get())
    }

    fn revert(self) {
        self.typed.set(None);
        self.problem.set(None);
    }

    fn save(self) {
        let Some(text) = self.typed.get_untracked() else { return };
        if text.trim() == self.stored.get_untracked() {
            return self.revert();
        }
        match self.state.change(self.table, self.row, self.column.name, fields::typed(self.column, &text)) {
            Ok(_) => self.revert(),
            Err(refusal) => self
                .problem
                .set(fields::refusal_of(&refusal, self.column.name).or_else(|| Some(fields::refusal_text(&refusal)))),
        }
    }

    fn label(self) -> String {
        fields::capital(&fields::label(self.column.name))
    }

    fn problem_id(self) -> String {
        format!("problem-{}", self.column.name)
    }

    fn described_by(self) -> Option<String> {
        self.problem.with(Option::is_some).then(|| self.problem_id())
    }
}

/// A field that saves when it is left, or with Enter.
#[component]
pub fn Field(
    /// Which table.
    table: Table,
    /// Which row.
    row: RowId,
    /// Which column.
    column: &'static str,
    /// How it is typed.
    kind: Kind,
) -> impl IntoView {
    let editing = Editing::new(table, row, column);
    let label = editing.label();
    let input = if kind == Kind::Notes {
        notes(editing).into_any()
    } else {
        line(editing, kind).into_any()
    };
    view! {
        <div class="field" class:wide=kind == Kind::Notes class:money=kind == Kind::Money>
            <label>
                <span class="field-label">{label}</span>
                {input}
            </label>
            <Problem editing />
            <Parked table row column />
        </div>
    }
}

fn line(editing: Editing, kind: Kind) -> impl IntoView {
    let (input_type, input_mode) = match kind {
        Kind::Date => ("date", None),
        Kind::Money => ("text", Some("decimal")),
        Kind::Text | Kind::Notes => ("text", None),
    };
    let leave = move |event: Event| {
        let is_half_a_date = input_of(&event).is_some_and(|input| input.validity().bad_input());
        if is_half_a_date {
            editing.problem.set(Some(format!("{} {NOT_A_DATE}", editing.label())));
        } else {
            editing.save();
        }
    };
    let on_key = move |event: KeyboardEvent| match event.key().as_str() {
        "Enter" => leave(event.into()),
        "Escape" => editing.revert(),
        _ => {}
    };
    view! {
        <input type=input_type inputmode=input_mode autocomplete="off" prop:value=move || editing.text()
            aria-invalid=move || editing.problem.with(Option::is_some).then_some("true") aria-describedby=move || editing.described_by()
            on:input=move |event| editing.typed.set(Some(event_target_value(&event)))
            on:blur=move |event| leave(event.into()) on:keydown=on_key />
    }
}

fn notes(editing: Editing) -> impl IntoView {
    let on_key = move |event: KeyboardEvent| match event.key().as_str() {
        "Escape" => editing.revert(),
        "Enter" if event.ctrl_key() || event.meta_key() => editing.save(),
        _ => {}
    };
    view! {
        <textarea rows="4" prop:value=move || editing.text() on:keydown=on_key
            aria-invalid=move || editing.problem.with(Option::is_some).then_some("true") aria-describedby=move || editing.described_by()
            on:input=move |event| editing.typed.set(Some(event_target_value(&event)))
            on:blur=move |_| editing.save()></textarea>
        {move || editing.typed.with(Option::is_some).then(|| view! {
            <button type="button" class="button" on:click=move |_| editing.save()>{SAVE}</button>
        })}
    }
}

#[component]
fn Problem(editing: Editing) -> impl IntoView {
    move || {
        editing
            .problem
            .get()
            .map(|problem| view! { <p class="problem" role="alert" id=editing.problem_id()>{problem}</p> })
    }
}

/// A column with a few values, saved as it is chosen. `choices` are value and text; an empty value is “nothing”.
#[component]
pub fn Choice(
    /// Which table.
    table: Table,
    /// Which row.
    row: RowId,
    /// Which column.
    column: &'static str,
    /// Value and text.
    choices: &'static [(&'static str, &'static str)],
) -> impl IntoView {
    let editing = Editing::new(table, row, column);
    let choose = move |event: Event| {
        editing.typed.set(Some(event_target_value(&event)));
        editing.save();
    };
    let option = move |(value, text): &'static (&'static str, &'static str)| {
        view! { <option value=*value prop:selected=move || editing.text() == *value>{*text}</option> }
    };
    view! {
        <div class="field">
            <label>
                <span class="field-label">{editing.label()}</span>
                <select on:change=choose>{choices.iter().map(option).collect_view()}</select>
            </label>
            <Problem editing />
            <Parked table row column />
        </div>
    }
}

/// A yes-or-no column, saved with one tap.
#[component]
pub fn Flag(
    /// Which table.
    table: Table,
    /// Which row.
    row: RowId,
    /// Which column.
    column: &'static str,
) -> impl IntoView {
    let state = AppState::of_context();
    let is_set = move || state.row(table, row, |row| row.is_some_and(|row| row.flag(column)));
    let toggle = move |event: Event| state.change_or_warn(table, row, column, event_target_checked(&event).into());
    view! {
        <div>
            <label class="flag">
                <input type="checkbox" prop:checked=is_set on:change=toggle />
                <span>{fields::capital(&fields::label(column))}</span>
            </label>
            <Parked table row column />
        </div>
    }
}

fn input_of(event: &Event) -> Option<HtmlInputElement> {
    event.target()?.dyn_into().ok()
}
