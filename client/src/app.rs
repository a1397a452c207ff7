//! The frame around the pages: opening the device, the routes, who may see them.
//!
//! **Invariant:** a signed-in person's pages open without any network; only signing in needs one.

use crate::{
    components::{export::ExportDialog, header::Header, heading::Visited, move_menu::MoveMenu, notices::Notices, resolve::ResolveDialog, toaster::Toaster},
    pages::{board::Board, held::HeldChanges, login::Login, not_found::NotFound, password::Password, scope::Scope, sync::Sync, turn::Turn},
    state::{self, Absence, AppState, Opening},
};
use leptos::prelude::*;
use leptos_router::{
    components::{FlatRoutes, Redirect, Route, Router},
    hooks::use_location,
    path,
};

mod text {
    pub const CANNOT_OPEN: &str = "Turns cannot keep your work in this browser";
    pub const CANNOT_OPEN_HINT: &str = "A private window or a full disk is the usual reason. Open Turns in an ordinary window, or free some space, and reload.";
    pub const HELD_UP: &str = "Turns is not open yet";
    pub const SKIP: &str = "Skip to the page";
}

/// The whole app.
#[component]
pub fn App() -> impl IntoView {
    let opening = state::open();
    move || match opening.get() {
        Opening::Waiting(held_up_by) => held_up_by.map(|reason| view! { <HeldUp reason /> }).into_any(),
        Opening::Open(state) => view! { <Running state /> }.into_any(),
        Opening::Failed(reason) => view! { <CannotOpen reason /> }.into_any(),
    }
}

#[component]
fn Running(state: AppState) -> impl IntoView {
    provide_context(state);
    provide_context(Visited::default());
    view! {
        <Router>
            <a class="skip-link" href="#main" rel="external">{text::SKIP}</a>
            <Header />
            <Notices />
            <main id="main" tabindex="-1">
                <FlatRoutes fallback=|| view! { <NotFound /> }>
                    <Route path=path!("/") view=|| view! { <Redirect path="/board" /> } />
                    <Route path=path!("/login") view=Login />
                    <Route path=path!("/password") view=|| view! { <Known><Password /></Known> } />
                    <Route path=path!("/board") view=|| view! { <SignedIn><Board /></SignedIn> } />
                    <Route path=path!("/turns/:id") view=|| view! { <SignedIn><Turn /></SignedIn> } />
                    <Route path=path!("/turns/:id/scope") view=|| view! { <SignedIn><Scope /></SignedIn> } />
                    <Route path=path!("/held") view=|| view! { <SignedIn><HeldChanges /></SignedIn> } />
                    <Route path=path!("/sync") view=|| view! { <SignedIn><Sync /></SignedIn> } />
                </FlatRoutes>
            </main>
            <MoveMenu />
            <ResolveDialog />
            <ExportDialog />
            <Toaster />
        </Router>
    }
}

/// Shows a page to whoever is signed in on this device, and the sign-in page to everybody else.
#[component]
fn Known(children: ChildrenFn) -> impl IntoView {
    let state = AppState::of_context();
    let is_signed_in = Memo::new(move |_| state.user.with(Option::is_some));
    view! {
        <Show when=move || is_signed_in.get() fallback=|| view! { <ToLogin /> }>
            {children()}
        </Show>
    }
}

/// The same, once their password is their own.
#[component]
fn SignedIn(children: ChildrenFn) -> impl IntoView {
    let state = AppState::of_context();
    let has_own_password = Memo::new(move |_| !state.must_change_password());
    let children = StoredValue::new(children);
    view! {
        <Known>
            <Show when=move || has_own_password.get() fallback=|| view! { <Redirect path="/password" /> }>
                {children.with_value(|children| children())}
            </Show>
        </Known>
    }
}

#[component]
fn ToLogin() -> impl IntoView {
    let has_left = AppState::of_context().absence.get_untracked() == Absence::Left;
    let from = use_location().pathname.get_untracked();
    view! { <Redirect path=if has_left { "/login".to_owned() } else { format!("/login?from={from}") } /> }
}

/// Before anything of the app is there, and only where something keeps it from opening.
#[component]
fn HeldUp(reason: String) -> impl IntoView {
    view! {
        <main class="page narrow" role="status">
            <h1>{text::HELD_UP}</h1>
            <p>{reason}</p>
        </main>
    }
}

#[component]
fn CannotOpen(reason: String) -> impl IntoView {
    view! {
        <main class="page narrow" role="alert">
            <h1>{text::CANNOT_OPEN}</h1>
            <p>{text::CANNOT_OPEN_HINT}</p>
            <p class="muted">{reason}</p>
        </main>
    }
}
