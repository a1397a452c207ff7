//! The few things that have to be asked of the document itself: focus, nearest elements, the title.

use crate::format;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement};

/// The document's title, with the app's name behind the page's.
pub fn set_title(page: &str) {
    document().set_title(&format!("{page} · Turns"));
}

/// A moment as the clock on the wall showed it: `30 Nov 2026, 14:03`.
pub fn local_time(at_ms: i64) -> String {
    let at = js_sys::Date::new(&(at_ms as f64).into());
    let date = domain::Date::new(at.get_full_year() as i16, at.get_month() as u8 + 1, at.get_date() as u8);
    let day = date.map(format::day).unwrap_or_default();
    format!("{day}, {:02}:{:02}", at.get_hours(), at.get_minutes())
}

/// The nearest element around the event that matches.
pub fn closest(event: &Event, selector: &str) -> Option<HtmlElement> {
    let element: Element = event.target()?.dyn_into().ok()?;
    element.closest(selector).ok()??.dyn_into().ok()
}

/// The first element in the document that matches.
pub fn find(selector: &str) -> Option<HtmlElement> {
    document().query_selector(selector).ok()??.dyn_into().ok()
}

/// All elements inside `root` that match, in order.
pub fn find_all(root: &Element, selector: &str) -> Vec<HtmlElement> {
    let Ok(found) = root.query_selector_all(selector) else { return Vec::new() };
    (0..found.length()).filter_map(|index| found.get(index)?.dyn_into().ok()).collect()
}

/// Whether two handles are the same element.
pub fn is_same(one: &HtmlElement, other: &HtmlElement) -> bool {
    one.is_same_node(Some(other))
}

/// Gives an element the focus and brings it into sight, without moving more than needed.
pub fn focus(element: &HtmlElement) {
    // An element that cannot take the focus is no fault of the person at the keyboard.
    let _ = element.focus();
    let nearest = web_sys::ScrollIntoViewOptions::new();
    nearest.set_block(web_sys::ScrollLogicalPosition::Nearest);
    nearest.set_inline(web_sys::ScrollLogicalPosition::Nearest);
    element.scroll_into_view_with_scroll_into_view_options(&nearest);
}

/// Focuses what matches, when the screen has caught up with the last change.
pub fn focus_soon(selector: String) {
    request_animation_frame(move || {
        if let Some(element) = find(&selector) {
            focus(&element);
        }
    });
}

/// Moves the focus inside a list of elements; at the ends it goes round.
pub fn step_focus(elements: &[HtmlElement], step: isize) {
    let active = document().active_element().and_then(|element| element.dyn_into::<HtmlElement>().ok());
    let at = active.and_then(|active| elements.iter().position(|element| is_same(element, &active)));
    let count = elements.len() as isize;
    let next = at.map_or(0, |at| (at as isize + step).rem_euclid(count.max(1)));
    if let Some(element) = elements.get(next as usize) {
        focus(element);
    }
}

/// Has the browser save a text as a file, as from a link to it.
pub fn save_file(name: &str, text: &str) -> Result<(), String> {
    let fault = |error: wasm_bindgen::JsValue| format!("the browser saves no file: {error:?}");
    let options = web_sys::BlobPropertyBag::new();
    options.set_type("application/json");
    let blob = web_sys::Blob::new_with_str_sequence_and_options(&js_sys::Array::of1(&text.into()), &options).map_err(fault)?;
    let url = web_sys::Url::create_object_url_with_blob(&blob).map_err(fault)?;
    let link = document().create_element("a").map_err(fault)?.unchecked_into::<web_sys::HtmlAnchorElement>();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    // The browser has taken it by then.
    leptos::leptos_dom::helpers::set_timeout(move || drop(web_sys::Url::revoke_object_url(&url)), std::time::Duration::from_secs(60));
    Ok(())
}
