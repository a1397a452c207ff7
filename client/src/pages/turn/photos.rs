//! What the home looked like before the work and after it, side by side.

use crate::components::photos::{Photos, TakePhotos};
use domain::{RowId, Table};
use leptos::prelude::*;

mod text {
    pub const TITLE: &str = "Photos";
    pub const KINDS: [(&str, &str); 2] = [("before", "Before"), ("after", "After")];
}

/// See the module.
#[component]
pub fn TurnPhotos(turn: RowId) -> impl IntoView {
    let side = move |(kind, name): (&'static str, &'static str)| {
        view! {
            <section class="photo-side" aria-label=name>
                <header class="photo-side-head">
                    <h3>{name}</h3>
                    <div class="item-actions"><TakePhotos of=(Table::Turns, turn) kind subject=name /></div>
                </header>
                <Photos of=turn kind />
            </section>
        }
    };
    view! {
        <section class="panel" aria-label=text::TITLE>
            <h2>{text::TITLE}</h2>
            <div class="photo-sides">{text::KINDS.map(side).into_iter().collect_view()}</div>
        </section>
    }
    .into_any()
}
