//! Photos that the server does not have: how far each is, why it waits, how large it is.

use crate::{
    components::photos::PhotoActions,
    facts::{
        fields,
        photos::{self, Standing},
    },
    state::{AppState, topics::Topic},
};
use domain::{RowId, Table};
use leptos::prelude::*;
use sync::Photo;

mod text {
    pub const TITLE: &str = "Photos on their way";
}

/// One photo as a line.
#[derive(Clone, PartialEq)]
struct Line {
    document: RowId,
    said: String,
    standing: Standing,
    reason: Option<String>,
}

/// See the module. Nothing where there are none.
#[component]
pub fn WaitingPhotos() -> impl IntoView {
    let state = AppState::of_context();
    let lines = Memo::new(move |_| {
        let waiting = state.device().photos();
        state.read([Topic::Photos, Topic::Writes], |view| {
            let line = |photo: &Photo| Line {
                document: photo.document_id,
                said: photos::line(view, photo),
                standing: photos::standing(Some(photo), view.mark(Table::Documents, photo.document_id)),
                reason: photos::reason(photo),
            };
            waiting.iter().filter(|photo| photo.is_unsent()).map(line).collect::<Vec<_>>()
        })
    });
    let is_empty = Memo::new(move |_| lines.with(Vec::is_empty));
    move || {
        (!is_empty.get()).then(|| {
            view! {
                <section aria-label=text::TITLE>
                    <h2>{text::TITLE}</h2>
                    <div class="panel">
                        <ul class="history">
                            {move || lines.get().into_iter().map(show).collect_view()}
                        </ul>
                    </div>
                </section>
            }
            .into_any()
        })
    }
}

fn show(line: Line) -> impl IntoView {
    view! {
        <li>
            <span>{line.said}</span>
            <span class="tag" data-tone=line.standing.tone()>{fields::capital(&line.standing.in_words())}</span>
            <PhotoActions document=line.document />
            {line.reason.map(|reason| view! { <p class="reason">{reason}</p> })}
        </li>
    }
}
