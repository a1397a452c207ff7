//! Whole tables as files: CSV, Excel, PDF.
//!
//! **Invariant:** an export of any size needs the memory of a few pages of it.

mod csv;
mod excel;
mod layout;
mod parameters;
mod pdf;
mod read;
mod sheet;
mod stream;

pub use parameters::{ExportParameters, NAMES, Wanted};

use super::{filters::Selection, sql::Sql};
use crate::{
    problem::{Failure, Result},
    stages,
};
use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use domain::{Row, Table, Timestamp};
use protocol::ProblemCode;
use read::Reader;
use sea_orm::{ConnectionTrait, DatabaseConnection, sea_query::Expr};
use sheet::{Chart, Sheet};
use std::time::Duration;
use tokio::{sync::Semaphore, time::timeout};

/// How many files are made at once, and how long a caller waits to be the next.
static MAKERS: Semaphore = Semaphore::const_new(4);
const WAIT_FOR_A_MAKER: Duration = Duration::from_secs(10);

/// A file's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values.
    Csv,
    /// An Excel workbook.
    Excel,
    /// A document to print.
    Pdf,
}

impl Format {
    const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Excel => "xlsx",
            Self::Pdf => "pdf",
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Excel => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Pdf => "application/pdf",
        }
    }
}

/// Makes the file and answers with it while it is being made.
pub async fn answer(db: &DatabaseConnection, wanted: Wanted, selection: &Selection, made_by: String, now: Timestamp) -> Result<Response> {
    let permit = match timeout(WAIT_FOR_A_MAKER, MAKERS.acquire()).await {
        Ok(Ok(permit)) => permit,
        _ => {
            return Err(Failure::refused(
                ProblemCode::Unavailable,
                "other exports are being made; try again in a minute",
            ));
        }
    };
    let sheet = Sheet {
        table: wanted.table,
        fields: wanted.fields.clone(),
        title: title(wanted.table),
        filters: wanted.filters.clone(),
        made_by,
        made_at: now,
        chart: chart(db, wanted.table).await?,
    };
    let name = format!("{}-{}.{}", wanted.table.url_name(), sheet.day(), wanted.format.extension());
    tracing::info!(file = name, by = sheet.made_by, filters = ?sheet.filters, "an export begins");
    let pages = Reader::open(db, &wanted, selection).await?.pages();
    let body = stream::body(wanted.format, sheet, pages, permit).await?;
    Ok(file(wanted.format, &name, body))
}

fn file(format: Format, name: &str, body: Body) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // The name is made of letters, digits and dashes.
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

const fn title(table: Table) -> &'static str {
    match table {
        Table::Turns => "Turns",
        Table::Properties => "Properties",
        _ => "Vendors",
    }
}

async fn chart(db: &impl ConnectionTrait, table: Table) -> Result<Chart> {
    let (title, header) = match table {
        Table::Turns => ("Turns by stage", "Stage"),
        Table::Properties => ("Properties by market", "Market"),
        _ => ("Vendors by trade", "Trades"),
    };
    let mut stages = if table == Table::Turns { stages::all(db).await? } else { vec![] };
    stages.sort_by_key(|stage| stage.int("sequence"));
    let known = |stage: &Row| (stage.text("name").unwrap_or_default().to_owned(), stage.text("color").and_then(color));
    Ok(Chart {
        title,
        header,
        known: stages.iter().map(known).collect(),
    })
}

/// `#2b6cb0`
fn color(text: &str) -> Option<[u8; 3]> {
    let hex = text.strip_prefix('#').filter(|hex| hex.len() == 6)?;
    let [_, red, green, blue] = u32::from_str_radix(hex, 16).ok()?.to_be_bytes();
    Some([red, green, blue])
}

impl Wanted {
    /// The day that `from` and `to` are about.
    fn day(&self, sql: Sql) -> Expr {
        let column = format!("{}.{}", read::name(self.table), self.dated);
        let is_instant = self.table.column(self.dated).is_some_and(|column| column.kind == domain::ColumnType::Timestamp);
        if is_instant { Expr::cust(sql.day_of(&column)) } else { Expr::cust(column) }
    }
}
