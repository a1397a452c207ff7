//! **Export unsent work**: a file that an administrator can bring in on the server, for the day that this device cannot send it.
//!
//! **Invariant:** the passphrase is typed twice and kept nowhere; nothing on the device changes.

use super::{
    dialog::Dialog,
    submission::{Submission, Submit},
};
use crate::{dom, format, state::AppState};
use browser::Handover;
use leptos::prelude::*;
use protocol::{Problem, ProblemCode};
use web_sys::SubmitEvent;

mod text {
    pub const EXPORT: &str = "Export unsent work";
    pub const TITLE: &str = "Export your work as a file";
    pub const HINT: &str = "The file is encrypted with a passphrase. Give both to an administrator, who can bring your changes and photos in on the server. Nothing is sent twice, also when this device sends it later.";
    pub const PASSPHRASE: &str = "Passphrase";
    pub const AGAIN: &str = "Passphrase again";
    pub const DIFFERENT: &str = "The two passphrases are not the same.";
    pub const SAVE: &str = "Save file";
    pub const SAVING: &str = "Encrypting…";
    pub const CLOSE: &str = "Close";
    pub const LEFT_OUT: &str = " that this version does not understand could not go into it";
    pub const PHOTOS_LEFT_OUT: &str = " did not fit into it and must be sent by this device";
}

/// Opens the dialog.
#[component]
pub fn ExportButton() -> impl IntoView {
    let state = AppState::of_context();
    view! { <button type="button" class="button" on:click=move |_| state.exporting.set(true)>{text::EXPORT}</button> }
}

/// The dialog's place in the app.
#[component]
pub fn ExportDialog() -> impl IntoView {
    let state = AppState::of_context();
    move || {
        state.exporting.get().then(|| {
            view! {
                <Dialog title=text::TITLE on_close=move |()| state.exporting.set(false)>
                    <p>{text::HINT}</p>
                    <Form />
                </Dialog>
            }
        })
    }
}

#[component]
fn Form() -> impl IntoView {
    let state = AppState::of_context();
    let (passphrase, again) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let submission = Submission::new(text::DIFFERENT);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let passphrase = passphrase.get_untracked();
        if passphrase != again.get_untracked() {
            return submission.refuse(text::DIFFERENT);
        }
        submission.send(export(state, passphrase), move || state.exporting.set(false));
    };
    let field = |label: &'static str, typed: RwSignal<String>| {
        view! {
            <label class="field">
                <span class="field-label">{label}</span>
                <input type="password" autocomplete="new-password" required prop:value=move || typed.get() on:input=move |event| typed.set(event_target_value(&event)) />
            </label>
        }
    };
    view! {
        <form class="export" on:submit=submit>
            {field(text::PASSPHRASE, passphrase)}
            {field(text::AGAIN, again)}
            <div class="actions">
                <Submit submission label=text::SAVE busy=text::SAVING />
                <button type="button" class="button quiet" on:click=move |_| state.exporting.set(false)>{text::CLOSE}</button>
            </div>
        </form>
    }
}

async fn export(state: AppState, passphrase: String) -> Result<(), Problem> {
    let refused = |reason: String| Problem::new(ProblemCode::Validation, crate::facts::fields::capital(&format!("{reason}.")));
    let handover = state.device().export_unsent(&passphrase).await.map_err(|error| refused(error.to_string()))?;
    dom::save_file("turns-unsent.json", &handover.file).map_err(refused)?;
    state.toasts.tell(what_is_in(&handover), None);
    Ok(())
}

fn what_is_in(handover: &Handover) -> String {
    let unsent = match handover.photos {
        0 => format::count(handover.unsent, "unsent change is", "unsent changes are"),
        photos => format!(
            "{} and {}",
            format::count(handover.unsent, "unsent change", "unsent changes"),
            format::count(photos, "photo are", "photos are")
        ),
    };
    let mut told = format!("{unsent} in the file");
    if handover.left_out > 0 {
        told += &format!(", {}{}", format::count(handover.left_out, "change", "changes"), text::LEFT_OUT);
    }
    if handover.photos_left_out > 0 {
        told += &format!("; {}{}", format::count(handover.photos_left_out, "photo", "photos"), text::PHOTOS_LEFT_OUT);
    }
    told + "."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_what_is_in_the_file_and_what_is_not() {
        let handover = |unsent, left_out, photos, photos_left_out| Handover {
            file: String::new(),
            unsent,
            photos,
            photos_left_out,
            left_out,
        };
        for (handover, told) in [
            (handover(1, 0, 0, 0), "1 unsent change is in the file."),
            (handover(0, 0, 1, 0), "0 unsent changes and 1 photo are in the file."),
            (
                handover(2, 1, 0, 3),
                "2 unsent changes are in the file, 1 change that this version does not understand could not go into it; \
                 3 photos did not fit into it and must be sent by this device.",
            ),
        ] {
            assert_eq!(what_is_in(&handover), told);
        }
    }
}
