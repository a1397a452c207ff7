//! Which passwords are good enough.
//!
//! Length, and how soon a guesser who knows the person would find it; no rule about kinds of characters, which only
//! makes people write `Password1!`.
//!
//! **Invariant:** decided from the text alone; nothing is looked up and nothing is kept.

use zxcvbn::{Score, zxcvbn};

/// The fewest characters.
pub const MIN_CHARS: usize = 10;
/// The most characters: enough for a sentence, and no more work for the hash than that.
pub const MAX_CHARS: usize = 200;

/// Why a password is not good enough.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Too few characters, or too many.
    #[error("must have {MIN_CHARS} to {MAX_CHARS} characters")]
    Length,
    /// Somebody would find it.
    #[error("is too easy to guess{}", .0.as_ref().map(|advice| format!(": {advice}")).unwrap_or_default())]
    Guessable(Option<String>),
}

/// Whether a password is good enough for the person with this address and name.
pub fn check(password: &str, email: &str, name: &str) -> Result<(), WeakPassword> {
    if !(MIN_CHARS..=MAX_CHARS).contains(&password.chars().count()) {
        return Err(WeakPassword::Length);
    }
    let mut known: Vec<&str> = vec![email, name, "turns"];
    known.extend(email.split('@'));
    known.extend(name.split_whitespace());
    let estimate = zxcvbn(password, &known);
    if estimate.score() >= Score::Three {
        return Ok(());
    }
    let advice = estimate.feedback().and_then(|feedback| feedback.warning()).map(|warning| warning.to_string());
    Err(WeakPassword::Guessable(advice))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_of(password: &str) -> Result<(), WeakPassword> {
        check(password, "rosa.delgado@example.com", "Rosa Delgado")
    }

    #[test]
    fn long_and_unguessable_passwords_are_good() {
        for good in ["maple basement heron", "k7#Vq2!mZp", "Kaffee um halb sieben", "пароль для квартиры 12"] {
            assert_eq!(check_of(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn short_common_and_personal_passwords_are_not() {
        assert_eq!(check_of("k7#Vq2!mZ"), Err(WeakPassword::Length));
        assert_eq!(check_of(&"long ".repeat(50)), Err(WeakPassword::Length));
        for weak in [
            "1234567890",
            "Password123!",
            "qwertyuiop",
            "aaaaaaaaaaaa",
            "rosa.delgado@example.com",
            "rosadelgado",
            "Delgado2026",
            "turns-demo",
        ] {
            assert!(matches!(check_of(weak), Err(WeakPassword::Guessable(_))), "{weak}");
        }
    }
}
