//! The end of an answer, held against the place that its head claims.
//!
//! Electric 1.7.12 can answer a request that is not live, while it still writes a large transaction, with a place behind changes that
//! the answer does not have, and call it up to date. Whoever goes on from there never gets them. Asking live instead would be safe, but
//! where nothing is new a live request waits for twenty seconds, and every first sync would end with that. So these answers are checked:
//! the last change says which place they reach.
//!
//! **Invariant:** an answer is judged only where it tells its places in the way that was recorded; else it is believed.

use memchr::memmem;

/// A change's headers stand behind its values, and an `up-to-date` behind them: no longer than that.
const LONG: usize = 1_024;
const LSN: &[u8] = br#""lsn":""#;
const OP: &[u8] = br#""op_position":"#;
const ROW: &[u8] = br#""operation":"#;

/// The last bytes of a body that flows by.
#[derive(Default)]
pub struct Tail {
    bytes: Vec<u8>,
    /// Whether all of the body is here.
    is_cut: bool,
}

/// What a body has.
#[derive(Debug, PartialEq, Eq)]
pub enum Reached {
    /// No change at all.
    Nothing,
    /// Changes up to and with this place.
    Place(String),
    /// Something that cannot be judged.
    Unknown,
}

/// `<lsn>_<op>`, the place of one change: the only kind that must be reached. Places of our own that end in `_inf` are none.
pub fn is_of_a_change(place: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    place.split_once('_').is_some_and(|(lsn, op)| is_number(lsn) && lsn != "0" && is_number(op))
}

impl Tail {
    /// The next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        // Not at every chunk, which would move as many bytes as come.
        if self.bytes.len() > 16 * LONG {
            self.is_cut = true;
            self.bytes.drain(..self.bytes.len() - LONG);
        }
    }

    /// What the body has, now that it has ended.
    pub fn reached(&self) -> Reached {
        let last = |key: &[u8]| {
            let digits = &self.bytes[memmem::rfind(&self.bytes, key)? + key.len()..];
            let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
            String::from_utf8(digits[..end].to_vec()).ok().filter(|digits| !digits.is_empty())
        };
        match (last(LSN), last(OP)) {
            (Some(lsn), Some(op)) => Reached::Place(format!("{lsn}_{op}")),
            _ if !self.is_cut && memmem::find(&self.bytes, ROW).is_none() => Reached::Nothing,
            _ => Reached::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reached(body: &str) -> Reached {
        // However it comes.
        let mut tail = Tail::default();
        body.as_bytes().chunks(7).for_each(|chunk| tail.push(chunk));
        tail.reached()
    }

    #[test]
    fn the_last_change_is_the_place_that_is_reached() {
        let change = r#"{"value":{"id":"4","notes":"a \"lsn\":\"7\",\"op_position\":7"},"key":"k","headers":{"operation":"update","lsn":"31610192","op_position":2,"txids":[794]}}"#;
        let end = r#"{"headers":{"control":"up-to-date","global_last_seen_lsn":"363796368"}}"#;
        assert_eq!(reached(&format!("[{change},{end}]")), Reached::Place("31610192_2".to_owned()));
        assert_eq!(reached(&format!("[{end}]")), Reached::Nothing);
        let many = vec![r#"{"headers":{"operation":"delete","lsn":"9","op_position":0}}"#; 1_000].join(",");
        assert_eq!(reached(&format!("[{many},{change},{end}]")), Reached::Place("31610192_2".to_owned()));
    }

    #[test]
    fn what_tells_no_places_is_not_judged() {
        let snapshot = r#"{"value":{"id":"4"},"headers":{"operation":"insert"}}"#;
        assert_eq!(reached(&format!("[{snapshot}]")), Reached::Unknown);
        assert_eq!(reached(&format!("[{}]", vec![snapshot; 1_000].join(","))), Reached::Unknown);
        assert!(is_of_a_change("363796368_83930"));
        for place in ["0_inf", "0_0", "-1", "now", "12_inf", "12", "_1"] {
            assert!(!is_of_a_change(place), "{place}");
        }
    }
}
