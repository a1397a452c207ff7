//! A stand-in for Electric that says, byte for byte, what a test wants it to.

use futures::future::BoxFuture;
use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// A request that came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub query: BTreeMap<String, String>,
    pub headers: BTreeMap<String, String>,
    /// Which connection it came on, and as which of its requests, from 1.
    pub connection: usize,
    pub request: usize,
}

/// A connection that waits for its answer.
pub struct Line(TcpStream);

type Handler = Arc<dyn Fn(Asked, Line) -> BoxFuture<'static, Option<Line>> + Send + Sync>;

pub struct Stub {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    _accepting: JoinSet<()>,
}

impl Stub {
    /// Answers each request with what `handler` does; none hangs up. That the server looks once whether Electric is there is
    /// answered by itself.
    pub async fn start<F, A>(handler: F) -> Self
    where
        F: Fn(Asked, Line) -> A + Send + Sync + 'static,
        A: Future<Output = Option<Line>> + Send + 'static,
    {
        let handler: Handler = Arc::new(move |asked, line| {
            if asked.query["table"] == "turn_stages" && asked.query["offset"] == "now" {
                return Box::pin(async move { line.say(NOW).await });
            }
            Box::pin(handler(asked, line))
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(vec![]));
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, handler, asked.clone()));
        Self {
            url,
            asked,
            _accepting: accepting,
        }
    }

    /// What came, but for the look.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

const NOW: &str = "HTTP/1.1 200 OK\r\nelectric-handle: 1-1\r\nelectric-offset: 0_inf\r\nelectric-up-to-date: \r\ncontent-length: 2\r\n\r\n[]";

async fn accept(listener: TcpListener, handler: Handler, asked: Arc<Mutex<Vec<Asked>>>) {
    let mut serving = JoinSet::new();
    for connection in 1.. {
        let (socket, _) = listener.accept().await.unwrap();
        serving.spawn(serve(socket, connection, handler.clone(), asked.clone()));
    }
}

async fn serve(mut socket: TcpStream, connection: usize, handler: Handler, all: Arc<Mutex<Vec<Asked>>>) {
    for request in 1.. {
        let mut head = vec![];
        while !head.ends_with(b"\r\n\r\n") {
            // A caller that is gone is gone.
            let Ok(byte) = socket.read_u8().await else { return };
            head.push(byte);
        }
        let asked = read(&String::from_utf8(head).unwrap(), connection, request);
        if !(asked.query["table"] == "turn_stages" && asked.query["offset"] == "now") {
            all.lock().unwrap().push(asked.clone());
        }
        let Some(line) = handler(asked, Line(socket)).await else { return };
        socket = line.0;
    }
}

fn read(head: &str, connection: usize, request: usize) -> Asked {
    let mut lines = head.lines();
    let target = lines.next().unwrap().split(' ').nth(1).unwrap();
    let url: reqwest::Url = format!("http://stub{target}").parse().unwrap();
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    Asked {
        query: url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect(),
        headers: lines.filter_map(header).collect(),
        connection,
        request,
    }
}

impl Line {
    /// Says this; the connection stays, unless the caller has gone.
    pub async fn say(mut self, bytes: impl AsRef<[u8]>) -> Option<Self> {
        self.0.write_all(bytes.as_ref()).await.ok()?;
        Some(self)
    }

    /// Says this and hangs up.
    pub async fn say_and_hang_up(self, bytes: impl AsRef<[u8]>) -> Option<Self> {
        self.say(bytes).await;
        None
    }

    /// Completes when the caller has hung up.
    pub async fn hung_up(mut self) {
        let mut buffer = [0; 1];
        while self.0.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
    }
}

/// An answer with Electric's headers and this body.
pub fn shape_answer(offset: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\nelectric-handle: 1-1\r\nelectric-offset: {offset}\r\n\
         electric-schema: {{}}\r\nelectric-up-to-date: \r\nelectric-has-data: true\r\ncache-control: public, max-age=60\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}
