//! What the board is asked for: words, a market, a vendor, one's own turns, late ones.
//!
//! A choice between one thing is none: it appears when there are two markets, or a vendor.

use crate::{
    facts::{
        names::{self, Choice},
        wanted::{self, Wanted},
    },
    state::{AppState, topics::Topic},
};
use domain::Table;
use leptos::prelude::*;

mod text {
    pub const FILTERS: &str = "Which turns";
    pub const SEARCH: &str = "Search turns";
    pub const MARKET: &str = "Market";
    pub const ALL_MARKETS: &str = "All markets";
    pub const VENDOR: &str = "Vendor";
    pub const ALL_VENDORS: &str = "All vendors";
    pub const MINE: &str = "Mine";
    pub const OVERDUE: &str = "Overdue";
    pub const SHOW_ALL: &str = "Show all";
}

/// See the module.
#[component]
pub fn Filters() -> impl IntoView {
    let state = AppState::of_context();
    let wanted = state.wanted();
    let words = move || wanted.with(|wanted| wanted.words.clone());
    let is_narrowed = Memo::new(move |_| !wanted.with(Wanted::is_everything));
    view! {
        <div class="filters" role="group" aria-label=text::FILTERS>
            <Choices label=text::MARKET all=text::ALL_MARKETS least=2 choices=Signal::derive(move || markets(state))
                chosen=Signal::derive(move || wanted.with(|wanted| wanted.market.clone().unwrap_or_default()))
                choose=move |market: String| wanted.update(|wanted| wanted.market = Some(market).filter(|market| !market.is_empty())) />
            <Choices label=text::VENDOR all=text::ALL_VENDORS least=1 choices=Signal::derive(move || vendors(state))
                chosen=Signal::derive(move || wanted.with(|wanted| wanted.vendor.map(|id| id.to_string()).unwrap_or_default()))
                choose=move |vendor: String| wanted.update(|wanted| wanted.vendor = vendor.parse().ok()) />
            <Toggle label=text::MINE is_on=Signal::derive(move || wanted.with(|wanted| wanted.is_mine))
                toggle=move || wanted.update(|wanted| wanted.is_mine = !wanted.is_mine) />
            <Toggle label=text::OVERDUE is_on=Signal::derive(move || wanted.with(|wanted| wanted.is_overdue))
                toggle=move || wanted.update(|wanted| wanted.is_overdue = !wanted.is_overdue) />
            <input class="search" type="search" aria-label=text::SEARCH placeholder=text::SEARCH
                prop:value=words on:input=move |event| wanted.update(|wanted| wanted.words = event_target_value(&event)) />
            {move || is_narrowed.get().then(|| view! {
                <button type="button" class="button quiet" on:click=move |_| wanted.set(Wanted::default())>{text::SHOW_ALL}</button>
            })}
        </div>
    }
}

/// What can be chosen does not depend on the turns: a tap on one of thousands has nobody look through them.
fn markets(state: AppState) -> Vec<Choice> {
    let choice = |market: &str| (market.to_owned(), market.to_owned());
    state.read([Topic::Any(Table::Properties)], |view| wanted::markets(view).into_iter().map(choice).collect())
}

fn vendors(state: AppState) -> Vec<Choice> {
    state.read([Topic::Any(Table::Vendors)], names::vendors)
}

/// One of several, or all. What is chosen stays in the list when it is not here any more, so that it can be seen and taken back.
#[component]
fn Choices(
    label: &'static str,
    all: &'static str,
    /// With fewer there is nothing to choose.
    least: usize,
    choices: Signal<Vec<Choice>>,
    chosen: Signal<String>,
    choose: impl Fn(String) + Copy + Send + 'static,
) -> impl IntoView {
    let choices = Memo::new(move |_| choices.get());
    let is_there = Memo::new(move |_| choices.with(Vec::len) >= least || !chosen.with(String::is_empty));
    let options = move || {
        let (mut choices, chosen) = (choices.get(), chosen.get());
        if !chosen.is_empty() && choices.iter().all(|(value, _)| *value != chosen) {
            choices.push((chosen.clone(), chosen.clone()));
        }
        choices.insert(0, (String::new(), all.to_owned()));
        let option = |(value, text): Choice| view! { <option selected=value == chosen value=value.clone()>{text}</option> };
        choices.into_iter().map(option).collect_view()
    };
    move || {
        is_there.get().then(|| view! {
            <select aria-label=label class:chosen=move || !chosen.with(String::is_empty) on:change=move |event| choose(event_target_value(&event))>{options}</select>
        })
    }
}

#[component]
fn Toggle(label: &'static str, is_on: Signal<bool>, toggle: impl Fn() + Send + 'static) -> impl IntoView {
    view! {
        <button type="button" class="button toggle" aria-pressed=move || is_on.get().to_string() on:click=move |_| toggle()>{label}</button>
    }
}
