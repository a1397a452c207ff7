//! PostgreSQL's array literal: `{plumbing,"paint, drywall"}`.
//!
//! One dimension, no NULLs: what a `text[]` column of ours holds.

/// Reads a literal; `None` where it is none.
pub(super) fn parse(literal: &str) -> Option<Box<[Box<str>]>> {
    let inside = literal.strip_prefix('{')?.strip_suffix('}')?;
    let mut texts = Vec::new();
    let mut rest = inside;
    while !rest.is_empty() {
        let (text, after) = if rest.starts_with('"') { quoted(rest)? } else { plain(rest)? };
        texts.push(text);
        rest = match after.strip_prefix(',') {
            // A comma promises another element.
            Some("") => return None,
            Some(more) => more,
            None if after.is_empty() => after,
            None => return None,
        };
    }
    Some(texts.into())
}

/// Writes a literal as PostgreSQL does: only what would be read as something else stands in quotes.
pub(super) fn format(texts: &[Box<str>]) -> String {
    let element = |text: &str| {
        if stands_by_itself(text) {
            return text.to_owned();
        }
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    };
    format!("{{{}}}", texts.iter().map(|text| element(text)).collect::<Vec<_>>().join(","))
}

fn stands_by_itself(text: &str) -> bool {
    const SPECIAL: [char; 11] = ['{', '}', '"', '\\', ',', ' ', '\t', '\n', '\r', '\x0b', '\x0c'];
    !text.is_empty() && !text.contains(SPECIAL) && !text.eq_ignore_ascii_case("null")
}

fn plain(text: &str) -> Option<(Box<str>, &str)> {
    let end = text.find(',').unwrap_or(text.len());
    let element = &text[..end];
    let is_plain = !element.is_empty() && !element.contains(['{', '}', '"', '\\']) && !element.eq_ignore_ascii_case("null");
    is_plain.then(|| (element.into(), &text[end..]))
}

fn quoted(text: &str) -> Option<(Box<str>, &str)> {
    let mut element = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((element.into(), &text[at + 1..])),
            '\\' => element.push(characters.next()?.1),
            other => element.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_read_as_postgresql_writes_them() {
        let read = |literal| parse(literal).map(|texts| texts.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(read("{}"), Some(vec![]));
        assert_eq!(read("{plumbing,paint}").unwrap(), ["plumbing", "paint"]);
        let literal = r#"{"paint, drywall","6\" pipe","",é,"a\\b"}"#;
        assert_eq!(read(literal).unwrap(), ["paint, drywall", "6\" pipe", "", "é", "a\\b"]);
        for wrong in ["", "{", "plumbing", "{a,}", "{,a}", "{\"a}", "{a\"b}", "{{a}}", "{NULL}", "{\"a\"b}"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn literals_are_written_as_postgresql_writes_them() {
        let texts = ["paint", "trash out", "", "NULL", "é", "a,b", "6\" pipe", "a\\b", "{}"].map(Box::from);
        let literal = r#"{paint,"trash out","","NULL",é,"a,b","6\" pipe","a\\b","{}"}"#;
        assert_eq!(format(&texts), literal);
        assert_eq!(parse(literal).as_deref(), Some(texts.as_slice()));
        assert_eq!(format(&[]), "{}");
    }
}
