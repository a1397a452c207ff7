//! A CSV file as candidate properties, without a database.
//!
//! **Invariant:** reading never stops at the first mistake.

use super::{
    BadLine,
    header::{self, Target},
    line,
};
use serde_json::{Map, Value as Json};
use std::collections::HashMap;

/// What a file holds.
#[derive(Debug, Default)]
pub struct File {
    /// Homes that are at least readable.
    pub candidates: Vec<Candidate>,
    /// What is wrong already.
    pub bad: Vec<BadLine>,
    /// Headers that mean nothing here.
    pub unmapped: Vec<String>,
}

/// One line of the file.
#[derive(Debug)]
pub struct Candidate {
    /// Where it stands.
    pub line: u64,
    /// Column → value, as a create would bring them.
    pub data: Map<String, Json>,
    /// Column → email of the person whose id it takes.
    pub people: Vec<(&'static str, String)>,
}

/// Reads a file's bytes. Excel puts a byte-order mark in front.
pub fn read(bytes: &[u8]) -> File {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let mut file = File::default();
    let targets = match reader.headers() {
        Ok(headers) => targets(headers, &mut file),
        Err(error) => {
            file.bad.push(unreadable(&error));
            return file;
        }
    };
    for record in reader.records() {
        match record {
            Ok(record) => read_line(line_of(bytes, record.position()), &record, &targets, &mut file),
            Err(error) => file.bad.push(unreadable(&error)),
        }
    }
    file.require_own_numbers();
    file
}

fn targets(headers: &csv::StringRecord, file: &mut File) -> Vec<Option<Target>> {
    let mut first: HashMap<&str, &str> = HashMap::new();
    let mut targets = Vec::with_capacity(headers.len());
    for header in headers {
        let target = header::target(header);
        match target {
            None if !header.trim().is_empty() => file.unmapped.push(header.trim().to_owned()),
            None => {}
            Some(target) => {
                if let Some(other) = first.insert(target.column_name(), header) {
                    file.bad.push(BadLine {
                        line: 1,
                        reason: format!("“{other}” and “{header}” are the same column"),
                    });
                }
            }
        }
        targets.push(target);
    }
    for required in ["property_number", "street_address", "city"] {
        if !first.contains_key(required) {
            file.bad.push(BadLine {
                line: 1,
                reason: format!("there is no column for {}", required.replace('_', " ")),
            });
        }
    }
    targets
}

fn read_line(line: u64, record: &csv::StringRecord, targets: &[Option<Target>], file: &mut File) {
    if record.iter().all(|cell| cell.trim().is_empty()) {
        return;
    }
    if record.iter().skip(targets.len()).any(|cell| !cell.trim().is_empty()) {
        file.bad.push(BadLine {
            line,
            reason: format!("has {} values, but the header has {}", record.len(), targets.len()),
        });
        return;
    }
    let mut candidate = Candidate {
        line,
        data: Map::new(),
        people: vec![],
    };
    for (target, text) in targets.iter().zip(record) {
        match target {
            Some(Target::Column(column)) => candidate.data.extend(line::cell(column, text).map(|value| (column.name.to_owned(), value))),
            Some(Target::Person(column)) if !text.trim().is_empty() => candidate.people.push((column, text.trim().to_lowercase())),
            _ => {}
        }
    }
    // A home without a name of its own is called by its address.
    if !candidate.data.contains_key("name")
        && let Some(address) = candidate.data.get("street_address").cloned()
    {
        candidate.data.insert("name".to_owned(), address);
    }
    file.candidates.push(candidate);
}

impl File {
    fn require_own_numbers(&mut self) {
        let mut first: HashMap<String, u64> = HashMap::new();
        for candidate in &self.candidates {
            let Some(number) = candidate.data.get("property_number").and_then(Json::as_str) else {
                continue;
            };
            match first.get(number) {
                Some(line) => self.bad.push(BadLine {
                    line: candidate.line,
                    reason: format!("property number {number} is on line {line} already"),
                }),
                None => {
                    first.insert(number.to_owned(), candidate.line);
                }
            }
        }
    }
}

/// The line on which a record begins. The reader's own count does not move past the end of the line before, nor past
/// blank lines.
fn line_of(bytes: &[u8], position: Option<&csv::Position>) -> u64 {
    let Some(position) = position else { return 0 };
    let rest = usize::try_from(position.byte()).ok().and_then(|byte| bytes.get(byte..)).unwrap_or_default();
    let ends = rest
        .iter()
        .take_while(|byte| matches!(byte, b'\r' | b'\n'))
        .filter(|byte| **byte == b'\n')
        .count();
    position.line() + ends as u64
}

fn unreadable(error: &csv::Error) -> BadLine {
    let reason = match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "is not UTF-8 text; save the file as “CSV UTF-8”".to_owned(),
        _ => error.to_string(),
    };
    BadLine {
        line: error.position().map_or(1, csv::Position::line),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_to_its_end_whatever_is_wrong() {
        let file = read("\u{feff}Property #,Address,City,Colour\nP-1,1 Elm St,Tulsa,red\n\nP-1,\"2 Elm\nSt\",Tulsa\nP-2,3 Elm St,Tulsa,red,x,y\n".as_bytes());
        assert_eq!(file.unmapped, ["Colour"]);
        assert_eq!(file.candidates.len(), 2);
        assert_eq!(file.candidates[0].data["name"], "1 Elm St");
        let bad: Vec<_> = file.bad.iter().map(ToString::to_string).collect();
        assert_eq!(
            bad,
            ["line 6: has 6 values, but the header has 4", "line 4: property number P-1 is on line 2 already"]
        );
    }

    #[test]
    fn lines_are_counted_as_editors_count_them() {
        for end in ["\n", "\r\n"] {
            let text = [
                "Property #,Address,City",
                "P-1,1 Elm St,Tulsa",
                "",
                "P-2,\"2 Elm",
                "St\",Tulsa",
                "P-3,3 Elm St,Tulsa",
                "",
                "",
            ]
            .join(end);
            let lines: Vec<_> = read(text.as_bytes()).candidates.iter().map(|candidate| candidate.line).collect();
            assert_eq!(lines, [2, 4, 6], "{end:?}");
        }
    }

    #[test]
    fn headers_must_be_there_and_be_different() {
        let bad: Vec<_> = read(b"Street,Address,State\n").bad.iter().map(ToString::to_string).collect();
        assert_eq!(
            bad,
            [
                "line 1: “Street” and “Address” are the same column",
                "line 1: there is no column for property number",
                "line 1: there is no column for city"
            ]
        );
        assert!(read(b"").bad.len() >= 3);
        assert_eq!(read(b"Property #,Address,City\nP-1,\xff,Tulsa\n").bad[0].line, 2);
    }
}
