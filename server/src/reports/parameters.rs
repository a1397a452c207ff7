//! What a caller may ask of a report, read from the address.
//!
//! **Invariant:** everything wrong is told at once, by parameter; a name that is not known is never passed over, because
//! a report that is silently wider than its caller thinks is wrong.

use super::{
    dashboard::{Month, Period},
    filters::Filters,
};
use crate::{
    db::{entity::user, rows},
    problem::Result,
    stages,
};
use domain::{Date, Row, RowId, Table, UserId, Value};
use protocol::Problem;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait, Query},
};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use utoipa::IntoParams;

/// The most months that a dashboard counts.
const MOST_MONTHS: i32 = 60;

/// What narrows a report.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct FilterParameters {
    /// A stage, by id, key (`in_progress`) or name: turns that stand in it, homes that have such a turn.
    pub stage: Option<String>,
    /// A manager or senior manager, by id, email or name: what they look after. Narrows what the caller sees, never widens it.
    pub manager: Option<String>,
    /// A market, by name: its homes and their turns.
    pub market: Option<String>,
    /// A vendor, by id or company name: turns that they work on, homes that have such a turn.
    pub vendor: Option<String>,
    /// The first day, such as 2026-01-01. An empty field filters nothing.
    #[param(example = "2026-01-01")]
    pub from: Option<String>,
    /// The last day.
    #[param(example = "2026-11-23")]
    pub to: Option<String>,
}

/// Parameters with what is wrong with them.
pub struct Parameters {
    given: HashMap<String, String>,
    wrong: BTreeMap<String, String>,
}

impl Parameters {
    /// Takes the parameters of an address, of which only `known` may be there.
    pub fn read(given: HashMap<String, String>, known: &[&str]) -> Self {
        let unknown = given.keys().filter(|name| !known.contains(&&***name));
        let wrong = unknown.map(|name| (name.clone(), format!("is not one of {}", known.join(", ")))).collect();
        // An empty field of a form filters nothing.
        let given = given.into_iter().filter(|(_, value)| !value.trim().is_empty()).collect();
        Self { given, wrong }
    }

    /// A parameter's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(|value| value.trim())
    }

    /// One of several values; `None` and a note where it is another.
    pub fn one_of<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> Option<T> {
        let given = self.get(name)?;
        let found = choices.iter().find(|(choice, _)| *choice == given).map(|(_, value)| *value);
        if found.is_none() {
            let names: Vec<_> = choices.iter().map(|(choice, _)| *choice).collect();
            self.refuse(name, format!("must be one of {}", names.join(", ")));
        }
        found
    }

    /// Notes what is wrong with a parameter.
    pub fn refuse(&mut self, name: &str, wrong: impl Into<String>) {
        self.wrong.entry(name.to_owned()).or_insert_with(|| wrong.into());
    }

    /// Refuses the request where anything was wrong.
    pub fn check(self) -> Result<()> {
        if self.wrong.is_empty() {
            return Ok(());
        }
        Err(Problem::validation("some parameters are not right", self.wrong).into())
    }

    /// The filters, with the rows that they name.
    pub async fn filters(&mut self, db: &impl ConnectionTrait) -> Result<Filters> {
        let filters = Filters {
            stage: self.stage(db).await?,
            manager: self.manager(db).await?,
            market: self.market(db).await?,
            vendor: self.vendor(db).await?,
            from: self.date("from"),
            to: self.date("to"),
        };
        if let (Some(from), Some(to)) = (filters.from, filters.to)
            && from > to
        {
            self.refuse("to", "must not be before the first day");
        }
        Ok(filters)
    }

    /// The days of a dashboard: this month and the twelve before it, where nothing else is asked for.
    pub fn period(&mut self, filters: &Filters, today: Date) -> Period {
        let to = filters.to.unwrap_or(today);
        let from = filters.from.or_else(|| Month::of(to).plus(-12).first_day()).unwrap_or(to);
        if Month::of(from).plus(MOST_MONTHS) <= Month::of(to) {
            self.refuse("from", format!("the days must be of at most {MOST_MONTHS} months"));
        }
        Period { from, to }
    }

    fn date(&mut self, name: &str) -> Option<Date> {
        let date = self.get(name)?.parse();
        if date.is_err() {
            self.refuse(name, "must be a date such as 2026-11-23");
        }
        date.ok()
    }

    async fn stage(&mut self, db: &impl ConnectionTrait) -> Result<Option<RowId>> {
        let Some(given) = self.get("stage").map(str::to_owned) else { return Ok(None) };
        let is_it = |stage: &Row| {
            let is = |column| stage.text(column).is_some_and(|text| text.eq_ignore_ascii_case(&given));
            is("key") || is("name") || given.parse() == Ok(stage.id())
        };
        let stages = stages::all(db).await?;
        Ok(self.the_one("stage", stages.iter().filter(|stage| is_it(stage)).map(Row::id).collect()))
    }

    async fn vendor(&mut self, db: &impl ConnectionTrait) -> Result<Option<RowId>> {
        let Some(given) = self.get("vendor").map(str::to_owned) else {
            return Ok(None);
        };
        let found = match given.parse() {
            Ok(id) => rows::find(db, Table::Vendors, id).await?.into_iter().collect(),
            Err(_) => rows::all_where(db, Table::Vendors, "company_name", &Value::text(given)).await?,
        };
        Ok(self.the_one("vendor", found.iter().map(Row::id).collect()))
    }

    async fn manager(&mut self, db: &impl ConnectionTrait) -> Result<Option<UserId>> {
        let Some(given) = self.get("manager").map(str::to_owned) else {
            return Ok(None);
        };
        let named = match given.parse::<UserId>() {
            Ok(id) => user::Column::Id.eq(id.to_string()),
            Err(_) => user::Column::Email.eq(given.to_lowercase()).or(user::Column::Name.eq(given)),
        };
        let found = user::Entity::find().filter(named).limit(2).all(db).await?;
        Ok(self.the_one("manager", found.iter().map(|account| UserId(account.id.0)).collect()))
    }

    async fn market(&mut self, db: &impl ConnectionTrait) -> Result<Option<String>> {
        let Some(given) = self.get("market").map(str::to_owned) else {
            return Ok(None);
        };
        let mut query = Query::select();
        query.expr(Expr::val(1)).from("properties").and_where(Expr::col("market").eq(&*given)).limit(1);
        let found = db.query_one(&query).await?.map(|_| given);
        Ok(self.the_one("market", found.into_iter().collect()))
    }

    fn the_one<T>(&mut self, name: &str, mut found: Vec<T>) -> Option<T> {
        match found.len() {
            0 => self.refuse(name, format!("there is no such {name}")),
            1 => return found.pop(),
            _ => self.refuse(name, "there are several of this name: give the id"),
        }
        None
    }
}
