//! The box at the head of a document: totals at its left, the chart at its right.
//!
//! **Invariant:** drawn when the last row has passed, into the place that the first page left for it.

use super::super::sheet::Sheet;
use super::{
    MARGIN, PAGE_WIDTH,
    canvas::{Align, Canvas, Fonts, LINE, MUTED, SOFT, Style},
    table::grouped,
    tally::Tally,
};

/// Its height.
pub const HEIGHT: f32 = 138.0;
/// Its width.
pub const WIDTH: f32 = PAGE_WIDTH - 2.0 * MARGIN;

const TOTALS_WIDTH: f32 = 210.0;
const LABELS_WIDTH: f32 = 110.0;
const MOST_BARS: usize = 10;

/// Draws it, with its lower left corner at 0, 0.
pub fn draw(sheet: &Sheet, tally: &Tally<'_>, fonts: &mut Fonts) -> Canvas {
    let mut canvas = Canvas::new();
    draw_totals(&mut canvas, sheet, tally, fonts);
    draw_chart(&mut canvas, sheet, tally, fonts);
    canvas
}

fn draw_totals(canvas: &mut Canvas, sheet: &Sheet, tally: &Tally<'_>, fonts: &mut Fonts) {
    canvas.fill(SOFT, [0.0, 0.0, TOTALS_WIDTH, HEIGHT]);
    let width = TOTALS_WIDTH - 24.0;
    canvas.text(fonts, &grouped(tally.rows), Style::text(24.0).bold(), Align::Left, [12.0, HEIGHT - 33.0, width]);
    let what = sheet.title.to_lowercase();
    canvas.text(fonts, &what, Style::text(9.0).color(MUTED), Align::Left, [12.0, HEIGHT - 47.0, width]);
    let mut y = HEIGHT - 70.0;
    for (_, header, sum) in &tally.sums {
        canvas.fill(LINE, [12.0, y + 12.0, width, 0.6]);
        canvas.text(fonts, header, Style::text(8.0).color(MUTED), Align::Left, [12.0, y, width / 2.0]);
        let end = TOTALS_WIDTH - 12.0;
        canvas.text(fonts, &sum.to_string(), Style::text(9.0).bold(), Align::Right, [end, y, width / 2.0]);
        y -= 20.0;
    }
}

fn draw_chart(canvas: &mut Canvas, sheet: &Sheet, tally: &Tally<'_>, fonts: &mut Fonts) {
    let left = TOTALS_WIDTH + 24.0;
    let title = Style::text(9.0).bold();
    canvas.text(fonts, sheet.chart.title, title, Align::Left, [left, HEIGHT - 12.0, WIDTH - left]);
    let bars = tally.bars(MOST_BARS);
    let most = bars.iter().map(|bar| bar.count).max().unwrap_or(0).max(1);
    let longest = WIDTH - left - LABELS_WIDTH - 50.0;
    let step = ((HEIGHT - 22.0) / bars.len().max(1) as f32).min(15.0);
    let mut y = HEIGHT - 22.0 - step;
    for bar in bars {
        let style = Style::text(7.5);
        let baseline = y + step / 2.0 - 2.6;
        let labels_end = left + LABELS_WIDTH - 8.0;
        canvas.text(fonts, &bar.label, style.color(MUTED), Align::Right, [labels_end, baseline, LABELS_WIDTH - 8.0]);
        let length = (longest * bar.count as f32 / most as f32).max(if bar.count > 0 { 1.5 } else { 0.0 });
        canvas.fill(bar.color, [left + LABELS_WIDTH, y + 1.5, length, step - 3.0]);
        let number = [left + LABELS_WIDTH + length + 5.0, baseline, 60.0];
        canvas.text(fonts, &grouped(bar.count), style.bold(), Align::Left, number);
        y -= step;
    }
    let foot = y + step;
    canvas.fill(LINE, [left + LABELS_WIDTH - 0.8, foot, 0.8, HEIGHT - 22.0 - foot]);
}
