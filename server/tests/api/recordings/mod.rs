//! What was recorded of Electric, asked of this server.
//!
//! Each story asks the recordings' requests in turn of one server, with what was written to the database meanwhile, at both
//! addresses: `/v1/shape` and `/api/sync/{table}`. What both answered is compared, names of ours and numbers drawn aside
//! ([`canonical`]); what is meant to be otherwise must be so, and stands with its reason in `docs/electric.md`.

mod asking;
mod canonical;
mod names;
mod not_asked;
mod ours;
mod page;
mod recording;
mod stories;
mod written;

use crate::support::TestApp;
use asking::{Asking, SECRET};
use canonical::Canon;
use names::Names;
use recording::{Answer, Recording};
use reqwest::Client;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use stories::{STORIES, Step, Story};

/// Where a shape is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// `/v1/shape`
    Programs,
    /// `/api/sync/{table}`
    People,
}

/// About the table's name or the secret, which `/api/sync/{table}` has in its path or not at all.
const FOR_PROGRAMS: [&str; 10] = [
    "51-err-no-table-400",
    "52-err-unknown-table-400",
    "52b-err-unknown-schema-400",
    "91-delete-default",
    "96b-schema-qualified-same-shape",
    "117-view-400",
    "118-uppercase-unquoted",
    "120-secret-missing-401",
    "121-secret-good",
    "142g-db-down-unknown-table",
];

#[tokio::test]
async fn programs_are_answered_as_electric_answers() {
    for story in &STORIES {
        tell(story, Address::Programs).await;
    }
}

#[tokio::test]
async fn people_are_answered_as_electric_answers() {
    for story in &STORIES {
        tell(story, Address::People).await;
    }
}

#[test]
fn every_recording_is_named_once() {
    let told = STORIES.iter().flat_map(|story| story.steps).flat_map(Step::recordings).copied();
    let mut named: BTreeMap<&str, usize> = BTreeMap::new();
    for name in told.chain(not_asked::all()) {
        *named.entry(name).or_default() += 1;
    }
    let once: BTreeMap<String, usize> = recording::names().into_iter().map(|name| (name, 1)).collect();
    let named = named.into_iter().map(|(name, times)| (name.to_owned(), times)).collect();
    assert_eq!(once, named);
}

#[test]
fn the_page_says_what_is_otherwise() {
    let page = include_str!("../../../../docs/electric.md");
    let table = page::tables();
    assert!(page.ends_with(&table), "docs/electric.md ends with:\n\n{table}");
}

async fn tell(story: &Story, address: Address) {
    let app = TestApp::start_without_portfolio(|settings| {
        settings.upstream_secret = Some(SECRET.to_owned());
        // What is written here is written in 1970.
        settings.limits.keep_changes = Duration::MAX;
        (story.limits)(&mut settings.limits);
    })
    .await;
    let http = match address {
        Address::Programs => Client::new(),
        Address::People => app.sign_in("admin").await.http,
    };
    let mut asking = Asking {
        app,
        address,
        names: Names::default(),
        http,
    };
    let mut wrong = vec![];
    for step in story.steps {
        let is_for_programs = step.recordings().iter().any(|name| FOR_PROGRAMS.contains(name));
        if address == Address::Programs || !is_for_programs {
            wrong.extend(take(&mut asking, step).await.err());
        }
    }
    assert!(wrong.is_empty(), "{address:?}, {}:\n{}", story.about, wrong.join("\n\n"));
}

/// Takes one step; tells what was not as it is meant.
async fn take(asking: &mut Asking, step: &Step) -> Result<(), String> {
    match step {
        Step::Write(sql) => written::write(&asking.app.db(), sql).await,
        Step::Restart(change) => asking.app.restart_with(|settings| change(&mut settings.limits)).await,
        Step::Close => asking.app.db().close().await,
        Step::Same(name) => {
            let (recording, ours) = exchange(asking, name).await;
            compare(asking, &recording, &ours).map_err(|difference| format!("{name}: {difference}"))?;
            asking
                .names
                .learn(&recording.answer, &ours)
                .map_err(|difference| format!("{name}: {difference}"))?;
        }
        Step::Otherwise(name, status, _) => {
            let (recording, ours) = exchange(asking, name).await;
            if ours.status != *status {
                return Err(format!("{name} answers {}, not {status}: {:?}", ours.status, ours.body));
            }
            let same = compare(asking, &recording, &ours).and_then(|()| asking.names.learn(&recording.answer, &ours));
            if same.is_ok() {
                return Err(format!("{name} is answered as recorded: tell so"));
            }
            asking.names.learn_what_is_new(&recording.answer, &ours);
        }
        Step::Pages(names) => pages(asking, names).await.map_err(|difference| format!("{names:?}: {difference}"))?,
    }
    Ok(())
}

async fn exchange(asking: &Asking, name: &str) -> (Recording, Answer) {
    let recording = Recording::of(name);
    if let Some(sql) = &recording.sql_before {
        written::write(&asking.app.db(), sql).await;
    }
    let ours = asking.ask(&recording).await;
    (recording, ours)
}

fn compare(asking: &Asking, recording: &Recording, ours: &Answer) -> Result<(), String> {
    let is_open = |(name, value): (&String, &String)| name.starts_with("access-control") || name == "cache-control" && value.contains("public");
    if ours.headers.iter().any(is_open) {
        return Err(format!("this is for others too: {:?}", ours.headers));
    }
    let left_out = left_out(recording);
    let offset = |target: &str| {
        target
            .split(['?', '&'])
            .find_map(|pair| pair.strip_prefix("offset="))
            .unwrap_or_default()
            .to_owned()
    };
    let handle = recording
        .target
        .split(['?', '&'])
        .find_map(|pair| pair.strip_prefix("handle="))
        .unwrap_or_default();
    let from = offset(&recording.target);
    let our_from = asking.names.place(handle, &from);
    let [recorded_canon, our_canon] = canons(recording, &left_out, &from, &our_from);
    same(&recorded_canon.head(&recording.answer), &our_canon.head(ours))?;
    let has_body = !matches!(recording.method.as_str(), "HEAD" | "OPTIONS");
    match (&recording.answer.body, &ours.body) {
        (Some(recorded), Some(ours)) if has_body => same(&recorded_canon.body(recorded), &our_canon.body(ours)),
        _ => Ok(()),
    }
}

/// Pages are cut elsewhere, but together they say the same; where the recording ends before the log does, as far as it goes.
async fn pages(asking: &mut Asking, names: &[&str]) -> Result<(), String> {
    let recordings: Vec<Recording> = names.iter().map(|name| Recording::of(name)).collect();
    let is_to_the_end = recordings[recordings.len() - 1].answer.headers.contains_key("electric-up-to-date");
    let ours = asking.follow(&recordings[0], is_to_the_end).await;
    if is_to_the_end && ours.len() < 3 {
        return Err("it all fits into a page or two".to_owned());
    }
    for page in &ours[..ours.len() - usize::from(is_to_the_end)] {
        if page.status != 200 || page.headers.contains_key("electric-up-to-date") {
            return Err(format!("no page on the way: {page:?}"));
        }
    }
    let left_out = recordings.iter().flat_map(left_out).collect();
    let [recorded_canon, our_canon] = canons(&recordings[0], &left_out, "", "");
    let messages = |canon: &Canon, answers: &[&Answer]| {
        let all = answers
            .iter()
            .flat_map(|answer| serde_json::from_str::<Vec<Json>>(answer.body.as_deref().unwrap()).unwrap());
        canon.messages(&all.collect::<Vec<_>>())
    };
    let mut recorded = messages(&recorded_canon, &recordings.iter().map(|recording| &recording.answer).collect::<Vec<_>>());
    let mut told = messages(&our_canon, &ours.iter().collect::<Vec<_>>());
    if !is_to_the_end {
        let common = recorded.len().min(told.len());
        recorded.truncate(common);
        told.truncate(common);
    }
    if told.is_empty() {
        return Err("there is nothing in it".to_owned());
    }
    same(&json!(recorded), &json!(told))?;
    asking.names.learn(&recordings[recordings.len() - 1].answer, &ours[ours.len() - 1])
}

fn canons<'a>(recording: &Recording, left_out: &'a BTreeSet<(String, String)>, from: &'a str, our_from: &'a str) -> [Canon<'a>; 2] {
    [(false, from), (true, our_from)].map(|(is_ours, from)| Canon {
        is_ours,
        table: Asking::table(recording),
        from,
        left_out,
    })
}

/// What was recorded as NULL in columns that here have a value always.
fn left_out(recording: &Recording) -> BTreeSet<(String, String)> {
    let table = Asking::table(recording);
    let body = recording.answer.body.as_deref().unwrap_or_default();
    let body = if recording.is_stream() { canonical::events(body) } else { body.to_owned() };
    let messages: Vec<Json> = serde_json::from_str(&body).unwrap_or_default();
    let mut left_out = BTreeSet::new();
    for message in &messages {
        for (name, value) in message["value"].as_object().into_iter().flatten() {
            if value.is_null() && ours::is_never_null(table, name) {
                left_out.insert((canonical::row_id(message["key"].as_str().unwrap()), name.clone()));
            }
        }
    }
    left_out
}

fn same(recorded: &Json, ours: &Json) -> Result<(), String> {
    if recorded == ours {
        return Ok(());
    }
    Err(format!("recorded\n{recorded:#}\nand is\n{ours:#}"))
}
