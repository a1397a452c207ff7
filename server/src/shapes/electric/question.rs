//! What Electric is asked: the shape as we see it, and where its reader stands.
//!
//! **Invariant:** everything in a question comes from the session or has been read into a type of ours; whatever else a client sends
//! stays here.

use super::{
    super::{
        offset::Offset,
        refusal::Invalid,
        request::{Live, Request},
        shape::Shape,
        subset::Subset,
    },
    condition::{condition, of_clause},
};
use crate::config::ElectricSettings;
use domain::{Role, Table, UserId, Viewer};
use reqwest::Url;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

/// The parameters of a question, without the secret.
#[derive(Debug)]
pub struct Question(Vec<(String, String)>);

impl Question {
    /// The question of somebody who follows a shape.
    pub fn of(shape: &Shape, request: &Request) -> Result<Self, Invalid> {
        let mut question = Self::about(shape)?;
        question.put("offset", request.offset);
        if let Some(handle) = &request.handle {
            question.put("handle", handle);
        }
        if let Some(live) = request.live {
            question.put("live", true);
            if live == Live::Stream {
                question.put("live_sse", true);
            }
        }
        if let Some(cursor) = request.cursor {
            question.put("cursor", cursor);
        }
        Ok(question)
    }

    /// The question of somebody who wants some of a shape's rows as they stand.
    pub fn of_subset(shape: &Shape, request: &Request, subset: &Subset) -> Result<Self, Invalid> {
        let request = Request { live: None, ..request.clone() };
        let mut question = Self::of(shape, &request)?;
        let condition = of_clause(shape.table, subset.clause.as_ref()).map_err(Invalid::in_subset)?;
        question.put("subset__where", condition.sql);
        let parameters = condition.parameters.into_iter().enumerate();
        let parameters: Map<String, Json> = parameters.map(|(index, value)| ((index + 1).to_string(), value.into())).collect();
        question.put("subset__params", Json::Object(parameters));
        if !subset.order.is_empty() {
            let columns = subset.order.iter().map(ToString::to_string);
            question.put("subset__order_by", columns.collect::<Vec<_>>().join(", "));
        }
        if let Some(limit) = subset.limit {
            question.put("subset__limit", limit);
        }
        if subset.skipped > 0 {
            question.put("subset__offset", subset.skipped);
        }
        Ok(question)
    }

    /// One that anybody could ask, to see whether there is an answer.
    pub fn to_see() -> Self {
        let nobody = Viewer {
            user: UserId(Uuid::nil()),
            role: Role::Inspector,
            vendor: None,
        };
        // Reference data is the same shape for everybody, so this makes none of its own.
        let mut question = Self::about(&Shape::of(&nobody, Table::TurnStages, "")).unwrap_or(Self(vec![]));
        question.put("offset", Offset::Now);
        question
    }

    fn about(shape: &Shape) -> Result<Self, Invalid> {
        let mut question = Self(vec![]);
        question.put("table", shape.table.sql_name());
        let columns: Vec<&str> = shape.columns().map(|(_, column)| column.name).collect();
        question.put("columns", columns.join(","));
        if let Some(condition) = condition(shape)? {
            question.put("where", condition.sql);
            for (index, parameter) in condition.parameters.into_iter().enumerate() {
                question.put(&format!("params[{}]", index + 1), parameter);
            }
        }
        if shape.is_full {
            question.put("replica", "full");
        }
        if shape.changes_only {
            question.put("log", "changes_only");
        }
        Ok(question)
    }

    fn put(&mut self, name: &str, value: impl ToString) {
        self.0.push((name.to_owned(), value.to_string()));
    }

    /// The address to ask at, with the secret in it.
    pub fn address(&self, settings: &ElectricSettings) -> Url {
        let mut url = settings.url.shapes();
        let mut query = url.query_pairs_mut();
        query.extend_pairs(&self.0);
        if let Some(secret) = &settings.secret {
            query.append_pair("secret", secret.reveal());
        }
        drop(query);
        url
    }
}
