//! The two sides of a question, field by field: whose value stands, and what is typed instead.
//!
//! **Invariant:** typing into one's own value chooses it.

use crate::facts::{
    answer::{self, Answer, Choice, Side},
    fields,
    question::{Given, Kind, Question},
};
use domain::{ColumnType, Refusal, Table, schema::Column};
use leptos::prelude::*;

mod text {
    pub const WHAT: &str = "What";
    pub const WAS: &str = "Was";
    pub const MINE: &str = "Mine";
    pub const THEIRS: &str = "Theirs";
}

/// What is chosen and typed so far.
#[derive(Clone, Copy)]
pub struct Sheet {
    choices: StoredValue<Vec<Line>>,
    table: Table,
    /// What is wrong with an answer that was given.
    pub problem: RwSignal<Option<String>>,
}

/// One value's part of the sheet.
#[derive(Clone, Copy)]
struct Line {
    column: &'static str,
    side: RwSignal<Side>,
    typed: RwSignal<String>,
    problem: RwSignal<Option<String>>,
}

impl Sheet {
    /// Everything as its author wants it.
    pub fn of(question: &Question) -> Self {
        let line = |value: &Given| Line {
            column: value.column,
            side: RwSignal::new(Side::Mine),
            typed: RwSignal::new(value.typed.clone()),
            problem: RwSignal::new(value.problem.clone()),
        };
        Self {
            choices: StoredValue::new(question.values.iter().map(line).collect()),
            table: question.table,
            problem: RwSignal::new(None),
        }
    }

    /// One side in everything.
    pub fn choose_all(self, side: Side) {
        self.choices.with_value(|lines| lines.iter().for_each(|line| line.side.set(side)));
    }

    /// What the choices amount to. The caller follows them.
    pub fn answer(self, question: &Question) -> Answer {
        let choice = |line: &Line| Choice {
            side: line.side.get(),
            typed: line.typed.get(),
        };
        let choices: Vec<Choice> = self.choices.with_value(|lines| lines.iter().map(choice).collect());
        answer::answer(question, &choices)
    }

    /// Puts what was refused beside its values.
    pub fn refuse(self, refusal: &Refusal) {
        let mut is_told = false;
        self.choices.with_value(|lines| {
            for line in lines {
                let problem = fields::refusal_of(refusal, line.column);
                is_told |= problem.is_some();
                line.problem.set(problem);
            }
        });
        self.problem.set((!is_told).then(|| fields::refusal_text(refusal)));
    }
}

/// See the module. Nothing where the write gives no values.
#[component]
pub fn Sides(sheet: Sheet, kind: Kind, values: Vec<Given>) -> impl IntoView {
    if values.is_empty() {
        return None;
    }
    let lines = sheet.choices.get_value();
    let has_base = values.iter().any(|value| value.base.is_some());
    let has_theirs = matches!(kind, Kind::TwoSides | Kind::SameThing { is_known: true });
    let may_choose = kind == Kind::TwoSides;
    let may_edit = matches!(kind, Kind::TwoSides | Kind::Refused | Kind::SameThing { .. });
    let rows = lines.into_iter().zip(values).map(|(line, value)| {
        row(
            sheet.table,
            line,
            value,
            Shown {
                has_base,
                has_theirs,
                may_choose,
                may_edit,
            },
        )
    });
    Some(view! {
        <div class="table-box">
            <table class="sides">
                <thead>
                    <tr>
                        <th scope="col">{text::WHAT}</th>
                        {has_base.then(|| view! { <th scope="col">{text::WAS}</th> })}
                        <th scope="col">{text::MINE}</th>
                        {has_theirs.then(|| view! { <th scope="col">{text::THEIRS}</th> })}
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
    })
}

/// What a question's table has.
#[derive(Clone, Copy)]
struct Shown {
    has_base: bool,
    has_theirs: bool,
    may_choose: bool,
    may_edit: bool,
}

fn row(table: Table, line: Line, value: Given, shown: Shown) -> impl IntoView {
    let Shown {
        has_base,
        has_theirs,
        may_choose,
        may_edit,
    } = shown;
    let label = value.label.clone();
    let radio = move |side: Side, whose: &'static str| {
        view! {
            <input type="radio" name=format!("side-{}", line.column) aria-label=format!("{whose}: {label}")
                prop:checked=move || line.side.get() == side on:change=move |_| line.side.set(side) />
        }
    };
    let their_radio = radio.clone();
    view! {
        <tr data-contested=value.is_contested.then_some("yes")>
            <th scope="row">{value.label.clone()}</th>
            {has_base.then(|| view! { <td class="muted" data-head=text::WAS>{value.base.clone()}</td> })}
            <td class="side" data-head=text::MINE class:chosen=move || line.side.get() == Side::Mine>
                {may_choose.then(|| radio(Side::Mine, text::MINE))}
                {match table.column(value.column).filter(|column| may_edit && value.is_given && is_typed(column)) {
                    Some(column) => own(column, line, &value.label).into_any(),
                    None => view! { <span>{value.mine.clone()}</span> }.into_any(),
                }}
                {move || line.problem.get().map(|problem| view! { <p class="problem">{problem}</p> })}
            </td>
            {has_theirs.then(|| view! {
                <td class="side" data-head=text::THEIRS class:chosen=move || line.side.get() == Side::Theirs>
                    {may_choose.then(|| their_radio(Side::Theirs, text::THEIRS))}
                    <span>{value.theirs.clone()}</span>
                </td>
            })}
        </tr>
    }
}

/// One's own value, to be typed anew.
fn own(column: &'static Column, line: Line, label: &str) -> impl IntoView {
    let type_in = move |event| {
        line.typed.set(event_target_value(&event));
        line.side.set(Side::Mine);
        line.problem.set(None);
    };
    let label = format!("{}: {label}", text::MINE);
    if column.choices.is_empty() {
        let kind = if column.kind == ColumnType::Date { "date" } else { "text" };
        return view! { <input type=kind autocomplete="off" aria-label=label prop:value=move || line.typed.get() on:input=type_in /> }.into_any();
    }
    let option = move |choice: &'static str| view! { <option value=choice prop:selected=move || line.typed.get() == choice>{fields::capital(choice)}</option> };
    view! { <select aria-label=label on:change=type_in>{column.choices.iter().copied().map(option).collect_view()}</select> }.into_any()
}

/// What names another row, or is yes or no, is chosen on its own page.
fn is_typed(column: &Column) -> bool {
    !matches!(column.kind, ColumnType::Uuid | ColumnType::Bool | ColumnType::Timestamp | ColumnType::TextArray)
}
