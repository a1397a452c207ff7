//! The fields of a scope item, for adding one and for changing one.
//!
//! **Invariant:** what is typed stays in the form until the rules accept it; each refusal stands at its field.

use crate::{
    facts::{fields, scope},
    state::AppState,
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
const UNITS: &[&str] = &["each", "sqft", "lf", "hour", "room", "lot"];

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
pub fn Fields(draft: Draft, id_prefix: String) -> impl IntoView {
    let inputs = COLUMNS.into_iter().zip(draft.texts).map(|(name, text)| {
        let id = format!("{id_prefix}-{name}");
        view! { <Input name text problems=draft.problems id /> }
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
    let list = matches!(name, "room" | "category" | "unit").then(|| list_id(name));
    let label = if name == "unit_cost" {
        "Unit cost".to_owned()
    } else {
        fields::capital(&fields::label(name))
    };
    view! {
        <div class="field" data-column=name>
            <label for=id.clone() class="field-label">{label}</label>
            <input id=id type="text" autocomplete="off" enterkeyhint="done" inputmode=is_number.then_some("decimal") list=list
                aria-invalid=move || problem.with(Option::is_some).then_some("true") aria-describedby=described_by bind:value=text />
            {move || problem.get().map(|problem| view! { <p class="problem" id=problem_id.clone()>{problem}</p> })}
        </div>
    }
}

/// Rooms, categories and units that were used before, for both forms.
#[component]
pub fn Suggestions(turn: RowId) -> impl IntoView {
    let _ = turn;
    let state = AppState::of_context();
    let lists = [("room", ROOMS), ("category", CATEGORIES), ("unit", UNITS)];
    let list = move |(name, common): (&'static str, &'static [&'static str])| {
        let used = state.peek(|view| scope::used(view, name, common));
        view! { <datalist id=list_id(name)>{used.into_iter().map(|text| view! { <option value=text></option> }).collect_view()}</datalist> }
    };
    lists.map(list).into_iter().collect_view()
}

fn list_id(name: &str) -> String {
    format!("used-{name}")
}
