//! What the rows of a document add up to, counted while they pass.
//!
//! **Invariant:** its size does not depend on the number of rows.

use super::super::{
    read::Record,
    sheet::{Chart, Sheet},
};
use super::canvas::{ACCENT, Color};
use domain::{Cents, Value};
use std::collections::HashMap;

/// Different values that are told apart; what comes after them counts as other.
const MOST_VALUES: usize = 1_000;
const OTHER: &str = "Other";
const NONE: &str = "None";

/// Totals so far.
pub struct Tally<'a> {
    /// How many rows.
    pub rows: u64,
    /// Of each field that is summed, in order: its place, its header and the sum.
    pub sums: Vec<(usize, &'static str, Cents)>,
    chart: &'a Chart,
    charted: Option<usize>,
    counts: HashMap<Box<str>, u64>,
}

/// One bar of the chart.
pub struct Bar {
    /// What it counts.
    pub label: String,
    /// How many.
    pub count: u64,
    /// In which colour.
    pub color: Color,
}

impl<'a> Tally<'a> {
    /// Nothing yet.
    pub fn new(sheet: &'a Sheet) -> Self {
        let summed = sheet.fields.iter().enumerate().filter(|(_, field)| field.is_summed);
        Self {
            rows: 0,
            sums: summed.map(|(at, field)| (at, field.header, Cents(0))).collect(),
            chart: &sheet.chart,
            charted: sheet.fields.iter().position(|field| field.header == sheet.chart.header),
            counts: HashMap::new(),
        }
    }

    /// Counts a row.
    pub fn count(&mut self, record: &Record) {
        self.rows += 1;
        for (at, _, sum) in &mut self.sums {
            if let Some(Value::Numeric(cents)) = record.get(*at) {
                *sum = *sum + Cents(*cents);
            }
        }
        match self.charted.and_then(|at| record.get(at)) {
            Some(Value::Text(text)) => self.count_value(text),
            Some(Value::Texts(texts)) => texts.iter().for_each(|text| self.count_value(text)),
            Some(_) => self.count_value(NONE),
            None => {}
        }
    }

    /// The chart's bars: at most so many, the last one for all others.
    pub fn bars(&self, most: usize) -> Vec<Bar> {
        let known = self.chart.known.iter().map(|(label, color)| Bar {
            label: label.clone(),
            count: self.counts.get(&**label).copied().unwrap_or(0),
            color: color.unwrap_or(ACCENT),
        });
        let mut bars: Vec<Bar> = known.collect();
        let is_known = |label: &str| self.chart.known.iter().any(|(known, _)| known == label);
        let mut rest: Vec<_> = self.counts.iter().filter(|(label, _)| !is_known(label)).collect();
        rest.sort_by(|(a, more), (b, less)| (less, a).cmp(&(more, b)));
        bars.extend(rest.into_iter().map(|(label, count)| Bar {
            label: label.to_string(),
            count: *count,
            color: ACCENT,
        }));
        if bars.len() > most {
            let others = bars.split_off(most - 1);
            bars.push(Bar {
                label: OTHER.to_owned(),
                count: others.iter().map(|bar| bar.count).sum(),
                color: ACCENT,
            });
        }
        bars
    }

    fn count_value(&mut self, value: &str) {
        if let Some(count) = self.counts.get_mut(value) {
            *count += 1;
            return;
        }
        let value = if self.counts.len() < MOST_VALUES { value } else { OTHER };
        *self.counts.entry(value.into()).or_insert(0) += 1;
    }
}
