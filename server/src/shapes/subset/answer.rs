//! A subset as an answer.
//!
//! **Invariant:** a change of the log is in the rows exactly where its `txids` are below the metadata's `xmax`, and the log told
//! from the answer's offset on misses none that is not.

use super::{Subset, rows};
use crate::{
    app::App,
    db::{changes::Place, counters},
    ids,
    limits::Counts,
    problem::Result,
    shapes::{
        answer::{common_headers, gone},
        message,
        offset::Offset,
        refusal::Invalid,
        request::Request,
        shape::Shape,
    },
};
use axum::{
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use domain::Row;
use protocol::shape::{OFFSET_HEADER, SCHEMA_HEADER};
use serde_json::json;
use std::sync::Arc;

const SNAPSHOT_HEADER: &str = "electric-snapshot";
/// The rows of a subset come in one piece, of so many pages at most.
const MOST_PAGES: usize = 8;

/// Reads the subset and tells it; 409 where the place that the caller follows the log from is gone.
pub async fn answer(app: &App, shape: &Arc<Shape>, request: &Request, subset: &Subset) -> Result<Response> {
    let db = app.db.snapshot().await?;
    let (begin, end) = counters::ends_of_log(&db).await?;
    if request.offset.is_gone(begin, end) {
        return Ok(gone(shape));
    }
    let mut body = Body::begin(shape, end);
    let most = app.settings.limits.page_bytes.saturating_mul(MOST_PAGES);
    rows::each(&db, shape, subset, &app.settings.limits, |row| {
        body.push(row);
        body.text.len() <= most
    })
    .await?;
    if body.text.len() > most {
        let what = format!("these rows are more than {most} bytes: ask for them in parts, with order_by, limit and offset");
        return Ok(Invalid::of("limit", what).in_subset().into_response());
    }
    app.metrics.shape_sent(shape.table, body.text.len());
    Ok(told(shape, request.offset.or_end(end), body.finish()))
}

fn told(shape: &Shape, place: Offset, body: String) -> Response {
    let mut response = (common_headers(&shape.handle), body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    for (name, value) in [
        (SNAPSHOT_HEADER, "true".to_owned()),
        (OFFSET_HEADER, place.to_string()),
        (SCHEMA_HEADER, shape.schema()),
    ] {
        // Digits, and ASCII names of columns.
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    response.extensions_mut().insert(Counts);
    response
}

/// `{"metadata": …, "data": [rows]}`, as it is written.
struct Body<'a> {
    shape: &'a Shape,
    /// By which a client tells this subset's rows from another's.
    mark: u32,
    text: String,
}

impl<'a> Body<'a> {
    /// A transaction of ours is its position, so that all up to `end` are in the rows. A client forgets a subset when it hears
    /// of a change at `database_lsn` or later: the first that is not in it.
    fn begin(shape: &'a Shape, end: i64) -> Self {
        let mark = ids::new_mark();
        let next = (end + 1).to_string();
        let metadata = json!({"snapshot_mark": mark, "database_lsn": next, "xmin": next, "xmax": next, "xip_list": []});
        let text = format!("{{\"metadata\":{metadata},\"data\":[");
        Self { shape, mark, text }
    }

    fn push(&mut self, row: &Row) {
        let mut message = message::snapshot_row(self.shape, row);
        message.headers.snapshot_mark = Some(self.mark);
        if !self.text.ends_with('[') {
            self.text.push(',');
        }
        self.text.push_str(&message::text(&message));
    }

    fn finish(mut self) -> String {
        self.text.push_str("]}");
        self.text
    }
}

impl Offset {
    /// Where who has a subset goes on in the log: where they are, or after what the subset shows where they are nowhere yet.
    const fn or_end(self, end: i64) -> Self {
        match self {
            Self::Beginning | Self::Now => Self::Log(Place::end_of(end)),
            place => place,
        }
    }
}
