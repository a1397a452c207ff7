//! The fields of a scope item, for adding one and for changing one.
//!
//! **Invariant:** what is typed stays in the form until the rules accept it; each refusal stands at its field.

use crate::{
    facts::{fields, scope},
    state::{AppState, scope_group, topics::Topic},
};
use domain::{Refusal, Row, RowId, Table};
use leptos::prelude::*;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

const ROOMS: &[&str] = &[
    "Kitchen",
    "Living room",
    "Dining room",
    "Bedroom 1",
    "Bedroom 2",
    "Bath 1",
    "Bath 2",
    "Hall",
    "Laundry",
    "Garage",
    "Exterior",
];
const CATEGORIES: &[&str] = &[
    "Paint",
    "Flooring",
    "Plumbing",
    "Electrical",
    "Appliances",
    "Cleaning",
    "Carpentry",
    "Doors and windows",
    "Landscaping",
    "Trash-out",
    "General",
];

/// The columns that a person gives, in the order in which they are asked.
const COLUMNS: [&str; 6] = ["room", "category", "description", "quantity", "unit", "unit_cost"];

/// What is typed and not saved yet.
#[derive(Clone, Copy)]
pub struct Draft {
    texts: [RwSignal<String>; 6],
    /// Column → what is wrong with it.
    problems: RwSignal<BTreeMap<String, String>>,
}

impl Draft {
    /// An empty item: one of something.
    pub fn new() -> Self {
        let draft = Self {
            texts: COLUMNS.map(|_| RwSignal::new(String::new())),
            problems: RwSignal::default(),
        };
        draft.begin_next();
        draft
    }

    /// An item as it stands.
    pub fn of(row: &Row) -> Self {
        let text = |name| {
            Table::ScopeItems
                .column(name)
                .map(|column| fields::editable(column, row.get(name)))
                .unwrap_or_default()
        };
        Self {
            texts: COLUMNS.map(|name| RwSignal::new(text(name))),
            problems: RwSignal::default(),
        }
    }

    /// Makes ready for the next item in the same room.
    pub fn begin_next(self) {
        for (name, text) in COLUMNS.into_iter().zip(self.texts) {
            match name {
                "room" => {}
                "quantity" => text.set("1".to_owned()),
                "unit" => text.set("each".to_owned()),
                _ => text.set(String::new()),
            }
        }
        self.problems.set(BTreeMap::new());
    }

    /// What is typed, as a write's data.
    pub fn data(self) -> Map<String, Json> {
        let typed =
            |(name, text): (&'static str, RwSignal<String>)| Some((name.to_owned(), fields::typed(Table::ScopeItems.column(name)?, &text.read_untracked())));
        COLUMNS.into_iter().zip(self.texts).filter_map(typed).collect()
    }

    /// Only what differs from the item as it stands.
    pub fn changed_data(self, row: &Row) -> Map<String, Json> {
        let same = |name: &str, json: &Json| {
            Table::ScopeItems
                .column(name)
                .is_some_and(|column| domain::Value::from_json(column.kind, json).as_ref() == Ok(row.get(name)))
        };
        self.data().into_iter().filter(|(name, json)| !same(name, json)).collect()
    }

    /// Puts what was refused beside its fields.
    pub fn refuse(self, refusal: &Refusal) {
        let problems = COLUMNS
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), fields::refusal_of(refusal, name)?)))
            .collect::<BTreeMap<_, _>>();
        // Not about one of the fields: said at the last one rather than nowhere.
        self.problems.set(if problems.is_empty() {
            BTreeMap::from([("unit_cost".to_owned(), fields::refusal_text(refusal))])
        } else {
            problems
        });
    }
}

/// The six fields, named uniquely by `id_prefix`.
#[component]
pub fn Fields(
    draft: Draft,
    id_prefix: String,
    /// The turn whose rooms and categories are offered for a tap.
    #[prop(optional)]
    suggest_from: Option<RowId>,
) -> impl IntoView {
    let inputs = COLUMNS.into_iter().zip(draft.texts).map(|(name, text)| {
        let id = format!("{id_prefix}-{name}");
        let chips = suggest_from.zip(common(name)).map(|(turn, common)| view! { <Chips turn name common text /> });
        view! {
            <div class="field" data-column=name>
                <Input name text problems=draft.problems id />
                {chips}
            </div>
        }
    });
    view! { <div class="item-fields">{inputs.collect_view()}</div> }
}

#[component]
fn Input(name: &'static str, text: RwSignal<String>, problems: RwSignal<BTreeMap<String, String>>, id: String) -> impl IntoView {
    let problem = Memo::new(move |_| problems.with(|problems| problems.get(name).cloned()));
    let problem_id = format!("{id}-problem");
    let described_by = {
        let problem_id = problem_id.clone();
        move || problem.with(Option::is_some).then(|| problem_id.clone())
    };
    let is_number = matches!(name, "quantity" | "unit_cost");
    view! {
        <label for=id.clone() class="field-label">{fields::capital(&fields::label(name))}</label>
        <input id=id type="text" autocomplete="off" enterkeyhint="done" inputmode=is_number.then_some("decimal")
            aria-invalid=move || problem.with(Option::is_some).then_some("true") aria-describedby=described_by bind:value=text />
        {move || problem.get().map(|problem| view! { <p class="problem" id=problem_id.clone()>{problem}</p> })}
    }
}

/// What the field is likely to say, for one tap. Out of the tab order: at a keyboard, typing is quicker than eleven stops.
#[component]
fn Chips(turn: RowId, name: &'static str, common: &'static [&'static str], text: RwSignal<String>) -> impl IntoView {
    let state = AppState::of_context();
    let suggestions = Memo::new(move |_| state.read([Topic::Within(scope_group(turn))], |view| scope::suggestions(view, turn, name, common)));
    let chip = move |suggestion: String| {
        let is_chosen = {
            let suggestion = suggestion.clone();
            move || if text.with(|text| *text == suggestion) { "true" } else { "false" }
        };
        let said = suggestion.clone();
        view! {
            <button type="button" class="chip" tabindex="-1" aria-pressed=is_chosen on:click=move |_| text.set(suggestion.clone())>
                {said}
            </button>
        }
    };
    view! { <div class="chips">{move || suggestions.get().into_iter().map(chip).collect_view()}</div> }
}

fn common(name: &str) -> Option<&'static [&'static str]> {
    match name {
        "room" => Some(ROOMS),
        "category" => Some(CATEGORIES),
        _ => None,
    }
}
