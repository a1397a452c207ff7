//! Reads fixed fields of digits off the front of a text.
//!
//! **Invariant:** what does not fit is `None`; nothing is taken off then that would matter.

/// What is left to read.
pub struct Digits<'a>(&'a [u8]);

impl<'a> Digits<'a> {
    pub fn of(text: &'a str) -> Self {
        Self(text.as_bytes())
    }

    pub fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes exactly so many digits.
    pub fn number(&mut self, count: usize) -> Option<u32> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        let number = digits
            .iter()
            .try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0')))?;
        self.0 = rest;
        Some(number)
    }

    /// Takes one of these characters.
    pub fn one_of(&mut self, allowed: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        allowed.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    /// Takes up to nine decimals, as millionths; what is finer is cut off.
    pub fn millionths(&mut self) -> Option<u32> {
        let count = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let kept = count.min(6);
        let number = self.number(kept).filter(|_| (1..=9).contains(&count))?;
        self.number(count - kept)?;
        Some((kept..6).fold(number, |number, _| number * 10))
    }
}
