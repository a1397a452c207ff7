//! One turn: where it stands, what is known of it, and what of it has not reached the server.
//!
//! **Invariant:** every fact is edited where it is read; there is no form to send and nothing to lose by leaving.

mod details;
mod photos;
mod unsent;

use crate::{
    components::{awaited::Awaited, heading::Heading, mark::mark, move_menu::MoveButton, resolve::Parked},
    facts::{self, card, stages},
    format,
    pages::not_found::Nowhere,
    state::{AppState, scope_group, topics::Topic},
};
use browser::Lists;
use details::Details;
use domain::{RowId, Table};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use photos::TurnPhotos;
use stages::Standing;
use unsent::Unsent;

mod text {
    pub const NOT_FOUND: &str = "This turn is not on this device";
    pub const NOT_FOUND_HINT: &str = "It may be finished for more than 30 days, belong to somebody else, or the address is mistyped.";
    pub const NOT_TAKEN: &str = "This turn is not on the board: the office has not taken what you did, or it has been deleted.";
    pub const BOARD: &str = "Board";
    pub const SCOPE: &str = "Scope of work";
    pub const WALK: &str = "Scope walk";
    pub const NO_SCOPE: &str = "No scope items yet";
    pub const PROGRESS: &str = "Progress";
}

/// See the module.
#[component]
pub fn Turn() -> impl IntoView {
    with_turn(|turn| view! { <Page turn /> }.into_any())
}

/// Shows a turn's page, or says that there is no such turn. Another id in the address is another page.
pub fn with_turn(page: impl Fn(RowId) -> AnyView + Copy + Send + Sync + 'static) -> impl IntoView {
    let state = AppState::of_context();
    let params = use_params_map();
    let turn = Memo::new(move |_| params.with(|params| params.get("id")).and_then(|id| id.parse::<RowId>().ok()));
    let known = Memo::new(move |_| turn.get().filter(|turn| state.row(Table::Turns, *turn, |row| row.is_some())));
    // A refused new turn, or one that has gone under a change, is not shown; what needs its user is.
    let unsent = Memo::new(move |_| {
        let is_unsent = |turn: &RowId| state.read([Topic::Row(Table::Turns, *turn)], |view| !view.writes_about(*turn).is_empty());
        turn.get().filter(is_unsent)
    });
    move || match known.get() {
        Some(turn) => page(turn),
        None if unsent.get().is_some() => unsent.get().map(|turn| view! { <OnlyUnsent turn /> }).into_any(),
        None if state.lists.get() == Lists::Here => view! { <Nowhere title=text::NOT_FOUND hint=text::NOT_FOUND_HINT /> }.into_any(),
        None => view! { <div class="page"><Awaited /></div> }.into_any(),
    }
}

/// A turn that the lists do not hold: what was done to it, and what can be decided about that.
#[component]
fn OnlyUnsent(turn: RowId) -> impl IntoView {
    let state = AppState::of_context();
    let name = Memo::new(move |_| {
        state.read([Topic::Row(Table::Turns, turn), Topic::Any(Table::Properties)], |view| {
            facts::writes::name_of_turn(view, turn)
        })
    });
    view! {
        <div class="page turn" data-turn=turn.to_string()>
            <nav aria-label="Breadcrumb"><a class="back" href="/board">{text::BOARD}</a></nav>
            <header class="turn-head">
                <div class="turn-name"><Heading title=name /></div>
                <p class="muted">{text::NOT_TAKEN}</p>
            </header>
            <Unsent turn />
        </div>
    }
}

/// The name of a turn's property, followed.
pub fn name_of(state: AppState, turn: RowId) -> Signal<String> {
    Memo::new(move |_| {
        state.read([Topic::Row(Table::Turns, turn), Topic::Any(Table::Properties)], |view| {
            facts::turn_name(view, turn)
        })
    })
    .into()
}

#[component]
fn Page(turn: RowId) -> impl IntoView {
    let state = AppState::of_context();
    let topics = [Topic::Row(Table::Turns, turn), Topic::Within(scope_group(turn)), Topic::Any(Table::Properties)];
    let lines = Memo::new(move |_| state.read(topics.clone(), |view| header_lines(view, turn, state.today.get())));
    let mark_of_turn = move || {
        state.read([Topic::Row(Table::Turns, turn), Topic::Within(scope_group(turn))], |view| {
            mark(card::mark(view, turn))
        })
    };
    view! {
        <div class="page turn" data-turn=turn.to_string()>
            <nav aria-label="Breadcrumb"><a class="back" href="/board">{text::BOARD}</a></nav>
            <header class="turn-head">
                <div class="turn-name"><Heading title=name_of(state, turn) />{mark_of_turn}</div>
                {move || lines.get().into_iter().map(|line| view! { <p class="muted">{line}</p> }).collect_view()}
            </header>
            <Progress turn />
            <Unsent turn />
            <ScopeSummary turn />
            <TurnPhotos turn />
            <Details turn />
        </div>
    }
}

/// Address, numbers and vacancy, each on its line.
fn header_lines(view: &sync::LocalView, turn: RowId, today: domain::Date) -> Vec<String> {
    let Some(row) = view.row(Table::Turns, turn) else { return Vec::new() };
    let property = row.row_id("property_id").and_then(|id| view.row(Table::Properties, id));
    let numbers = [property.and_then(|property| property.text("property_number")), row.text("turn_number")];
    let vacancy = card::moved_out(row, property).map(|day| format::vacancy(today.days_since(day)));
    let second: Vec<String> = numbers.into_iter().flatten().map(str::to_owned).chain(vacancy).collect();
    [property.map(facts::address_line).unwrap_or_default(), second.join(" · ")]
        .into_iter()
        .filter(|line| !line.is_empty())
        .collect()
}

/// The stages as a line of steps, with the button that moves on.
#[component]
fn Progress(turn: RowId) -> impl IntoView {
    let state = AppState::of_context();
    let steps = Memo::new(move |_| {
        state.read([Topic::Row(Table::Turns, turn), Topic::Any(Table::TurnStages)], |view| {
            stages::progress(view, turn)
        })
    });
    let here = move || steps.with(|steps| steps.iter().find(|(_, standing)| *standing == Standing::Here).map(|(stage, _)| stage.clone()));
    let step = |(stage, standing): (stages::Stage, Standing)| {
        let (class, word) = match standing {
            Standing::Passed => ("step passed", "done"),
            Standing::Here => ("step here", "now"),
            Standing::Ahead => ("step", "to come"),
        };
        view! { <li class=class aria-current=(standing == Standing::Here).then_some("step")><span class="visually-hidden">{stage.name} ": " {word}</span></li> }
    };
    view! {
        <section class="panel progress" aria-label=text::PROGRESS>
            <div class="progress-head">
                {move || here().map(|stage| view! { <p class="stage-chip" style=("--stage", stage.color)><span class="stage-dot"></span>{stage.name}</p> })}
                <MoveButton turn />
            </div>
            <Parked table=Table::Turns row=turn column="stage_id" />
            <ol class="steps">{move || steps.get().into_iter().map(step).collect_view()}</ol>
        </section>
    }
}

#[component]
fn ScopeSummary(turn: RowId) -> impl IntoView {
    let state = AppState::of_context();
    let totals = Memo::new(move |_| state.read([Topic::Within(scope_group(turn))], |view| facts::scope::totals(view, turn)));
    view! {
        <section class="panel scope-summary">
            <h2>{text::SCOPE}</h2>
            {move || match totals.get() {
                facts::scope::Totals { items: 0, .. } => view! { <p class="muted">{text::NO_SCOPE}</p> }.into_any(),
                totals => view! {
                    <p><span class="amount large">{totals.amount.to_string()}</span> " " <span class="muted">{format::count(totals.items, "item", "items")} ", " {totals.done} " done"</span></p>
                }.into_any(),
            }}
            <a class="button primary" href=format!("/turns/{turn}/scope")>{text::WALK}</a>
        </section>
    }
}
