//! What a caller wants exported.
//!
//! **Invariant:** what is wanted names a table that the caller's role may export, and only columns that it sees.

use super::{
    Format,
    layout::{self, Field},
};
use crate::{
    problem::{Failure, Result},
    reports::parameters::Parameters,
};
use domain::{ColumnType, Role, Table, Viewer};
use protocol::ProblemCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// The parameters of an export, beside the filters.
pub const NAMES: [&str; 4] = ["type", "format", "active", "dateColumn"];

/// What to export.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "it describes the parameters; they are read by name, so that all that is wrong is told at once"
)]
pub struct ExportParameters {
    /// Which table.
    #[serde(rename = "type")]
    #[param(inline)]
    table: ExportType,
    /// Which kind of file.
    #[param(inline)]
    format: ExportFormat,
    /// Active rows, past ones, or (by default) all.
    #[param(inline)]
    active: Option<ExportActive>,
    /// The column that `from` and `to` are about: any date or time of the table. By default `move_out_date` of turns and properties,
    /// `insurance_expires_on` of vendors. Rows without that date are left out where `from` or `to` is given.
    #[param(example = "completed_on")]
    date_column: Option<String>,
}

/// A table that can be exported.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExportType {
    Properties,
    Turns,
    Vendors,
}

/// A file's format.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    Csv,
    Excel,
    Pdf,
}

/// Which rows by their `is_active`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExportActive {
    True,
    False,
    All,
}

/// What a caller wants, and may have.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The table.
    pub table: Table,
    /// Its columns, as far as the caller sees them.
    pub fields: Vec<Field>,
    /// The kind of file.
    pub format: Format,
    /// Active rows, past ones, or (by default) all.
    pub active: Option<bool>,
    /// The column that the first and the last day are about.
    pub dated: &'static str,
    /// Whether an administrator asks.
    pub is_for_admin: bool,
    /// What it is narrowed to, as the caller said it.
    pub filters: Vec<String>,
}

impl Wanted {
    /// Reads what is wanted; notes what is wrong. What is missing gets a value, for the notes to be complete.
    pub fn read(parameters: &mut Parameters, viewer: &Viewer) -> Result<Self> {
        for name in ["type", "format"] {
            if parameters.get(name).is_none() {
                parameters.refuse(name, "is required");
            }
        }
        let tables = [("properties", Table::Properties), ("turns", Table::Turns), ("vendors", Table::Vendors)];
        let table = parameters.one_of("type", &tables).unwrap_or(Table::Turns);
        if table == Table::Vendors && matches!(viewer.role, Role::DfoApprover | Role::HoApprover) {
            return Err(Failure::refused(ProblemCode::Permission, "vendors are for managers and administrators"));
        }
        let formats = [("csv", Format::Csv), ("excel", Format::Excel), ("pdf", Format::Pdf)];
        let active = [("true", Some(true)), ("false", Some(false)), ("all", None)];
        Ok(Self {
            table,
            fields: layout::fields(table, viewer),
            format: parameters.one_of("format", &formats).unwrap_or(Format::Csv),
            active: parameters.one_of("active", &active).flatten(),
            dated: parameters.one_of("dateColumn", &dates(table)).unwrap_or(default_date(table)),
            is_for_admin: viewer.role.is_admin(),
            filters: said(parameters),
        })
    }
}

/// The columns of a table that are days or instants.
fn dates(table: Table) -> Vec<(&'static str, &'static str)> {
    let is_time = |column: &&domain::Column| matches!(column.kind, ColumnType::Date | ColumnType::Timestamp);
    table.columns().iter().filter(is_time).map(|column| (column.name, column.name)).collect()
}

const fn default_date(table: Table) -> &'static str {
    match table {
        Table::Vendors => "insurance_expires_on",
        _ => "move_out_date",
    }
}

fn said(parameters: &Parameters) -> Vec<String> {
    let named = ["stage", "manager", "market", "vendor", "from", "to", "active", "dateColumn"];
    let said = named.iter().filter_map(|name| Some(format!("{}: {}", label(name), parameters.get(name)?)));
    said.collect()
}

const fn label(parameter: &str) -> &str {
    match parameter.as_bytes() {
        b"stage" => "Stage",
        b"manager" => "Manager",
        b"market" => "Market",
        b"vendor" => "Vendor",
        b"from" => "From",
        b"to" => "To",
        b"active" => "Active",
        _ => "Dates of",
    }
}
