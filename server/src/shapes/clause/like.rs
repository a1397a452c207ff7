//! `LIKE` and `ILIKE` as PostgreSQL has them: `%` for any text, `_` for one character, `\` before either for itself.
//!
//! **Invariant:** the time taken is at most the pattern's length times the text's; no pattern makes it explode.

/// The longest pattern, in characters. SQLite takes no endless ones, and each row's text is held against all of it.
const MAX_CHARS: usize = 1_000;

/// A pattern that has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    parts: Vec<Part>,
    ignores_case: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    AnyText,
    AnyOne,
    Exactly(char),
}

/// What is wrong with a pattern.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPattern {
    /// It ends in a `\` with nothing behind it.
    #[error("LIKE pattern must not end with escape character")]
    DanglingEscape,
    /// It is too long.
    #[error("LIKE pattern is longer than {MAX_CHARS} characters")]
    TooLong,
}

impl Pattern {
    /// Reads a pattern.
    pub fn read(text: &str, ignores_case: bool) -> Result<Self, NoPattern> {
        if text.chars().nth(MAX_CHARS).is_some() {
            return Err(NoPattern::TooLong);
        }
        let folded = fold(text, ignores_case);
        let (mut parts, mut letters) = (vec![], folded.chars());
        while let Some(letter) = letters.next() {
            parts.push(match letter {
                '%' => Part::AnyText,
                '_' => Part::AnyOne,
                '\\' => Part::Exactly(letters.next().ok_or(NoPattern::DanglingEscape)?),
                other => Part::Exactly(other),
            });
        }
        Ok(Self { parts, ignores_case })
    }

    /// Whether a whole text looks like the pattern. After a mismatch only the last `%` needs to take more.
    pub fn fits(&self, text: &str) -> bool {
        let letters: Vec<char> = fold(text, self.ignores_case).chars().collect();
        let (mut letter, mut part, mut last_any) = (0, 0, None);
        while letter < letters.len() {
            match self.parts.get(part) {
                Some(Part::AnyText) => {
                    last_any = Some((part, letter));
                    part += 1;
                }
                Some(one) if *one == Part::AnyOne || *one == Part::Exactly(letters[letter]) => {
                    letter += 1;
                    part += 1;
                }
                _ => {
                    let Some((any, taken)) = last_any else { return false };
                    (part, letter) = (any + 1, taken + 1);
                    last_any = Some((any, letter));
                }
            }
        }
        self.parts[part..].iter().all(|part| *part == Part::AnyText)
    }

    /// The same as SQLite's `GLOB`, which minds the case; none for `ILIKE`.
    pub fn glob(&self) -> Option<String> {
        self.spelt(['*', '?'], |letter| match letter {
            '*' | '?' | '[' => format!("[{letter}]"),
            other => other.to_string(),
        })
    }

    /// The same as PostgreSQL's `LIKE`; none for `ILIKE`, whose letters the database folds by its own locale.
    pub fn like(&self) -> Option<String> {
        self.spelt(['%', '_'], |letter| match letter {
            '%' | '_' | '\\' => format!("\\{letter}"),
            other => other.to_string(),
        })
    }

    /// The pattern as it was written, in small letters where it ignores the case; none where it has an escaped letter.
    pub fn plain(&self) -> Option<String> {
        let part = |part: &Part| match part {
            Part::AnyText => Some('%'),
            Part::AnyOne => Some('_'),
            Part::Exactly('%' | '_' | '\\') => None,
            Part::Exactly(letter) => Some(*letter),
        };
        self.parts.iter().map(part).collect()
    }

    /// Whether small and capital letters are the same to it: `ILIKE`.
    pub const fn ignores_case(&self) -> bool {
        self.ignores_case
    }

    /// In a language that minds the case: its words for any text and for any one character, and how it says a letter itself.
    fn spelt(&self, [any_text, any_one]: [char; 2], exactly: impl Fn(char) -> String) -> Option<String> {
        let part = |part: &Part| match part {
            Part::AnyText => any_text.to_string(),
            Part::AnyOne => any_one.to_string(),
            Part::Exactly(letter) => exactly(*letter),
        };
        (!self.ignores_case).then(|| self.parts.iter().map(part).collect())
    }
}

fn fold(text: &str, ignores_case: bool) -> String {
    if ignores_case { text.to_lowercase() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_in_postgresql() {
        for (pattern, text, fits) in [
            ("", "", true),
            ("", "a", false),
            ("%", "", true),
            ("_", "", false),
            ("_", "ł", true),
            ("1_ Maple%", "12 Maple Ave", true),
            ("1_ Maple%", "123 Maple Ave", false),
            ("%a%b%", "xaybz", true),
            ("%a%b%", "xbya", false),
            ("%ab", "aab", true),
            ("100\\%", "100%", true),
            ("100\\%", "1000", false),
            ("maple", "Maple", false),
        ] {
            assert_eq!(Pattern::read(pattern, false).unwrap().fits(text), fits, "{text} like {pattern}");
        }
        assert!(Pattern::read("ŁÓDŹ%", true).unwrap().fits("łódź, north"));
        assert_eq!(Pattern::read("a\\", false), Err(NoPattern::DanglingEscape));
    }

    #[test]
    fn a_pattern_that_nearly_fits_everywhere_ends_soon() {
        let pattern = Pattern::read(&"%a".repeat(500), false).unwrap();
        assert!(!pattern.fits(&("a".repeat(10_000) + "b")));
        assert_eq!(Pattern::read(&"%a".repeat(501), false), Err(NoPattern::TooLong));
    }

    #[test]
    fn other_dialects_say_the_same() {
        let pattern = Pattern::read("[a*]\\_%_", false).unwrap();
        assert_eq!(pattern.glob().as_deref(), Some("[[]a[*]]_*?"));
        assert_eq!(pattern.like().as_deref(), Some("[a*]\\_%_"));
        assert_eq!(Pattern::read("a", true).unwrap().glob(), None);
    }
}
