//! An Excel workbook.
//!
//! Rows go to a temporary file without a name, which is gone when this process is, whatever ends it; from there they are
//! packed into the answer.
//!
//! **Invariant:** what was typed is text: never a formula, never a link.

use super::{
    read::Record,
    sheet::{Sheet, is_money, plain},
};
use domain::{ColumnType, Value};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError};
use std::io::{self, Write};

/// Excel's own limit, without the header.
const SHEET_ROWS: u32 = 1_048_575;

/// Writes the whole file.
pub fn write(sheet: &Sheet, records: impl Iterator<Item = io::Result<Record>>, out: impl Write + Send) -> io::Result<()> {
    let columns: Vec<Column> = sheet.columns().map(|(field, kind)| Column::new(field.header, kind)).collect();
    let mut workbook = Workbook::new();
    workbook.set_properties(&properties(sheet)?);
    let mut records = records.peekable();
    for number in 1.. {
        let page = workbook.add_worksheet_with_constant_memory().map_err(io::Error::other)?;
        let name = if number == 1 {
            sheet.title.to_owned()
        } else {
            format!("{} {number}", sheet.title)
        };
        fill(page, &name, &columns, &mut records)?;
        if records.peek().is_none() {
            break;
        }
    }
    workbook.save_to_writer(out).map_err(io::Error::other)
}

/// One column, as Excel shows it.
struct Column {
    header: &'static str,
    kind: ColumnType,
    format: Format,
    width: f64,
}

impl Column {
    fn new(header: &'static str, kind: ColumnType) -> Self {
        let (format, width): (_, f64) = match kind {
            ColumnType::Date => (Format::new().set_num_format("yyyy-mm-dd"), 12.0),
            ColumnType::Timestamp => (Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"), 19.0),
            kind if is_money(kind) => (Format::new().set_num_format("\"$\"#,##0.00"), 14.0),
            ColumnType::Numeric { scale: 1, .. } => (Format::new().set_num_format("0.0"), 9.0),
            ColumnType::Numeric { .. } => (Format::new().set_num_format("0.00"), 9.0),
            ColumnType::Int4 | ColumnType::Int8 | ColumnType::Bool => (Format::new(), 9.0),
            ColumnType::Uuid => (Format::new(), 38.0),
            ColumnType::Text | ColumnType::TextArray => (Format::new(), 22.0),
        };
        Self {
            header,
            kind,
            format,
            // The filter's arrow stands in the header too.
            width: width.max(header.len() as f64 + 4.0),
        }
    }
}

fn fill(page: &mut Worksheet, name: &str, columns: &[Column], records: &mut impl Iterator<Item = io::Result<Record>>) -> io::Result<()> {
    begin(page, name, columns).map_err(io::Error::other)?;
    let mut last = 0;
    for row in 1..=SHEET_ROWS {
        let Some(record) = records.next().transpose()? else { break };
        for (at, (value, column)) in (0_u16..).zip(record.iter().zip(columns)) {
            cell(page, row, at, value, column).map_err(io::Error::other)?;
        }
        last = row;
    }
    let last_column = columns.len().saturating_sub(1) as u16;
    page.autofilter(0, 0, last, last_column).map_err(io::Error::other)?;
    Ok(())
}

fn begin(page: &mut Worksheet, name: &str, columns: &[Column]) -> Result<(), XlsxError> {
    let header = Format::new()
        .set_bold()
        .set_font_color(0x00FF_FFFF)
        .set_background_color(0x001F_5C4F)
        .set_align(FormatAlign::VerticalCenter);
    page.set_name(name)?
        .set_freeze_panes(1, 0)?
        .set_landscape()
        .set_repeat_rows(0, 0)?
        .set_print_fit_to_pages(1, 0);
    page.set_row_height(0, 20)?;
    for (at, column) in (0_u16..).zip(columns) {
        page.set_column_width(at, column.width)?;
        page.write_string_with_format(0, at, column.header, &header)?;
    }
    Ok(())
}

fn cell(page: &mut Worksheet, row: u32, at: u16, value: &Value, column: &Column) -> Result<(), XlsxError> {
    match value {
        Value::Null => return Ok(()),
        Value::Bool(is) => page.write_boolean(row, at, *is)?,
        Value::Int(number) => page.write_number(row, at, *number as f64)?,
        Value::Numeric(unscaled) => {
            let number = *unscaled as f64 / 10_f64.powi(column.kind.scale().into());
            page.write_number_with_format(row, at, number, &column.format)?
        }
        Value::Date(_) | Value::Timestamp(_) => match ExcelDateTime::parse_from_str(&plain(value, column.kind)) {
            Ok(moment) => page.write_datetime_with_format(row, at, &moment, &column.format)?,
            // Excel's calendar begins in 1900.
            Err(_) => page.write_string(row, at, plain(value, column.kind))?,
        },
        Value::Text(_) | Value::Texts(_) | Value::Uuid(_) => page.write_string(row, at, plain(value, column.kind))?,
    };
    Ok(())
}

fn properties(sheet: &Sheet) -> io::Result<DocProperties> {
    let made_at = ExcelDateTime::from_timestamp(sheet.made_at.micros().div_euclid(1_000_000)).map_err(io::Error::other)?;
    Ok(DocProperties::new()
        .set_title(sheet.title)
        .set_subject(sheet.filters.join(" · "))
        .set_author(&sheet.made_by)
        .set_company("Turns")
        .set_creation_datetime(&made_at))
}
