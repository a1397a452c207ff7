//! The table of a document: which columns are printed, where each stands, and how a row looks.
//!
//! **Invariant:** a line is as wide as the page, whatever columns a role does not see.

use super::super::{
    read::Record,
    sheet::{Sheet, is_money, plain},
};
use super::{
    MARGIN, PAGE_WIDTH,
    canvas::{ACCENT, Align, Canvas, Fonts, INK, SOFT, Style, WHITE},
    tally::Tally,
};
use domain::{Cents, ColumnType, Value};

/// The height of a line.
pub const LINE_HEIGHT: f32 = 14.0;
/// The height of the line of headers.
pub const HEADER_HEIGHT: f32 = 18.0;

const SIZE: f32 = 7.0;
const PADDING: f32 = 3.0;
/// Between a number's end and the text of the next column.
const GAP: f32 = 7.0;

/// The printed columns.
pub struct Columns(Vec<Column>);

struct Column {
    /// Which value of a record.
    at: usize,
    header: &'static str,
    kind: ColumnType,
    left: f32,
    width: f32,
}

impl Columns {
    /// Shares the page's width among the columns that are printed.
    pub fn of(sheet: &Sheet) -> Self {
        let printed = || sheet.columns().enumerate().filter_map(|(at, (field, kind))| Some((at, kind, field.print?)));
        let shares: u16 = printed().map(|(_, _, print)| print.share).sum();
        let mut left = MARGIN;
        let columns = printed().map(|(at, kind, print)| {
            let width = (PAGE_WIDTH - 2.0 * MARGIN) * f32::from(print.share) / f32::from(shares);
            left += width;
            Column {
                at,
                header: print.header,
                kind,
                left: left - width,
                width,
            }
        });
        Self(columns.collect())
    }

    /// Draws the headers with the upper edge at `top`.
    pub fn draw_header(&self, canvas: &mut Canvas, fonts: &mut Fonts, top: f32) {
        canvas.fill(ACCENT, [MARGIN, top - HEADER_HEIGHT, PAGE_WIDTH - 2.0 * MARGIN, HEADER_HEIGHT]);
        for column in &self.0 {
            column.put(canvas, fonts, column.header, Style::text(SIZE).color(WHITE).bold(), top - 12.0);
        }
    }

    /// Draws a row; every other one on a tinted ground.
    pub fn draw_row(&self, canvas: &mut Canvas, fonts: &mut Fonts, record: &Record, top: f32, is_tinted: bool) {
        if is_tinted {
            canvas.fill(SOFT, [MARGIN, top - LINE_HEIGHT, PAGE_WIDTH - 2.0 * MARGIN, LINE_HEIGHT]);
        }
        for column in &self.0 {
            match record.get(column.at) {
                Some(Value::Null) | None => {}
                Some(value) => {
                    column.put(canvas, fonts, &printed(value, column.kind), Style::text(SIZE), top - 9.8);
                }
            }
        }
    }

    /// Draws the sums under a line.
    pub fn draw_totals(&self, canvas: &mut Canvas, fonts: &mut Fonts, tally: &Tally<'_>, top: f32) {
        canvas.fill(INK, [MARGIN, top - 0.8, PAGE_WIDTH - 2.0 * MARGIN, 0.8]);
        let style = Style::text(SIZE).bold();
        if let Some(first) = self.0.first() {
            let text = format!("Total: {}", grouped(tally.rows));
            // It may go on over the columns that have no sum.
            canvas.text(fonts, &text, style, Align::Left, [first.left + PADDING, top - 11.0, first.width * 2.0]);
        }
        for (at, _, sum) in &tally.sums {
            if let Some(column) = self.0.iter().find(|column| column.at == *at) {
                column.put(canvas, fonts, &sum.to_string(), style, top - 11.0);
            }
        }
    }
}

impl Column {
    fn put(&self, canvas: &mut Canvas, fonts: &mut Fonts, text: &str, style: Style, y: f32) {
        let is_number = matches!(self.kind, ColumnType::Numeric { .. } | ColumnType::Int4 | ColumnType::Int8);
        let (align, x, width) = if is_number {
            (Align::Right, self.left + self.width - GAP, self.width - GAP)
        } else {
            (Align::Left, self.left + PADDING, self.width - 2.0 * PADDING)
        };
        canvas.text(fonts, text, style, align, [x, y, width]);
    }
}

/// A value as people read it on paper.
fn printed(value: &Value, kind: ColumnType) -> String {
    match value {
        Value::Numeric(cents) if is_money(kind) => Cents(*cents).to_string(),
        // Two bedrooms, but two and a half baths.
        Value::Numeric(_) if kind.scale() == 1 => plain(value, kind).trim_end_matches(".0").to_owned(),
        value => plain(value, kind),
    }
}

/// `12,345`
pub fn grouped(count: u64) -> String {
    let amount = Cents(i64::try_from(count).unwrap_or(i64::MAX).saturating_mul(100)).to_string();
    amount.trim_start_matches('$').trim_end_matches(".00").to_owned()
}
