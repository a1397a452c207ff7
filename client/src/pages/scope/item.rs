//! One line of the scope: read, ticked off with one tap, changed or deleted.

use super::form::{Draft, Fields};
use crate::{
    components::{
        mark::mark,
        photos::{Photos, TakePhotos},
        resolve::ParkedWrites,
    },
    dom,
    state::{AppState, topics::Topic},
};
use domain::{Cents, Operation, Row, RowId, Table, stage::scope_item_cost};
use leptos::prelude::*;
use sync::view::Mark;
use web_sys::SubmitEvent;

mod text {
    pub const EDIT: &str = "Edit";
    pub const DELETE: &str = "Delete";
    pub const SAVE: &str = "Save item";
    pub const CANCEL: &str = "Cancel";
}

/// What photos of a line are.
const KIND: &str = "scope_photo";

/// A line as it is read.
#[derive(Clone, PartialEq)]
struct Line {
    category: String,
    description: String,
    quantity: String,
    unit_cost: Cents,
    cost: Cents,
    is_done: bool,
    mark: Mark,
}

/// See the module.
#[component]
pub fn Item(item: RowId, editing: RwSignal<Option<RowId>>) -> impl IntoView {
    let is_editing = Memo::new(move |_| editing.get() == Some(item));
    view! {
        <li class="item" data-item=item.to_string()>
            {move || if is_editing.get() { view! { <Edit item editing /> }.into_any() } else { view! { <Read item editing /> }.into_any() }}
            <ParkedWrites table=Table::ScopeItems row=item />
            <Photos of=item kind=KIND />
        </li>
    }
}

#[component]
fn Read(item: RowId, editing: RwSignal<Option<RowId>>) -> impl IntoView {
    let state = AppState::of_context();
    move || {
        let line = state.read([Topic::Row(Table::ScopeItems, item)], |view| {
            Some(read(view.row(Table::ScopeItems, item)?, view.mark(Table::ScopeItems, item)))
        });
        line.map(|line| show(state, item, line, editing))
    }
}

fn read(row: &Row, mark: Mark) -> Line {
    let text = |column: &str| row.text(column).unwrap_or_default().to_owned();
    Line {
        category: text("category"),
        description: text("description"),
        quantity: format!("{} {}", quantity(row.unscaled("quantity").unwrap_or(0)), text("unit"))
            .trim()
            .to_owned(),
        unit_cost: row.cents("unit_cost").unwrap_or_default(),
        cost: scope_item_cost(row),
        is_done: row.flag("is_done"),
        mark,
    }
}

/// `2.5` and `3`, not `2.50` and `3.00`.
fn quantity(hundredths: i64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}

fn show(state: AppState, item: RowId, line: Line, editing: RwSignal<Option<RowId>>) -> impl IntoView {
    let Line {
        category,
        description,
        quantity,
        unit_cost,
        cost,
        is_done,
        mark: sent,
    } = line;
    let tick = move |event: web_sys::Event| state.change_or_warn(Table::ScopeItems, item, "is_done", event_target_checked(&event).into());
    let edit = move |_| {
        editing.set(Some(item));
        dom::focus_soon(format!("[data-item=\"{item}\"] input"));
    };
    let told = format!("Deleted “{description}”");
    let delete = move |_| state.delete(Table::ScopeItems, item, told.clone());
    view! {
        <label class="tick">
            <input type="checkbox" prop:checked=is_done on:change=tick aria-label=format!("Done: {description}") />
        </label>
        <div class="item-text" class:done=is_done>
            <p class="item-name">{description.clone()} {mark(sent)}</p>
            <p class="muted">{category} " · " {quantity} " × " {unit_cost.to_string()}</p>
        </div>
        <span class="amount">{cost.to_string()}</span>
        <div class="item-actions">
            <TakePhotos of=(Table::ScopeItems, item) kind=KIND subject=description.clone() />
            <button type="button" class="button quiet" aria-label=format!("{} {description}", text::EDIT) on:click=edit>{text::EDIT}</button>
            <button type="button" class="button quiet" aria-label=format!("{} {description}", text::DELETE) on:click=delete>{text::DELETE}</button>
        </div>
    }
}

#[component]
fn Edit(item: RowId, editing: RwSignal<Option<RowId>>) -> impl IntoView {
    let state = AppState::of_context();
    let Some(row) = state.peek(|view| view.row(Table::ScopeItems, item).cloned()) else {
        return ().into_any();
    };
    let draft = Draft::of(&row);
    let name = format!("{} {}", text::EDIT, row.text("description").unwrap_or_default());
    let close = move || {
        editing.set(None);
        dom::focus_soon(format!("[data-item=\"{item}\"] .item-actions button"));
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if save(state, item, draft) {
            close();
        }
    };
    let on_key = move |event: web_sys::KeyboardEvent| {
        if event.key() == "Escape" {
            close();
        }
    };
    view! {
        <form class="edit-item" aria-label=name on:submit=submit on:keydown=on_key novalidate>
            <Fields draft id_prefix=format!("edit-{item}") />
            <div class="actions">
                <button class="button primary">{text::SAVE}</button>
                <button type="button" class="button" on:click=move |_| close()>{text::CANCEL}</button>
            </div>
        </form>
    }
    .into_any()
}

/// Sends only what differs, so that two people who change different things of one item do not meet.
fn save(state: AppState, item: RowId, draft: Draft) -> bool {
    let data = state.peek(|view| view.row(Table::ScopeItems, item).map(|row| draft.changed_data(row)));
    let Some(data) = data.filter(|data| !data.is_empty()) else { return true };
    match state.device().tap(Table::ScopeItems, item, Operation::Update, data) {
        Ok(_) => true,
        Err(refusal) => {
            draft.refuse(&refusal);
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_without_needless_zeros() {
        for (hundredths, text) in [(100, "1"), (250, "2.5"), (1_000, "10"), (5, "0.05"), (0, "0")] {
            assert_eq!(quantity(hundredths), text);
        }
    }
}
