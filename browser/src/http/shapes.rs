//! Asking for shapes.

use super::{Answer, Http};
use crate::breath::Breath;
use gloo_net::http::{Request, RequestBuilder};
use protocol::{
    ShapeRequest,
    shape::{HANDLE_HEADER, OFFSET_HEADER, UP_TO_DATE_HEADER},
};
use sync::{
    Place,
    shape_stream::{BodyRead, BodyReader, Event, ShapeAnswer},
};

/// A page of a snapshot over a poor signal; a live request is held by the server for a while besides.
const LIMIT_MS: i64 = 90_000;
/// About a millisecond's work.
const MESSAGES_AT_ONCE: usize = 100;

impl Http {
    /// `GET /api/sync/{table}`: what the answer, or its absence, means for the stream.
    pub async fn fetch_shape(&self, request: &ShapeRequest) -> Event {
        let user = self.user.map(|user| format!("&user={user}")).unwrap_or_default();
        match self.ask(get(&format!("{}{user}", request.path_and_query())), None, LIMIT_MS).await {
            Ok(answer) => read(request, &answer).await,
            Err(_) => Event::Failed { retry_after_ms: None },
        }
    }
}

/// gloo would leave a lone `&` behind a query that is part of the address.
fn get(path_and_query: &str) -> RequestBuilder {
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    Request::get(path).query(query.split('&').filter_map(|pair| pair.split_once('=')))
}

async fn read(request: &ShapeRequest, answer: &Answer) -> Event {
    let failed = Event::Failed {
        retry_after_ms: answer.retry_after_ms(),
    };
    match answer.status {
        200 => read_log(request, answer).await.unwrap_or(failed),
        401 => Event::Unauthenticated,
        403 | 404 => Event::Denied,
        409 => Event::MustRefetch,
        400 => Event::NotUnderstood,
        _ => failed,
    }
}

/// `None`: no answer of a shape server.
async fn read_log(request: &ShapeRequest, answer: &Answer) -> Option<Event> {
    let place = Place {
        handle: answer.headers.get(HANDLE_HEADER)?,
        offset: answer.headers.get(OFFSET_HEADER)?,
    };
    let read = read_body(request, &answer.body).await?;
    if read.must_refetch {
        return Some(Event::MustRefetch);
    }
    let up_to_date = read.up_to_date || answer.headers.has(UP_TO_DATE_HEADER);
    Some(Event::Answered(ShapeAnswer {
        changes: read.changes,
        place,
        up_to_date,
    }))
}

/// A page of a first sync has some ten thousand rows.
async fn read_body(request: &ShapeRequest, body: &[u8]) -> Option<BodyRead> {
    let mut breath = Breath::begin();
    let mut reader = BodyReader::new(request.table, body).ok()?;
    while reader.read_on(MESSAGES_AT_ONCE).ok()? {
        breath.take().await;
    }
    Some(reader.finish())
}
