//! The tables of `docs/electric.md`, made from what the stories say.

use super::{
    not_asked::NOT_ASKED,
    stories::{STORIES, Step},
};
use std::fmt::Write;

/// What is otherwise, and what is not asked, each with its reason and the numbers that its recordings begin with.
pub fn tables() -> String {
    let mut otherwise: Vec<(&str, Vec<&str>, u16)> = vec![];
    let mut same = 0;
    for step in STORIES.iter().flat_map(|story| story.steps) {
        let Step::Otherwise(name, status, why) = step else {
            same += step.recordings().len();
            continue;
        };
        match otherwise.iter_mut().find(|(known, _, known_status)| known == why && known_status == status) {
            Some((_, names, _)) => names.push(name),
            None => otherwise.push((why, vec![name], *status)),
        }
    }
    let mut page =
        format!("{same} of the recordings are answered as recorded. These are meant to be answered otherwise:\n\n| recording | here | why |\n|---|---|---|\n");
    for (why, names, status) in otherwise {
        let _ = writeln!(page, "| {} | {status} | {why} |", numbers(&names));
    }
    page.push_str("\nAnd these are not asked:\n\n| recording | why |\n|---|---|\n");
    for reason in &NOT_ASKED {
        let _ = writeln!(page, "| {} | {} |", numbers(reason.recordings), reason.why);
    }
    page
}

fn numbers(names: &[&str]) -> String {
    let mut numbers: Vec<&str> = names.iter().map(|name| name.split('-').next().unwrap()).collect();
    numbers.dedup();
    numbers.join(", ")
}
