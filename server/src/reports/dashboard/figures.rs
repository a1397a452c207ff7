//! What the dashboard says, figure by figure.
//!
//! A turn *begins* on its move-out date, or, where that is not known, on the day it was made (UTC). Its *cost* is what was
//! spent (`actual_amount`), else what was approved, else what was estimated. An *active* turn is one that stands on the
//! board (`is_active`); it leaves the board some time after it is completed.
//!
//! **Invariant:** money is text with two decimals, exact; averages have one decimal and are `null` of nothing.

use super::Month;
use domain::{Cents, ColumnType, Date, RowId, Timestamp, Value};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// `GET /api/reports/dashboard`
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Dashboard {
    /// When this was read.
    #[schema(example = "2026-11-23T08:20:45.123Z", format = DateTime)]
    pub as_of: String,
    /// Which database it was read from.
    pub source: Source,
    /// The days that the figures of finished turns are about.
    pub period: Period,
    /// Homes of the portfolio (`is_active`).
    pub total_properties: i64,
    /// Turns on the board.
    pub active_turns: i64,
    /// Of the turns completed in the period: days from their beginning to their completion, on average.
    pub average_turn_days: Option<f64>,
    /// The board, stage by stage: every stage in use, and retired ones that still hold turns.
    pub turns_by_stage: Vec<StageFigures>,
    /// Every month of the period, oldest first.
    pub cost_per_turn_by_month: Vec<MonthFigures>,
    /// What stands empty now.
    pub vacancy: Vacancy,
    /// What waits for a decision.
    pub approvals_waiting: ApprovalsWaiting,
    /// Vendors who completed turns in the period, the busiest first.
    pub vendors: Vec<VendorFigures>,
}

/// A database that reports read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// The one that is written to.
    Primary,
    /// Its copy, which may be some seconds behind.
    Replica,
}

/// Days, the first and the last one included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Period {
    /// The first day.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    /// The last day.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String, format = Date)]
    pub to: Date,
}

/// The active turns of one stage.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StageFigures {
    /// The stage.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String, format = Uuid)]
    pub stage_id: RowId,
    /// Its stable name.
    pub key: String,
    /// Its name on the screen.
    pub name: String,
    /// How many turns stand in it.
    pub turns: i64,
    /// The sum of what they cost, as the board says it: their scopes, and where there is none the estimate.
    pub amount: Money,
    /// Days since they entered it, on average.
    pub average_days_in_stage: Option<f64>,
    /// Days since the first of them entered it.
    pub oldest_days: Option<i64>,
}

/// The turns completed in one month.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MonthFigures {
    /// `2026-11`
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String, example = "2026-11", pattern = "^\\d{4}-\\d{2}$")]
    pub month: Month,
    /// How many were completed.
    pub turns: i64,
    /// The sum of their costs, divided by their number; a turn of which no cost is known counts as none.
    pub average_cost: Option<Money>,
    /// The sum of their costs.
    pub total_cost: Money,
}

/// Homes that have an active turn which has begun and is not completed.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Vacancy {
    /// How many.
    pub vacant_homes: i64,
    /// Days that they have been empty until today, all together. A home is empty since the earliest beginning of its open turns.
    pub vacancy_days: i64,
    /// A thirtieth of the home's monthly rent for each of these days.
    pub lost_rent: Money,
}

/// Pending approvals, by who decides.
#[derive(Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct ApprovalsWaiting {
    /// The director of field operations.
    pub dfo: Waiting,
    /// The home office.
    pub ho: Waiting,
}

/// What waits at one level.
#[derive(Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Waiting {
    /// How many requests.
    pub count: i64,
    /// The sum of their amounts.
    pub amount: Money,
}

/// The turns that a vendor completed in the period, as the turn's vendor; floors alone do not count.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VendorFigures {
    /// The vendor.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String, format = Uuid)]
    pub vendor_id: RowId,
    /// The company's name; empty where the vendor is no longer there.
    pub name: String,
    /// How many turns.
    pub turns_completed: i64,
    /// Of those that had a due date: which share was completed on it or before, from 0 to 1.
    pub on_time_rate: Option<f64>,
    /// Days from the assignment (where it is not known, the turn's beginning) to completion, on average.
    pub average_days: Option<f64>,
}

/// An amount, written `1250.00`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String, example = "1250.00", pattern = "^-?\\d+\\.\\d{2}$")]
pub struct Money(pub Cents);

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = Value::Numeric(self.0.0).to_pg_text(ColumnType::Numeric { scale: 2, digits: 18 });
        serializer.serialize_str(&text.unwrap_or_default())
    }
}

/// An instant as JSON has it elsewhere on the web.
pub fn rfc3339(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.micros()).unwrap_or_default().to_string()
}

fn as_text<S: Serializer>(value: &impl std::fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
