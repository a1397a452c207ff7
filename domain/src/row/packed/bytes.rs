//! Reading and writing of numbers and texts in packed rows.
//!
//! **Invariant:** what is not there is `None`, and nothing is taken then that could not be taken.

use std::str;

/// Bytes that are still to be read.
pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    /// The next byte.
    pub fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// The next so many bytes.
    pub fn slice(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number, seven bits to a byte, the lowest first; the highest bit says that another byte follows.
    pub fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// How many bytes follow.
    pub fn length(&mut self) -> Option<usize> {
        self.number()?.try_into().ok()
    }

    /// A text behind its length.
    pub fn text(&mut self) -> Option<&'a str> {
        let length = self.length()?;
        str::from_utf8(self.slice(length)?).ok()
    }
}

/// Writes what [`Bytes::number`] reads.
pub fn put_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}
