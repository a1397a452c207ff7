//! One client's connection: it is kept open, as a browser keeps it.

use anyhow::{Context, Result, ensure};
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request,
    body::Bytes,
    client::conn::http1::{SendRequest, handshake},
    header,
};
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use tokio::net::TcpStream;

/// Where the server listens and who asks.
#[derive(Clone)]
pub struct Target {
    pub port: u16,
    pub authorization: Arc<str>,
}

/// One open connection.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    target: Target,
}

/// An answer of a shape.
#[derive(Clone)]
pub struct Page {
    pub offset: String,
    pub handle: String,
    pub cursor: String,
    pub is_up_to_date: bool,
    pub body: Bytes,
}

impl Connection {
    /// Connects.
    pub async fn open(target: &Target) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", target.port)).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self {
            sender,
            target: target.clone(),
        })
    }

    /// Asks for a page of a shape.
    pub async fn page(&mut self, path: &str) -> Result<Page> {
        let answer = self.send(Method::GET, path, Bytes::new()).await?;
        let text = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let page = Page {
            offset: text("electric-offset"),
            handle: text("electric-handle"),
            cursor: text("electric-cursor"),
            is_up_to_date: answer.headers().contains_key("electric-up-to-date"),
            body: Bytes::new(),
        };
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        ensure!(status == 200, "{path} answers {status}: {:.300}", String::from_utf8_lossy(&body));
        Ok(Page { body, ..page })
    }

    /// Sends a write that must be applied.
    pub async fn write(&mut self, path: &str, body: String) -> Result<()> {
        let answer = self.send(Method::POST, path, body.into()).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        ensure!(status == 200, "a write answers {status}: {:.300}", String::from_utf8_lossy(&body));
        Ok(())
    }

    async fn send(&mut self, method: Method, path: &str, body: Bytes) -> Result<hyper::Response<hyper::body::Incoming>> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::AUTHORIZATION, &*self.target.authorization)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body))?;
        self.sender.ready().await?;
        self.sender.send_request(request).await.context("the server closed the connection")
    }
}
