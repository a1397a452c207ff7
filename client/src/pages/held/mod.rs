//! Changes of people who have lost sight of a home since: a supervisor adopts or refuses each.
//!
//! **Invariant:** decided on the server, with a network or not at all; what is decided here is not queued.

use crate::{
    components::heading::Heading,
    facts::{fields, held},
    pages::sync::Columns,
    state::AppState,
};
use browser::HeldWrite;
use leptos::prelude::*;
use protocol::{Problem, ProblemCode};
use wasm_bindgen_futures::spawn_local;

mod text {
    pub const TITLE: &str = "Held changes";
    pub const HINT: &str = "Made by people who do not see the home any more. Adopt a change to apply it as theirs, or refuse it; they are told either way.";
    pub const NOTHING: &str = "No change waits for you.";
    pub const MORE: &str = "More wait behind these.";
    pub const ADOPT: &str = "Adopt";
    pub const ADOPT_ANYWAY: &str = "Adopt over what stands";
    pub const REFUSE: &str = "Refuse";
    pub const REASON: &str = "Reason, for its author";
    pub const SOMEBODY: &str = "Somebody who has left";
    pub const WANTED: &str = "Wanted";
    pub const TOLD: &str = "Its author was told: ";
    pub const LOADING: &str = "Asking the server…";
}

/// See the module.
#[component]
pub fn HeldChanges() -> impl IntoView {
    let state = AppState::of_context();
    let decided = RwSignal::new(0_u32);
    let docket = LocalResource::new(move || {
        decided.track();
        let device = state.device();
        async move { device.held_writes().await }
    });
    let list = move || match docket.get() {
        None => view! { <p class="muted">{text::LOADING}</p> }.into_any(),
        Some(Err(problem)) => view! { <p class="problem boxed" role="alert">{problem.message}</p> }.into_any(),
        Some(Ok(docket)) if docket.writes.is_empty() => view! { <p class="panel muted">{text::NOTHING}</p> }.into_any(),
        Some(Ok(docket)) => view! {
            <ul class="writes">{docket.writes.into_iter().map(|write| view! { <li><One write decided /></li> }).collect_view()}</ul>
            {docket.more.then(|| view! { <p class="muted">{text::MORE}</p> })}
        }
        .into_any(),
    };
    view! {
        <div class="page sync">
            <Heading title=text::TITLE.to_owned() />
            <p class="muted">{text::HINT}</p>
            {list}
        </div>
    }
}

/// One held write and what can be done with it.
#[component]
fn One(write: HeldWrite, decided: RwSignal<u32>) -> impl IntoView {
    let state = AppState::of_context();
    let read = state.peek(|view| held::held(view, &write))?;
    let (id, version) = (write.write_id, read.version);
    let (reason, problem) = (RwSignal::new(String::new()), RwSignal::new(None::<Problem>));
    let tell = move |answer: Result<(), Problem>| match answer {
        Ok(()) => decided.update(|decided| *decided += 1),
        Err(refused) => problem.set(Some(refused)),
    };
    let is_contested = move || problem.with(|problem| problem.as_ref().is_some_and(|problem| problem.code == ProblemCode::Conflict));
    let adopt = move |_| {
        let looked_at = version.filter(|_| is_contested());
        spawn_local(async move { tell(state.device().adopt(id, looked_at).await) });
    };
    let refuse = move |_| spawn_local(async move { tell(state.device().refuse(id, &reason.get_untracked()).await) });
    let author = write.author.map_or_else(|| text::SOMEBODY.to_owned(), |author| author.name);
    let title = format!("{author}: {}", read.sentence);
    let label = title.clone();
    Some(view! {
        <article class="panel write" aria-label=label>
            <h3>{title}</h3>
            <p class="muted">{text::TOLD}{write.reason}</p>
            <Columns columns=read.columns wanted_by=text::WANTED />
            {move || problem.get().map(|problem| view! { <p class="problem" role="alert">{fields::capital(&problem.message)}</p> })}
            <label class="field">
                <span class="field-label">{text::REASON}</span>
                <input type="text" prop:value=move || reason.get() on:input=move |event| reason.set(event_target_value(&event)) />
            </label>
            <div class="actions">
                <button type="button" class="button primary" on:click=adopt>{move || if is_contested() { text::ADOPT_ANYWAY } else { text::ADOPT }}</button>
                <button type="button" class="button danger" on:click=refuse>{text::REFUSE}</button>
            </div>
        </article>
    })
}
