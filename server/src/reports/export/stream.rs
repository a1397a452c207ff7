//! From rows to the answer's bytes, a piece at a time.
//!
//! Rows are read here, in the runtime; a thread of its own makes the file of them, because packing is work; the answer's
//! body takes the pieces. Each waits for the next one, so a slow caller slows the reading down and nothing piles up. When
//! the caller goes, the body is dropped, and one after the other finds nobody left to work for.
//!
//! **Invariant:** a body ends well only after the last byte of a whole file; whatever else ends it breaks it off.

use super::{Format, csv, excel, pdf, read::Record, sheet::Sheet};
use crate::problem::{Failure, Result};
use axum::body::{Body, Bytes};
use futures::{Stream, StreamExt, stream};
use sea_orm::DbErr;
use std::{
    io::{self, Write},
    time::Duration,
};
use tokio::{
    runtime::Handle,
    sync::{SemaphorePermit, mpsc},
    time::timeout,
};

const PIECE_BYTES: usize = 64 * 1024;
const PIECES_AHEAD: usize = 2;
const PAGES_AHEAD: usize = 2;

/// A caller who takes nothing for so long has gone; the rows' transaction must not stay open for it.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(60);

/// What the making thread hands to the body.
enum Piece {
    Bytes(Bytes),
    Failed(Failure),
    End,
}

/// What the reading task hands to the making thread; none is the end.
type Page = Result<Option<Vec<Record>>>;

/// Begins to make the file. What goes wrong before its first piece is told as a problem still.
pub async fn body(
    format: Format,
    sheet: Sheet,
    pages: impl Stream<Item = Result<Vec<Record>>> + Send + 'static,
    permit: SemaphorePermit<'static>,
) -> Result<Body> {
    let (page_sender, page_receiver) = mpsc::channel(PAGES_AHEAD);
    let (piece_sender, mut pieces) = mpsc::channel(PIECES_AHEAD);
    tokio::spawn(send_pages(pages, page_sender));
    tokio::task::spawn_blocking(move || {
        let _permit = permit;
        make(format, &sheet, page_receiver, &piece_sender);
    });
    let first = match pieces.recv().await {
        Some(Piece::Failed(failure)) => return Err(failure),
        Some(first) => first,
        None => return Err(broken_off("its making ended early").into()),
    };
    let rest = stream::unfold(pieces, |mut pieces| async move {
        let piece = pieces
            .recv()
            .await
            .unwrap_or_else(|| Piece::Failed(broken_off("its making ended early").into()));
        Some((piece, pieces))
    });
    let whole = stream::once(async { first })
        .chain(rest)
        .take_while(|piece| std::future::ready(!matches!(piece, Piece::End)));
    Ok(Body::from_stream(whole.map(|piece| match piece {
        Piece::Bytes(bytes) => Ok(bytes),
        Piece::Failed(failure) => Err(io::Error::other(failure.into_problem().message)),
        Piece::End => Ok(Bytes::new()),
    })))
}

async fn send_pages(pages: impl Stream<Item = Result<Vec<Record>>>, sender: mpsc::Sender<Page>) {
    let mut pages = std::pin::pin!(pages);
    while let Some(page) = pages.next().await {
        let is_last = page.is_err();
        // A receiver that is gone has been told why, or its caller has gone.
        if sender.send(page.map(Some)).await.is_err() || is_last {
            return;
        }
    }
    let _ = sender.send(Ok(None)).await;
}

fn make(format: Format, sheet: &Sheet, pages: mpsc::Receiver<Page>, pieces: &mpsc::Sender<Piece>) {
    let mut records = Records {
        pages,
        page: vec![].into_iter(),
        pieces,
        failure: None,
        is_at_end: false,
    };
    let mut out = Pieces {
        pieces,
        buffer: Vec::with_capacity(PIECE_BYTES),
    };
    let made = match format {
        Format::Csv => csv::write(sheet, &mut records, &mut out),
        Format::Excel => excel::write(sheet, &mut records, &mut out),
        Format::Pdf => pdf::write(sheet, &mut records, &mut out),
    };
    let last = match made.and_then(|()| out.flush()) {
        Ok(()) => Piece::End,
        Err(error) => Piece::Failed(records.failure.unwrap_or_else(|| broken_off(&error.to_string()).into())),
    };
    // Where nobody is there, that is why it broke off.
    let _ = send(pieces, last);
}

fn broken_off(why: &str) -> DbErr {
    DbErr::Custom(format!("an export broke off: {why}"))
}

/// The rows, for a thread that may wait.
struct Records<'a> {
    pages: mpsc::Receiver<Page>,
    page: std::vec::IntoIter<Record>,
    pieces: &'a mpsc::Sender<Piece>,
    failure: Option<Failure>,
    is_at_end: bool,
}

impl Iterator for Records<'_> {
    type Item = io::Result<Record>;
    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_at_end {
            if let Some(record) = self.page.next() {
                return Some(Ok(record));
            }
            // A workbook sends nothing before its last row, so sending does not tell it that the caller has gone.
            if self.pieces.is_closed() {
                return Some(Err(io::ErrorKind::BrokenPipe.into()));
            }
            match self.pages.blocking_recv() {
                Some(Ok(Some(page))) => self.page = page.into_iter(),
                Some(Ok(None)) => self.is_at_end = true,
                Some(Err(failure)) => {
                    self.failure = Some(failure);
                    return Some(Err(io::ErrorKind::Other.into()));
                }
                None => return Some(Err(io::ErrorKind::UnexpectedEof.into())),
            }
        }
        None
    }
}

/// The file's bytes, sent in pieces.
struct Pieces<'a> {
    pieces: &'a mpsc::Sender<Piece>,
    buffer: Vec<u8>,
}

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.buffer, Vec::with_capacity(PIECE_BYTES));
        send(self.pieces, Piece::Bytes(piece.into()))
    }
}

fn send(pieces: &mpsc::Sender<Piece>, piece: Piece) -> io::Result<()> {
    match Handle::current().block_on(timeout(GIVEN_UP_AFTER, pieces.send(piece))) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(io::ErrorKind::BrokenPipe.into()),
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{layout, sheet::Chart};
    use super::*;
    use axum::body::to_bytes;
    use domain::{Role, Table, Timestamp, UserId, Value, Viewer};
    use tokio::sync::{Semaphore, oneshot};

    static MAKERS: Semaphore = Semaphore::const_new(Semaphore::MAX_PERMITS);
    const ALL: [Format; 3] = [Format::Csv, Format::Excel, Format::Pdf];

    fn sheet() -> Sheet {
        let viewer = Viewer {
            user: UserId(uuid::Uuid::nil()),
            role: Role::Admin,
            vendor: None,
        };
        Sheet {
            table: Table::Vendors,
            fields: layout::fields(Table::Vendors, &viewer),
            title: "Vendors",
            filters: vec![],
            made_by: "Dana Whitfield".to_owned(),
            made_at: Timestamp::from_micros(1_795_402_000_000_000),
            chart: Chart {
                title: "Vendors by trade",
                header: "Trades",
                known: vec![],
            },
        }
    }

    fn page() -> Result<Vec<Record>> {
        let record = |number: i64| sheet().fields.iter().map(|_| Value::text(format!("Text number {number}"))).collect();
        Ok((0..500).map(record).collect())
    }

    async fn begin(format: Format, pages: impl Stream<Item = Result<Vec<Record>>> + Send + 'static) -> Result<Body> {
        body(format, sheet(), pages, MAKERS.acquire().await.unwrap()).await
    }

    #[tokio::test]
    async fn a_whole_file_ends_well() {
        for format in ALL {
            let body = begin(format, stream::iter([page(), page()])).await.unwrap();
            let bytes = to_bytes(body, usize::MAX).await.unwrap();
            let begins = bytes.starts_with(match format {
                Format::Csv => "\u{feff}Company,".as_bytes(),
                Format::Excel => b"PK",
                Format::Pdf => b"%PDF-1.7",
            });
            assert!(begins && bytes.len() > 20_000, "{format:?}");
        }
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_finished_breaks_off() {
        for format in ALL {
            let failure = Err(DbErr::Custom("the disk has gone".to_owned()).into());
            let pages = stream::iter((0..20).map(|_| page()).chain([failure]));
            let ended = match begin(format, pages).await {
                Ok(body) => to_bytes(body, usize::MAX).await.map(drop).map_err(|error| error.to_string()),
                // A workbook has sent nothing by then, so the caller is told properly.
                Err(failure) => Err(failure.into_problem().message),
            };
            let said = ended.unwrap_err();
            assert!(said.contains("something went wrong") && !said.contains("disk"), "{format:?}: {said}");
        }
    }

    /// Pages without end; tells when several were read, and when nobody wants them any more.
    fn endless() -> (impl Stream<Item = Result<Vec<Record>>> + Send, oneshot::Receiver<()>, oneshot::Receiver<()>) {
        let (begin, begun) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let pages = stream::unfold((Some(begin), end, 0), |(mut begin, end, number)| async move {
            if let Some(begin) = begin.take_if(|_| number == 3) {
                let _ = begin.send(());
            }
            Some((page(), (begin, end, number + 1)))
        });
        (pages, begun, ended)
    }

    #[tokio::test]
    async fn the_work_ends_when_its_caller_has_gone() {
        for format in ALL {
            let (pages, begun, ended) = endless();
            tokio::select! {
                body = begin(format, pages) => drop(body),
                _ = begun => {}
            }
            // The pages hold the other end and are dropped with the transaction that reads them.
            let dropped = timeout(Duration::from_secs(30), ended).await;
            assert!(matches!(dropped, Ok(Err(_))), "{format:?}");
        }
    }
}
