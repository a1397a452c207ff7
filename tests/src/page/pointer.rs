//! Mouse and finger: real input events at the place where the element is.
//!
//! **Invariant:** a click lands only on an element that holds still, is enabled and is not covered by another.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::Page;
use super::locator::{Locator, Node};

#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    x: f64,
    y: f64,
}

/// What the mouse does.
#[derive(Clone, Copy)]
enum MouseEvent {
    Move,
    Press,
    /// A move with the button held.
    Drag,
    Release,
}

/// A drag goes over so many places, for apps that watch the way.
const DRAG_STEPS: u32 = 8;

impl Locator {
    /// Clicks with the mouse.
    pub async fn click(&self) -> Result<()> {
        let point = self.ready().await?;
        self.page.mouse(MouseEvent::Move, point).await?;
        self.page.mouse(MouseEvent::Press, point).await?;
        self.page.mouse(MouseEvent::Release, point).await
    }

    /// Taps with a finger.
    pub async fn tap(&self) -> Result<()> {
        let point = self.ready().await?;
        self.page.touch("touchStart", Some(point)).await?;
        self.page.touch("touchEnd", None).await
    }

    /// Drags it with the mouse onto another element, both for pages that use the browser's own drag and drop and for
    /// those that follow the pointer.
    pub async fn drag_to(&self, target: &Self) -> Result<()> {
        let page = &self.page;
        let (from, to) = (self.ready().await?, target.centre().await?);
        let mut events = page.cdp.events();
        page.call("Input.setInterceptDrags", json!({ "enabled": true })).await?;
        page.mouse(MouseEvent::Move, from).await?;
        page.mouse(MouseEvent::Press, from).await?;
        for point in way(from, to) {
            page.mouse(MouseEvent::Drag, point).await?;
        }
        let mut data = None;
        while let Ok(event) = events.try_recv() {
            if event.method == "Input.dragIntercepted" && event.session.as_ref() == Some(&page.session) {
                data = Some(event.params["data"].clone());
            }
        }
        if let Some(data) = data {
            for kind in ["dragEnter", "dragOver", "drop"] {
                page.call("Input.dispatchDragEvent", json!({ "type": kind, "x": to.x, "y": to.y, "data": data }))
                    .await?;
            }
        }
        page.mouse(MouseEvent::Release, to).await?;
        page.call("Input.setInterceptDrags", json!({ "enabled": false })).await.map(drop)
    }

    /// Drags it with a finger that first rests on it for `hold`.
    pub async fn touch_drag_to(&self, target: &Self, hold: Duration) -> Result<()> {
        let (from, to) = (self.ready().await?, target.centre().await?);
        self.page.touch("touchStart", Some(from)).await?;
        tokio::time::sleep(hold).await;
        for point in way(from, to) {
            self.page.touch("touchMove", Some(point)).await?;
        }
        self.page.touch("touchEnd", None).await
    }

    /// Waits until the element can be used, and tells where.
    async fn ready(&self) -> Result<Point> {
        let mut last = None;
        self.page
            .eventually(&format!("{self} to be ready"), async || {
                let node = self.find_one().await?;
                ensure!(!node.disabled, "it is disabled");
                let point = self.locate(&node).await?;
                ensure!(last.replace(point) == Some(point), "it is moving");
                let covered_by = self.call_on(&node, COVERED_BY, json!([point.x, point.y])).await?;
                ensure!(covered_by.is_null(), "it is covered by {covered_by}");
                Ok(point)
            })
            .await
    }

    /// Where its middle is, whatever may lie above.
    async fn centre(&self) -> Result<Point> {
        let node = self.find_one().await?;
        self.locate(&node).await
    }

    async fn locate(&self, node: &Node) -> Result<Point> {
        let element = json!({ "backendNodeId": node.backend_id });
        self.page.call("DOM.scrollIntoViewIfNeeded", element.clone()).await?;
        let answer = self.page.call("DOM.getContentQuads", element).await?;
        let corners: Vec<f64> = answer["quads"][0].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        let corners: &[f64; 8] = corners.as_slice().try_into().ok().context("it is not visible")?;
        let middle = |first: usize| (corners[first] + corners[first + 4]) / 2.0;
        Ok(Point { x: middle(0), y: middle(1) })
    }
}

/// What would take a click in the element's stead, or null. A label takes it for its field.
const COVERED_BY: &str = "function(x, y) {
    const hit = document.elementFromPoint(x, y);
    if (!hit) return 'nothing: it is outside of the window';
    if (this.contains(hit) || hit.contains(this) && hit.closest('label')) return null;
    return hit.outerHTML.slice(0, 120);
}";

fn way(from: Point, to: Point) -> impl Iterator<Item = Point> {
    (1..=DRAG_STEPS).map(move |step| {
        let part = f64::from(step) / f64::from(DRAG_STEPS);
        Point {
            x: (to.x - from.x).mul_add(part, from.x),
            y: (to.y - from.y).mul_add(part, from.y),
        }
    })
}

impl Page {
    async fn mouse(&self, kind: MouseEvent, point: Point) -> Result<()> {
        let (name, button, pressed) = match kind {
            MouseEvent::Move => ("mouseMoved", "none", 0),
            MouseEvent::Press => ("mousePressed", "left", 1),
            MouseEvent::Drag => ("mouseMoved", "left", 1),
            MouseEvent::Release => ("mouseReleased", "left", 0),
        };
        let params = json!({ "type": name, "x": point.x, "y": point.y, "button": button, "buttons": pressed, "clickCount": 1 });
        self.call("Input.dispatchMouseEvent", params).await.map(drop)
    }

    async fn touch(&self, kind: &str, point: Option<Point>) -> Result<()> {
        let points: Vec<Value> = point.iter().map(|point| json!({ "x": point.x, "y": point.y })).collect();
        self.call("Input.dispatchTouchEvent", json!({ "type": kind, "touchPoints": points }))
            .await
            .map(drop)
    }
}
