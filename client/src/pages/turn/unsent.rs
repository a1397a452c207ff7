//! What of a turn has not reached the server, and why.

use crate::{
    components::resolve::ResolveButton,
    facts::writes,
    state::{AppState, topics::Topic},
};
use domain::{RowId, WriteId};
use leptos::prelude::*;
use sync::OutboxRecord;

mod text {
    pub const TITLE: &str = "Not with the office yet";
}

/// One unsent write as a line.
#[derive(Clone, PartialEq)]
struct Line {
    sentence: String,
    state: &'static str,
    /// The write, where its user must decide about it.
    needs_user: Option<WriteId>,
    reason: Option<String>,
}

/// See the module. Nothing where everything is saved.
#[component]
pub fn Unsent(turn: RowId) -> impl IntoView {
    let state = AppState::of_context();
    let lines = Memo::new(move |_| {
        state.read([Topic::Writes], |view| {
            let writes = view.writes_about(turn).into_iter();
            writes.map(|record| line(view, record)).collect::<Vec<_>>()
        })
    });
    move || {
        let lines = lines.get();
        (!lines.is_empty()).then(|| {
            let needs_user = lines.iter().any(|line| line.needs_user.is_some());
            view! {
                <section class="panel unsent" data-tone=if needs_user { "needs-you" } else { "waiting" }>
                    <h2>{text::TITLE}</h2>
                    <ul>{lines.into_iter().map(show).collect_view()}</ul>
                </section>
            }
        })
    }
}

fn line(view: &sync::LocalView, record: &OutboxRecord) -> Line {
    Line {
        sentence: writes::sentence(view, record),
        state: writes::state_label(record.state),
        needs_user: record.state.needs_user().then_some(record.write_id),
        reason: writes::reason(record),
    }
}

fn show(line: Line) -> impl IntoView {
    let about = line.sentence.clone();
    view! {
        <li>
            <span>{line.sentence}</span>
            <span class="tag" data-tone=if line.needs_user.is_some() { "needs-you" } else { "waiting" }>{line.state}</span>
            {line.needs_user.map(|write| view! { <ResolveButton write about=about /> })}
            {line.reason.map(|reason| view! { <p class="reason">{reason}</p> })}
        </li>
    }
}
