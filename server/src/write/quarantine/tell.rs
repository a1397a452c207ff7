//! Who is told of a held write: supervisors when a person's first one comes, its author when it is decided.
//!
//! **Invariant:** a day's work that is held is one line for each supervisor, not a hundred; its author hears of every decision. What
//! an author is told holds nothing of the row as it is now.

use super::docket::Held;
use crate::{
    auth::accounts,
    db::Unit,
    problem::Result,
    write::{
        Author, Intent,
        carry_out::{Hand, RowChange, record},
        notify,
    },
};
use domain::{Role, Row, Table, Timestamp, UserId, Value};
use std::collections::BTreeSet;

/// Whom a held write is news to.
pub struct Supervisors {
    /// All administrators.
    pub administrators: bool,
    /// The senior manager of the row.
    pub senior: Option<UserId>,
}

/// Tells supervisors that a write waits for them.
pub async fn supervisors(unit: &mut Unit, author: &Author, intent: &Intent, subject: Option<&Row>, to: Supervisors, at: Timestamp) -> Result<()> {
    let mut told: BTreeSet<UserId> = BTreeSet::new();
    if to.administrators {
        for role in [Role::Admin, Role::SuperAdmin] {
            told.extend(accounts::of_role(&***unit, role).await?);
        }
    }
    if let Some(senior) = to.senior {
        let account = accounts::by_id(&***unit, senior).await?;
        let is_senior = account.is_some_and(|account| account.is_active && account.role == Role::SrPropertyManager.name());
        told.extend(is_senior.then_some(senior));
    }
    told.remove(&author.user());
    let hand = Hand {
        author,
        write_id: Some(intent.write_id),
        at,
    };
    for user in told {
        let news = notify::Message {
            kind: "write_held",
            title: format!("{} made changes that wait for you to decide", author.name),
            body: format!("First: {}", about(intent.table, subject)),
            turn: turn(intent, subject),
        };
        record(unit, hand, RowChange::create(news.to(user, hand))).await?;
    }
    Ok(())
}

/// Tells the author of a held write what became of it.
pub async fn author(unit: &mut Unit, hand: Hand<'_>, held: &Held, subject: Option<&Row>, verdict: &'static str, reason: Option<&str>) -> Result<()> {
    let name = hand.author.name.as_str();
    let news = notify::Message {
        kind: if reason.is_some() { "write_refused" } else { "write_adopted" },
        title: format!("Your change to {} was {verdict}", about(held.intent.table, subject)),
        body: reason.map_or_else(|| name.to_owned(), |reason| format!("{name}: {reason}")),
        turn: turn(&held.intent, subject),
    };
    record(unit, hand, RowChange::create(news.to(held.author, hand))).await
}

/// By what never changes, so that nobody learns of a row what it has become.
fn about(table: Table, subject: Option<&Row>) -> String {
    let number = subject.and_then(|row| row.text("turn_number"));
    number.map_or_else(|| format!("a {}", words(table)), str::to_owned)
}

const fn words(table: Table) -> &'static str {
    match table {
        Table::Properties => "home",
        Table::Turns => "turn",
        Table::ScopeItems => "line of scope",
        Table::TurnStages => "stage",
        Table::PropertyTypes => "type of home",
        Table::Vendors => "vendor",
        Table::Approvals => "request for approval",
        Table::Documents => "document",
        Table::Notifications => "notification",
    }
}

fn turn(intent: &Intent, subject: Option<&Row>) -> Value {
    match (intent.table, subject) {
        (_, Some(row)) if row.table() == Table::Turns => row.get("id").clone(),
        (_, Some(row)) => row.get("turn_id").clone(),
        _ => Value::Null,
    }
}
