//! Comma-separated values: RFC 4180, in UTF-8 with a byte-order mark.
//!
//! The mark is for Excel, which takes a file without one for text of the machine's own code page and spoils every name that
//! is not English. Everything else that reads CSV passes over it, `turns-server import` too.
//!
//! **Invariant:** no cell is a formula. A spreadsheet runs whatever begins with `=`, `+`, `-` or `@`, and what stands in
//! here was typed by somebody else. Numbers stay numbers.

use super::{
    read::Record,
    sheet::{Sheet, plain},
};
use domain::Value;
use std::{
    borrow::Cow,
    io::{self, Write},
};

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Writes the whole file.
pub fn write(sheet: &Sheet, records: impl Iterator<Item = io::Result<Record>>, mut out: impl Write) -> io::Result<()> {
    out.write_all(BYTE_ORDER_MARK.as_bytes())?;
    let mut lines = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(out);
    let kinds: Vec<_> = sheet.columns().map(|(_, kind)| kind).collect();
    lines.write_record(sheet.fields.iter().map(|field| field.header))?;
    for record in records {
        let record = record?;
        for (value, kind) in record.iter().zip(&kinds) {
            let text = plain(value, *kind);
            let is_text = matches!(value, Value::Text(_) | Value::Texts(_));
            lines.write_field(if is_text { disarmed(&text) } else { text.into() }.as_bytes())?;
        }
        lines.write_record(None::<&[u8]>)?;
    }
    lines.flush()
}

/// Text that no spreadsheet takes for a formula: an apostrophe before it says that it is text.
fn disarmed(text: &str) -> Cow<'_, str> {
    // The wide forms are typed on Japanese and Chinese keyboards and count as the narrow ones there.
    const TRIGGERS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    if text.starts_with(TRIGGERS) { format!("'{text}").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_text() {
        for armed in [
            "=1+1",
            "+49 30 1234",
            "-2+3",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "＝1",
            "=HYPERLINK(\"http://x\")",
        ] {
            assert_eq!(disarmed(armed), format!("'{armed}"));
        }
        for plain in ["", "12 Elm St", "a=b", " =1", "'quoted"] {
            assert_eq!(disarmed(plain), plain);
        }
    }
}
