//! E-mail addresses, as far as an account needs them to be right.
//!
//! **Invariant:** an [`Email`] is in lower case, so that one person has one account.

use std::fmt;

/// What SMTP can carry.
const MAX_CHARS: usize = 254;
const MAX_LOCAL_CHARS: usize = 64;

/// An address to sign in with. A host without a dot is one too (`admin@localhost`): an installation without mail has
/// accounts all the same, and whether mail arrives only mail can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

/// The text is not an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an e-mail address such as name@example.com, of at most {MAX_CHARS} characters")]
pub struct NotAnEmail;

impl Email {
    /// Reads an address as typed: blanks around it and capitals do not count.
    pub fn read(text: &str) -> Result<Self, NotAnEmail> {
        let text = text.trim();
        let (local, host) = text.rsplit_once('@').ok_or(NotAnEmail)?;
        let is_right = text.chars().count() <= MAX_CHARS && is_local(local) && host.split('.').all(is_label);
        is_right.then(|| Self(text.to_lowercase())).ok_or(NotAnEmail)
    }

    /// In lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// RFC 5322's dot-atom, letters of other scripts included; nobody has a quoted one.
fn is_local(local: &str) -> bool {
    let is_atom = |atom: &str| !atom.is_empty() && atom.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c));
    local.chars().count() <= MAX_LOCAL_CHARS && local.split('.').all(is_atom)
}

fn is_label(label: &str) -> bool {
    let has_edges = label.starts_with('-') || label.ends_with('-');
    !label.is_empty() && label.len() <= 63 && !has_edges && label.chars().all(|c| c.is_alphanumeric() || c == '-')
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_without_regard_to_case() {
        for (text, email) in [
            (" Rosa.Delgado@Example.COM ", "rosa.delgado@example.com"),
            ("admin@localhost", "admin@localhost"),
            ("o'brien+turns@mail.example.co.uk", "o'brien+turns@mail.example.co.uk"),
        ] {
            assert_eq!(Email::read(text).unwrap().as_str(), email);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(65));
        let longer = format!("a@{}.com", "a.".repeat(150));
        for text in [
            "",
            "@",
            "a@",
            "@b.com",
            "a b@c.com",
            "a@b..com",
            "a@-b.com",
            "a.@b.com",
            "a@b@c.com",
            "a\n@b.com",
            &long,
            &longer,
        ] {
            assert_eq!(Email::read(text), Err(NotAnEmail), "{text:?}");
        }
    }
}
