//! A page's one `h1`, with the document's title.
//!
//! After a navigation the heading takes the focus, so that a screen reader says where it is and Tab goes on from
//! there. The first page of a visit leaves the focus alone.

use crate::dom;
use leptos::prelude::*;

/// Whether a page has been shown before.
#[derive(Clone, Copy, Default)]
pub struct Visited(StoredValue<bool>);

/// See the module.
#[component]
pub fn Heading(
    /// The page's name, also for the document's title.
    #[prop(into)]
    title: Signal<String>,
) -> impl IntoView {
    let Visited(visited) = expect_context();
    let heading = NodeRef::new();
    Effect::new(move |_| title.with(|title| dom::set_title(title)));
    heading.on_load(move |heading: web_sys::HtmlHeadingElement| {
        if visited.get_value() {
            dom::focus(&heading);
        }
        visited.set_value(true);
    });
    view! { <h1 node_ref=heading tabindex="-1">{title}</h1> }
}
