//! Candidates against the database, and into it.
//!
//! **Invariant:** an imported home has its audit entry and its log entry like any other write.

use super::{
    BadLine,
    file::{Candidate, File},
};
use crate::{
    auth::accounts,
    db::{Db, Transaction, rows},
    ids,
    problem::{Failure, Result},
    write::{Author, Hand, RowChange, record},
};
use domain::{Mutation, Operation, Refusal, Row, RowId, Table, Timestamp, UserId, Value, mutation::Facts};
use serde_json::Value as Json;
use uuid::Uuid;

/// Loads all of a file's homes, or says everything that is wrong with it.
pub async fn load(db: &Db, file: File, at: Timestamp) -> Result<std::result::Result<usize, Vec<BadLine>>> {
    let mut unit = db.unit().await?;
    let mut bad = file.bad;
    let mut properties = Vec::with_capacity(file.candidates.len());
    for candidate in file.candidates {
        match check(&unit, candidate, at).await? {
            Ok(property) => properties.push(property),
            Err(problems) => bad.extend(problems),
        }
    }
    if !bad.is_empty() {
        bad.sort();
        return Ok(Err(bad));
    }
    let author = Author::server("import");
    let hand = Hand {
        author: &author,
        write_id: None,
        at,
    };
    let count = properties.len();
    for property in properties {
        record(&mut unit, hand, RowChange::create(property)).await?;
    }
    unit.commit().await?;
    Ok(Ok(count))
}

async fn check(tx: &Transaction, mut candidate: Candidate, at: Timestamp) -> Result<std::result::Result<Row, Vec<BadLine>>> {
    let mut problems = vec![];
    for (column, email) in std::mem::take(&mut candidate.people) {
        match accounts::by_email(&**tx, &email).await?.filter(|account| account.is_active) {
            Some(account) => {
                candidate.data.insert(column.to_owned(), Json::from(account.id.0.to_string()));
            }
            None => problems.push(format!("there is no account {email}")),
        }
    }
    if let Some(number) = candidate.data.get("property_number").and_then(Json::as_str)
        && rows::find_where(&**tx, Table::Properties, "property_number", &Value::text(number))
            .await?
            .is_some()
    {
        problems.push(format!("property number {number} is in the database already"));
    }
    match Mutation::read(Table::Properties, RowId(ids::new_id()), Operation::Create, &candidate.data) {
        Ok(mutation) if problems.is_empty() => return property(&mutation, at).map(Ok),
        Ok(_) => {}
        Err(Refusal::Fields(fields)) => problems.extend(fields.into_iter().map(|(column, problem)| format!("{} {problem}", column.replace('_', " ")))),
        Err(refusal) => problems.push(refusal.to_string()),
    }
    Ok(Err(problems.into_iter().map(|reason| BadLine { line: candidate.line, reason }).collect()))
}

fn property(mutation: &Mutation, at: Timestamp) -> Result<Row> {
    let made = mutation.apply(Facts::default(), UserId(Uuid::nil()), at);
    let mut row = made.ok_or_else(|| Failure::Database(sea_orm::DbErr::Custom("a create made no row".to_owned())))?;
    for column in ["created_by", "updated_by"] {
        row.set(column, Value::Null);
    }
    Ok(row)
}
