//! A server that takes photos in pieces as the real one does, and a line that fails on the way to it and back.

use proptest::prelude::*;
use sync::{
    Photo,
    photos::{plan::Asked, settle::Said},
};

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The device dies before the request goes out.
    DeathBefore,
    /// It dies after the server has carried it out.
    DeathAfter,
    /// The request does not arrive.
    RequestLost,
    /// The answer does not.
    AnswerLost,
    /// The line breaks in the middle of the piece.
    HalfLost,
    /// The server has forgotten the upload.
    Forgotten,
    /// The server is busy.
    Busy,
}

/// Any of them.
pub fn any_fault() -> impl Strategy<Value = Fault> {
    use Fault::{AnswerLost, Busy, DeathAfter, DeathBefore, Forgotten, HalfLost, None, RequestLost};
    prop::sample::select(vec![
        None,
        None,
        None,
        DeathBefore,
        DeathAfter,
        RequestLost,
        AnswerLost,
        HalfLost,
        HalfLost,
        Forgotten,
        Busy,
    ])
}

/// See the module.
pub struct Office {
    size: u64,
    /// What has come, and under which address.
    upload: Option<(String, u64)>,
    begun: u32,
    /// How often the upload was forgotten.
    pub forgotten: u32,
    /// How often it was taken whole.
    pub complete: u32,
    /// Bytes that were sent although the device could know that they are not wanted.
    pub sent_in_vain: u64,
}

impl Office {
    /// It expects a photo of this size.
    pub fn new(size: u64) -> Self {
        Self {
            size,
            upload: None,
            begun: 0,
            forgotten: 0,
            complete: 0,
            sent_in_vain: 0,
        }
    }

    /// What the device hears.
    pub fn asked(&mut self, photo: &Photo, asked: Asked, fault: Fault) -> Said {
        match fault {
            Fault::RequestLost => return Said::Nothing,
            Fault::Busy => return no(503),
            Fault::Forgotten if self.upload.take().is_some() => self.forgotten += 1,
            _ => {}
        }
        let said = self.carry_out(photo, asked, fault == Fault::HalfLost);
        match fault {
            Fault::AnswerLost | Fault::HalfLost => Said::Nothing,
            _ => said,
        }
    }

    fn carry_out(&mut self, photo: &Photo, asked: Asked, is_cut: bool) -> Said {
        if asked == Asked::Address {
            self.begun += 1;
            let address = format!("/u/{}", self.begun);
            self.upload = Some((address.clone(), 0));
            return Said::Address(address);
        }
        let Some((_, have)) = self.upload.as_mut().filter(|(address, _)| photo.upload.as_ref() == Some(address)) else {
            return no(404);
        };
        if let Asked::Piece { from, to } = asked {
            if from != *have {
                self.sent_in_vain += to - from;
                return no(409);
            }
            *have = if is_cut { from + (to - from) / 2 } else { to };
            if *have == self.size {
                self.complete += 1;
            }
        }
        Said::Has(*have)
    }
}

fn no(status: u16) -> Said {
    Said::No {
        status,
        problem: None,
        retry_after_ms: None,
    }
}
