//! Just enough of HTTP/1.1 to see where a message begins and ends.
//!
//! **Invariant:** the bytes are passed on as they came; nothing is understood but the request's path and the lengths.

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncRead, AsyncReadExt};

/// A head, up to and with its empty line, and the bytes of the body that came with it.
pub struct Head {
    text: String,
    /// As they came.
    pub bytes: Vec<u8>,
    /// What was read beyond the head.
    pub rest: Vec<u8>,
}

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// After so many bytes.
    Length(usize),
    /// With the last chunk.
    Chunked,
    /// With the connection.
    UntilClose,
}

/// More than any head of ours.
const MOST_BYTES: usize = 64 * 1024;

impl Head {
    /// Reads a head, going on from bytes that were read already; none when the connection ends before one begins.
    pub async fn read(from: &mut (impl AsyncRead + Unpin), mut bytes: Vec<u8>) -> Result<Option<Self>> {
        loop {
            if let Some(end) = find(&bytes, b"\r\n\r\n") {
                let rest = bytes.split_off(end + 4);
                return Ok(Some(Self {
                    text: String::from_utf8_lossy(&bytes).into_owned(),
                    bytes,
                    rest,
                }));
            }
            if bytes.len() > MOST_BYTES {
                bail!("a head of more than {MOST_BYTES} bytes");
            }
            if from.read_buf(&mut bytes).await? == 0 {
                return if bytes.is_empty() { Ok(None) } else { bail!("a head that breaks off") };
            }
        }
    }

    /// A request's method.
    pub fn method(&self) -> &str {
        self.text.split(' ').next().unwrap_or_default()
    }

    /// A request's path and query.
    pub fn path(&self) -> &str {
        self.text.split(' ').nth(1).unwrap_or_default()
    }

    /// How the body of a request ends.
    pub fn request_body(&self) -> Result<Body> {
        Ok(self.framing()?.unwrap_or(Body::Length(0)))
    }

    /// How the body of an answer ends.
    pub fn answer_body(&self, to_head: bool) -> Result<Body> {
        let status = self.text.split(' ').nth(1).unwrap_or_default();
        if to_head || status == "204" || status == "304" {
            return Ok(Body::Length(0));
        }
        Ok(self.framing()?.unwrap_or(Body::UntilClose))
    }

    /// Whether a request asks for a head only.
    pub fn is_head_request(&self) -> bool {
        self.text.starts_with("HEAD ")
    }

    fn framing(&self) -> Result<Option<Body>> {
        if self.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            return Ok(Some(Body::Chunked));
        }
        self.header("content-length")
            .map(|value| value.parse().map(Body::Length).context("content-length"))
            .transpose()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.text.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines
            .into_iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }
}

/// Watches a chunked body go by until its end.
#[derive(Default)]
pub struct Chunks {
    line: Vec<u8>,
    /// Bytes of the current chunk that are still to come, with its line end.
    left: usize,
    in_trailer: bool,
}

impl Chunks {
    /// Takes the next bytes; whether the body ended with them.
    pub fn pass(&mut self, mut bytes: &[u8]) -> Result<bool> {
        while let Some((byte, others)) = bytes.split_first() {
            if self.left > 0 {
                let skipped = self.left.min(bytes.len());
                self.left -= skipped;
                bytes = &bytes[skipped..];
                continue;
            }
            bytes = others;
            if *byte != b'\n' {
                self.line.push(*byte);
                continue;
            }
            if self.line_ends()? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn line_ends(&mut self) -> Result<bool> {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        if self.in_trailer {
            return Ok(line.trim().is_empty());
        }
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).with_context(|| format!("the chunk size {size:?}"))?;
        self.in_trailer = size == 0;
        self.left = if size == 0 { 0 } else { size + 2 };
        Ok(false)
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn head(text: &str) -> Head {
        Head::read(&mut text.as_bytes(), Vec::new()).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn a_request_is_its_head_and_its_length() {
        let head = head("POST /api/write/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab").await;
        assert_eq!(
            (head.path(), head.request_body().unwrap(), head.rest.as_slice()),
            ("/api/write/batch", Body::Length(4), b"ab".as_slice())
        );
    }

    #[tokio::test]
    async fn an_answer_may_have_no_length() {
        assert_eq!(
            head("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await.answer_body(false).unwrap(),
            Body::Chunked
        );
        assert_eq!(head("HTTP/1.1 200 OK\r\n\r\n").await.answer_body(false).unwrap(), Body::UntilClose);
        assert_eq!(head("HTTP/1.1 304 Not Modified\r\n\r\n").await.answer_body(false).unwrap(), Body::Length(0));
    }

    #[test]
    fn the_last_chunk_is_found_however_the_bytes_are_cut() {
        let body = b"4\r\nwiki\r\nb;x=1\r\n0\r\n\r\nx0\r\n\r\n\r\n0\r\n\r\n";
        for step in 1..body.len() {
            let mut chunks = Chunks::default();
            let ends: Vec<bool> = body.chunks(step).map(|part| chunks.pass(part).unwrap()).collect();
            assert_eq!(ends.iter().position(|end| *end), Some(ends.len() - 1), "in steps of {step}");
        }
    }
}
