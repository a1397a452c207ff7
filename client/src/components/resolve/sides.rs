//! The two sides of a question, field by field: whose value stands, and what is typed instead.
//!
//! **Invariant:** typing into one's own value chooses it; what is chosen and typed stays when the other side changes meanwhile.

use crate::facts::{
    answer::{self, Answer, Choice, Choices, Side},
    fields,
    question::{Given, Input, Kind, Question},
};
use domain::Refusal;
use leptos::prelude::*;
use std::collections::BTreeMap;

mod text {
    pub const WHAT: &str = "What";
    pub const WAS: &str = "Was";
    pub const MINE: &str = "Mine";
    pub const THEIRS: &str = "Theirs";
    pub const NOW: &str = "Now";
}

/// What is chosen and typed so far. By column, so that a question that brings other values keeps it.
#[derive(Clone, Copy)]
pub struct Sheet {
    choices: RwSignal<Choices>,
    /// What is wrong with the values of an answer that was given; a column that is here has been looked at since the refusal.
    problems: RwSignal<BTreeMap<&'static str, Option<String>>>,
    /// What is wrong with the answer as a whole.
    pub problem: RwSignal<Option<String>>,
    /// An answer is being stored.
    pub is_given: RwSignal<bool>,
}

impl Sheet {
    /// Everything as its author wants it.
    pub fn of(question: &Question) -> Self {
        Self {
            choices: RwSignal::new(Choices::of(question.kind)),
            problems: RwSignal::default(),
            problem: RwSignal::new(None),
            is_given: RwSignal::new(false),
        }
    }

    /// One side in everything.
    pub fn choose_all(self, question: &Question, side: Side) {
        self.choices.update(|choices| choices.choose_all(question, side));
    }

    /// What the choices amount to. The caller follows them.
    pub fn answer(self, question: &Question) -> Answer {
        self.choices.with(|choices| answer::answer(question, choices))
    }

    /// Puts what was refused beside its values.
    pub fn refuse(self, question: &Question, refusal: &Refusal) {
        let columns = question.values.iter().map(|value| value.column);
        let problems: BTreeMap<_, _> = columns.map(|column| (column, fields::refusal_of(refusal, column))).collect();
        let is_told = problems.values().any(Option::is_some);
        self.problems.set(problems);
        self.problem.set((!is_told).then(|| fields::refusal_text(refusal)));
    }

    fn about(self, column: &str) -> Choice {
        self.choices.with(|choices| choices.about(column))
    }

    fn is_side(self, column: &str, side: Side) -> bool {
        self.about(column).side == side
    }

    fn choose(self, column: &'static str, side: Side) {
        self.choices.update(|choices| choices.values.entry(column).or_default().side = side);
    }

    fn type_in(self, column: &'static str, typed: String) {
        let choice = Choice {
            side: Side::Mine,
            typed: Some(typed),
        };
        self.choices.update(|choices| drop(choices.values.insert(column, choice)));
        self.problems.update(|problems| drop(problems.insert(column, None)));
    }

    fn problem_of(self, value: &Given) -> Option<String> {
        self.problems
            .with(|problems| problems.get(value.column).cloned())
            .unwrap_or_else(|| value.problem.clone())
    }
}

/// What a question's table has. Another table is drawn anew, with all that is chosen in it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Shown {
    has_base: bool,
    /// How the other side is called, where there is one.
    theirs: Option<&'static str>,
}

impl Shown {
    fn of(question: &Question) -> Self {
        let theirs = match question.kind {
            Kind::TwoSides | Kind::SameThing { is_known: true } => Some(text::THEIRS),
            Kind::DeleteOrKeep => Some(text::NOW),
            _ => None,
        };
        Self {
            has_base: question.values.iter().any(|value| value.base.is_some()),
            theirs,
        }
    }
}

/// See the module. Nothing where the write gives no values.
#[component]
pub fn Sides(sheet: Sheet, question: Memo<Question>) -> impl IntoView {
    let columns = Memo::new(move |_| question.with(|question| question.values.iter().map(|value| value.column).collect::<Vec<_>>()));
    let shown = Memo::new(move |_| question.with(Shown::of));
    move || {
        let shown @ Shown { has_base, theirs } = shown.get();
        (!columns.with(Vec::is_empty)).then(|| {
            view! {
                <div class="table-box">
                    <table class="sides">
                        <thead>
                            <tr>
                                <th scope="col">{text::WHAT}</th>
                                {has_base.then(|| view! { <th scope="col">{text::WAS}</th> })}
                                <th scope="col">{text::MINE}</th>
                                {theirs.map(|theirs| view! { <th scope="col">{theirs}</th> })}
                            </tr>
                        </thead>
                        <tbody>
                            <For each=move || columns.get() key=|column| *column let:column>
                                <Row sheet question column shown />
                            </For>
                        </tbody>
                    </table>
                </div>
            }
        })
    }
}

#[component]
fn Row(sheet: Sheet, question: Memo<Question>, column: &'static str, shown: Shown) -> impl IntoView {
    let found = Memo::new(move |before: Option<&Option<Given>>| {
        let found = question.with(|question| question.values.iter().find(|value| value.column == column).cloned());
        // The row goes in a moment.
        found.or_else(|| before.cloned().flatten())
    });
    let read = move |read: fn(&Given) -> Option<String>| found.with(|value| value.as_ref().and_then(read));
    let is = move |is: fn(&Given) -> bool| found.with(|value| value.as_ref().is_some_and(is));
    let may_choose = Memo::new(move |_| is(|value| value.may_choose));
    let radio = move |side: Side, whose: &'static str| {
        may_choose.get().then(|| {
            let name = move || format!("{whose}: {}", read(|value| Some(value.label.clone())).unwrap_or_default());
            view! {
                <input type="radio" name=format!("side-{column}") aria-label=name
                    prop:checked=move || sheet.is_side(column, side) on:change=move |_| sheet.choose(column, side) />
            }
        })
    };
    let is_chosen = move |side| may_choose.get() && sheet.is_side(column, side);
    view! {
        <tr data-contested=move || is(|value| value.is_contested).then_some("yes")>
            <th scope="row">{move || read(|value| Some(value.label.clone()))}</th>
            {shown.has_base.then(|| view! { <td class="muted" data-head=text::WAS>{move || read(|value| value.base.clone())}</td> })}
            <td class="side" data-head=text::MINE class:chosen=move || is_chosen(Side::Mine)>
                {move || radio(Side::Mine, text::MINE)}
                <Own sheet found column />
                {move || found.with(|value| value.as_ref().and_then(|value| sheet.problem_of(value))).map(|problem| view! { <p class="problem">{problem}</p> })}
            </td>
            {shown.theirs.map(|theirs| view! {
                <td class="side" data-head=theirs class:chosen=move || is_chosen(Side::Theirs)>
                    {move || radio(Side::Theirs, text::THEIRS)}
                    <span>{move || read(|value| value.theirs.clone())}</span>
                </td>
            })}
        </tr>
    }
}

/// One's own value, to be given otherwise where that can be done here.
#[component]
fn Own(sheet: Sheet, found: Memo<Option<Given>>, column: &'static str) -> impl IntoView {
    let input = Memo::new(move |_| found.with(|value| value.as_ref().map_or(Input::Fixed, |value| value.input.clone())));
    let read = move |read: fn(&Given) -> &str| found.with(|value| value.as_ref().map(|value| read(value).to_owned()).unwrap_or_default());
    let typed = move || sheet.about(column).typed.unwrap_or_else(|| read(|value| &value.typed));
    let label = move || format!("{}: {}", text::MINE, read(|value| &value.label));
    let type_in = move |event| sheet.type_in(column, event_target_value(&event));
    let option = move |(value, text): (String, String)| {
        let is_it = {
            let value = value.clone();
            move || typed() == value
        };
        view! { <option value=value prop:selected=is_it>{text}</option> }
    };
    move || match input.get() {
        Input::Fixed => view! { <span>{move || read(|value| &value.mine)}</span> }.into_any(),
        Input::Text => view! { <input type="text" autocomplete="off" aria-label=label prop:value=typed on:input=type_in /> }.into_any(),
        Input::Date => view! { <input type="date" aria-label=label prop:value=typed on:input=type_in /> }.into_any(),
        Input::Choice(choices) => view! { <select aria-label=label on:change=type_in>{choices.into_iter().map(option).collect_view()}</select> }.into_any(),
    }
}
