//! The app on the screen: what a person sees and taps.
//!
//! Everything shown is read from the device's local view and every tap goes to the device's outbox, so the
//! screen never waits for a network.
//!
//! | module | what it is |
//! |---|---|
//! | [`state`] | the bridge: news of the device become fine-grained reactive triggers |
//! | [`facts`] | what a screen shows, read from the local view: pure, tested without a browser |
//! | [`components`] | parts that several pages share |
//! | [`pages`] | one module per page, its texts beside it |
//!
//! **Invariant:** no component owns data that another cannot see; a reload changes nothing but open menus and
//! half-typed fields.

mod app;
mod components;
mod dom;
mod facts;
mod format;
mod pages;
mod state;

fn main() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(app::App);
}
