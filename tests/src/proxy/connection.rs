//! One connection of the browser: request after request, each with a connection of its own to the server.
//!
//! **Invariant:** an answer is passed on as it comes, so a stream of events stays a stream.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::http::{Body, Chunks, Head};
use super::{Catch, Instead, Moment, UnderWay, Wire};

/// Serves the connection until one side ends it or the wire is cut.
pub async fn serve(mut browser: TcpStream, wire: &Arc<Wire>) -> Result<()> {
    let mut open = wire.open.subscribe();
    if !*open.borrow_and_update() {
        return Ok(());
    }
    tokio::select! {
        result = requests(&mut browser, wire) => result,
        () = cut(&mut open) => Ok(()),
    }
}

/// Any change cuts: a wire that was broken and mended has lost what was on its way.
async fn cut(open: &mut watch::Receiver<bool>) {
    open.changed().await.ok();
}

async fn requests(browser: &mut TcpStream, wire: &Arc<Wire>) -> Result<()> {
    let mut read = Vec::new();
    while let Some(head) = Head::read(browser, std::mem::take(&mut read)).await? {
        let (body, next) = whole_body(browser, &head).await?;
        read = next;
        let mut under_way = wire.note(head.method(), head.path(), body.len());
        if let Some(script) = wire.stand_in(head.path()) {
            tell(browser, 200, "text/javascript", &script).await?;
            continue;
        }
        let catch = wire.caught(head.path());
        if let Some(Catch {
            moment: Moment::Request,
            happened,
            ..
        }) = catch
        {
            wire.open.send_replace(false);
            happened.send(()).ok();
            return Ok(());
        }
        let catch = match catch {
            Some(Catch {
                moment: Moment::Instead(instead),
                happened,
                ..
            }) if !instead.is_carried_out => {
                tell_instead(browser, instead).await?;
                happened.send(()).ok();
                continue;
            }
            other => other,
        };
        let mut server = TcpStream::connect(("127.0.0.1", wire.server)).await?;
        server.write_all(&head.bytes).await?;
        server.write_all(&body).await?;
        if !answer(&mut server, browser, &head, catch, &mut under_way).await? {
            return Ok(());
        }
    }
    Ok(())
}

/// The request's body, and what was read beyond it.
async fn whole_body(browser: &mut TcpStream, head: &Head) -> Result<(Vec<u8>, Vec<u8>)> {
    let Body::Length(length) = head.request_body()? else {
        bail!("browsers send no chunked bodies")
    };
    let mut body = head.rest.clone();
    while body.len() < length {
        if browser.read_buf(&mut body).await? == 0 {
            bail!("a body that breaks off");
        }
    }
    let next = body.split_off(length);
    Ok((body, next))
}

/// Passes the answer on; whether the browser's connection can take another request.
async fn answer(server: &mut TcpStream, browser: &mut TcpStream, request: &Head, catch: Option<Catch>, under_way: &mut UnderWay) -> Result<bool> {
    let head = tokio::select! {
        head = Head::read(server, Vec::new()) => head?.context("the server closed without an answer")?,
        () = closed(browser) => {
            under_way.was_given_up();
            return Ok(false);
        }
    };
    if let Some(catch) = catch {
        if let Moment::Instead(instead) = catch.moment {
            tell_instead(browser, instead).await?;
            catch.happened.send(()).ok();
            // The server's own answer is left unread with its connection.
            return Ok(true);
        }
        catch.happened.send(()).ok();
        // Until the wire is cut, which ends this task.
        std::future::pending::<()>().await;
    }
    browser.write_all(&head.bytes).await?;
    browser.write_all(&head.rest).await?;
    let mut end = End::new(head.answer_body(request.is_head_request())?);
    let mut ended = end.pass(&head.rest)?;
    let mut buffer = vec![0; 64 * 1024];
    while !ended {
        let read = tokio::select! {
            read = server.read(&mut buffer) => read?,
            () = closed(browser) => {
                under_way.was_given_up();
                return Ok(false);
            }
        };
        if read == 0 {
            return Ok(false);
        }
        browser.write_all(&buffer[..read]).await?;
        ended = end.pass(&buffer[..read])?;
    }
    Ok(true)
}

async fn tell_instead(browser: &mut TcpStream, instead: Instead) -> Result<()> {
    let Instead { status, body, .. } = instead;
    let kind = if body.starts_with('{') { "application/json" } else { "text/html" };
    tell(browser, status, kind, body).await
}

async fn tell(browser: &mut TcpStream, status: u16, kind: &str, body: &str) -> Result<()> {
    let answer = format!(
        "HTTP/1.1 {status} Instead\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    Ok(browser.write_all(answer.as_bytes()).await?)
}

/// Completes when the browser has closed its side: it sends nothing else while it waits for an answer.
async fn closed(browser: &TcpStream) {
    let mut byte = [0];
    if browser.peek(&mut byte).await.is_ok_and(|read| read > 0) {
        std::future::pending().await
    }
}

/// Watches for the end of a body.
enum End {
    After(usize),
    Chunks(Chunks),
    WithConnection,
}

impl End {
    fn new(body: Body) -> Self {
        match body {
            Body::Length(length) => Self::After(length),
            Body::Chunked => Self::Chunks(Chunks::default()),
            Body::UntilClose => Self::WithConnection,
        }
    }

    fn pass(&mut self, bytes: &[u8]) -> Result<bool> {
        match self {
            Self::After(left) => {
                *left = left.saturating_sub(bytes.len());
                Ok(*left == 0)
            }
            Self::Chunks(chunks) => chunks.pass(bytes),
            Self::WithConnection => Ok(false),
        }
    }
}
