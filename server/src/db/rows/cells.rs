//! The cells in a JSON text that a database has made: arrays of texts, whole numbers and nulls, in an array.
//!
//! A parser for any JSON spends more on what could stand there than on what does; this one finds where each cell ends.
//!
//! **Invariant:** a text that is something else gives an error or cells that are no cells; it is never read past its end.

use memchr::memchr2;

/// The text is no array of arrays.
#[derive(Debug, PartialEq, Eq)]
pub struct NoRows;

/// Gives each row's cells, as they stand in the text.
pub fn each_row<'a, E: From<NoRows>>(text: &'a str, mut take: impl FnMut(&[&'a str]) -> Result<(), E>) -> Result<(), E> {
    let mut rest = after(text.trim(), "[")?;
    let mut cells = vec![];
    while !rest.starts_with(']') {
        rest = after(rest.trim_start_matches([',', ' ', '\n']), "[")?;
        cells.clear();
        while !rest.starts_with(']') {
            let (cell, behind) = cell(rest.trim_start_matches([',', ' '])).ok_or(NoRows)?;
            cells.push(cell);
            rest = behind.trim_start_matches(' ');
        }
        take(&cells)?;
        rest = rest[1..].trim_start_matches([' ', '\n']);
    }
    Ok(())
}

fn after<'a>(text: &'a str, begin: &str) -> Result<&'a str, NoRows> {
    text.strip_prefix(begin).ok_or(NoRows)
}

/// The cell that a text begins with, and what is behind it.
fn cell(text: &str) -> Option<(&str, &str)> {
    if !text.starts_with('"') {
        return text
            .split_at_checked(memchr2(b',', b']', text.as_bytes())?)
            .filter(|(cell, _)| !cell.is_empty());
    }
    let mut end = 1;
    loop {
        let bytes = text.as_bytes().get(end..)?;
        let found = memchr2(b'"', b'\\', bytes)?;
        end += found + 1;
        if bytes[found] == b'"' {
            return text.split_at_checked(end);
        }
        // What is behind a backslash ends nothing.
        end += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*};
    use serde_json::{Value as Json, json};

    fn rows(text: &str) -> Result<Vec<Vec<String>>, NoRows> {
        let mut rows = vec![];
        each_row(text, |cells| {
            rows.push(cells.iter().map(|cell| (*cell).to_owned()).collect());
            Ok::<_, NoRows>(())
        })?;
        Ok(rows)
    }

    fn cells() -> impl Strategy<Value = Json> {
        let texts = prop_oneof!["[ -~]{0,12}", "\\PC{0,8}", "[\\[\\]\",\\\\\n]{0,8}"];
        prop_oneof![Just(Json::Null), any::<i64>().prop_map(Json::from), texts.prop_map(Json::from)]
    }

    proptest! {
        #[test]
        fn each_cell_is_found_as_it_was_written(written in vec(vec(cells(), 1..5), 0..5)) {
            let expected: Vec<Vec<String>> = written.iter().map(|row| row.iter().map(Json::to_string).collect()).collect();
            // As SQLite writes it, and as PostgreSQL does.
            let tight = json!(written).to_string();
            let lines: Vec<String> = expected.iter().map(|row| format!("[{}]", row.join(", "))).collect();
            prop_assert_eq!(rows(&tight), Ok(expected.clone()));
            prop_assert_eq!(rows(&format!("[{}]", lines.join(", \n "))), Ok(expected));
        }

        #[test]
        fn any_other_text_ends(text in "[\\[\\]\",\\\\a1 ]{0,24}") {
            let _ = rows(&text);
        }
    }
}
