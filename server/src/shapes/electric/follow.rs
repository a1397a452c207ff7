//! Following a shape that Electric keeps.
//!
//! **Invariant:** a session that has ended gets nothing more of what it waited for, and Electric is not kept waiting for anybody who has gone.

use super::{
    super::{
        known::{Sight, wanted},
        live::Caller,
        offset::Offset,
        request::{Live, Request},
        shape::Shape,
    },
    Electric,
    body::{Flow, chunk},
    question::Question,
    reply,
    tail::{self, Reached, Tail},
    verdict::Verdict,
    wire::Answered,
};
use crate::{
    app::App,
    auth::{self, Over},
    metrics::Waiting,
    problem::Result,
};
use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use protocol::shape::{OFFSET_HEADER, UP_TO_DATE_HEADER};
use std::sync::Arc;

/// Answers that end within so many bytes are judged before their head goes out.
const SHORT: usize = 16 * 1024;

/// The answer to somebody who follows a shape.
pub async fn follow(app: &App, electric: &Electric, caller: Caller, sight: Sight, request: &Request, asked: &HeaderMap) -> Result<Response> {
    let asked_about = wanted(app, sight, request).and_then(|(shape, subset)| {
        let question = match &subset {
            Some(subset) => Question::of_subset(&shape, request, subset),
            None => Question::of(&shape, request),
        };
        Ok((shape, question?))
    });
    let (shape, question) = match asked_about {
        Ok(asked_about) => asked_about,
        Err(invalid) => return Ok(invalid.into_response()),
    };
    if request.offset == Offset::Foreign {
        // Greater than any place of Electric's.
        return Ok(reply::must_refetch());
    }
    let asking = electric.ask(&question, passed_on(asked, request));
    let verdict = match request.live {
        None => asking.await,
        Some(_) => {
            let _counted = app.metrics.listen(Waiting::Request);
            tokio::select! {
                verdict = asking => verdict,
                () = app.stopped() => return Ok(reply::nothing_yet(request)),
                over = caller.over(app) => return match over {
                    Over::Ended => Err(auth::sign_in_first()),
                    // The caller sees other rows by now: what it asks next is answered by these.
                    Over::Changed => Ok(reply::nothing_yet(request)),
                },
            }
        }
    };
    Ok(match verdict {
        Verdict::Answer(answered) => pass_on(app, electric, caller, shape, request, answered).await,
        Verdict::ClientsFault(word) => reply::refused(word),
        Verdict::OurFault(_) => reply::our_fault(),
        Verdict::Busy(_, retry_after) | Verdict::None(_, _, retry_after) => reply::unavailable(retry_after),
    })
}

/// What of a client's headers Electric sees.
fn passed_on(asked: &HeaderMap, request: &Request) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(known) = asked.get(header::IF_NONE_MATCH) {
        headers.insert(header::IF_NONE_MATCH, known.clone());
    }
    // What is judged must be readable; it is compressed on its way out.
    let encoding = asked.get(header::ACCEPT_ENCODING).filter(|_| !is_judged(request)).cloned();
    headers.insert(header::ACCEPT_ENCODING, encoding.unwrap_or(HeaderValue::from_static("identity")));
    headers
}

/// Whether the answer may claim a place that it does not reach: see [`tail`].
fn is_judged(request: &Request) -> bool {
    request.live.is_none() && !matches!(request.offset, Offset::Beginning | Offset::Now)
}

async fn pass_on(app: &App, electric: &Electric, caller: Caller, shape: Arc<Shape>, request: &Request, answered: Answered) -> Response {
    let status = StatusCode::from_u16(answered.response.status().as_u16()).unwrap_or(StatusCode::OK);
    let mut headers = reply::headers(answered.response.headers());
    let mut flow = Flow {
        answered,
        patience: electric.settings.body,
        table: shape.table,
        metrics: app.metrics.clone(),
        begun: vec![],
        claim: None,
        until: None,
    };
    if status == StatusCode::OK && request.live == Some(Live::Stream) {
        flow.until = Some(over(app.clone(), caller).boxed());
    }
    if let Some(claimed) = claim(status, &headers, request)
        && let Err(error) = judge(&mut flow, &mut headers, request, claimed).await
    {
        tracing::debug!(%error, "an answer of Electric's broke off");
        return reply::unavailable(None);
    }
    reply::passed(status, headers, request, flow)
}

/// Completes when an event stream must end.
async fn over(app: App, caller: Caller) {
    tokio::select! {
        _ = caller.over(&app) => {}
        () = app.stopped() => {}
    }
}

/// The place that an answer claims to reach, where that is to be judged.
fn claim(status: StatusCode, headers: &HeaderMap, request: &Request) -> Option<String> {
    let is_end = status == StatusCode::OK && is_judged(request) && headers.contains_key(UP_TO_DATE_HEADER) && !headers.contains_key(header::CONTENT_ENCODING);
    let claimed = headers.get(OFFSET_HEADER)?.to_str().ok()?;
    (is_end && tail::is_of_a_change(claimed) && claimed != request.offset.to_string()).then(|| claimed.to_owned())
}

/// Reads the beginning. Where that is all, the place becomes the one that is reached; else the end will tell.
async fn judge(flow: &mut Flow, headers: &mut HeaderMap, request: &Request, claimed: String) -> std::io::Result<()> {
    let (mut tail, mut length) = (Tail::default(), 0);
    while length <= SHORT {
        let Some(bytes) = chunk(&mut flow.answered, flow.patience).await? else {
            let reached = match tail.reached() {
                Reached::Nothing => request.offset.to_string(),
                Reached::Place(place) => place,
                Reached::Unknown => claimed.clone(),
            };
            if let (true, Ok(place)) = (reached != claimed, HeaderValue::from_str(&reached)) {
                headers.insert(OFFSET_HEADER, place);
                // It names the place that was claimed.
                headers.remove(header::ETAG);
            }
            return Ok(());
        };
        length += bytes.len();
        tail.push(&bytes);
        flow.begun.push(bytes);
    }
    flow.claim = Some((claimed, Tail::default()));
    Ok(())
}
