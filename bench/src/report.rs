//! The figures of one run: printed as a table, kept as JSON.

use anyhow::{Result, ensure};
use serde_json::json;
use std::{cmp::Ordering, path::PathBuf};

/// Figures in the order that they were measured.
#[derive(Default)]
pub struct Report {
    figures: Vec<(String, f64, &'static str)>,
    missed: Vec<String>,
}

impl Report {
    /// Notes a figure with its unit.
    pub fn add(&mut self, what: impl Into<String>, figure: f64, unit: &'static str) {
        self.figures.push((what.into(), figure, unit));
    }

    /// Notes a figure that must not be less than a goal.
    pub fn add_with_goal(&mut self, what: impl Into<String>, figure: f64, unit: &'static str, at_least: f64) {
        let what = what.into();
        // A figure that is no number meets no goal.
        if figure.partial_cmp(&at_least).is_none_or(Ordering::is_lt) {
            self.missed.push(format!("{what}: {figure:.1} {unit}, at least {at_least} {unit} are wanted"));
        }
        self.add(what, figure, unit);
    }

    /// Fails where a goal was missed, naming each.
    pub fn demand_goals(&self) -> Result<()> {
        ensure!(self.missed.is_empty(), "MISSED\n  {}", self.missed.join("\n  "));
        Ok(())
    }

    /// Notes the median and the 95th percentile of samples.
    pub fn add_samples(&mut self, what: &str, mut samples: Vec<f64>, unit: &'static str) {
        samples.sort_by(f64::total_cmp);
        self.add(format!("{what}, median of {}", samples.len()), at(&samples, 0.5), unit);
        self.add(format!("{what}, 95th percentile"), at(&samples, 0.95), unit);
    }

    /// Notes the median and the 99th percentile of times in milliseconds.
    pub fn add_times(&mut self, what: &str, mut milliseconds: Vec<f64>) {
        milliseconds.sort_by(f64::total_cmp);
        self.add(format!("{what}, median of {}", milliseconds.len()), at(&milliseconds, 0.5), "ms");
        self.add(format!("{what}, 99th percentile"), at(&milliseconds, 0.99), "ms");
    }

    /// Prints the table.
    pub fn print(&self) {
        for (what, figure, unit) in &self.figures {
            let decimals = if figure.fract() == 0.0 { 0 } else { 2 };
            println!("{what:<64} {figure:>12.decimals$} {unit}");
        }
    }

    /// Keeps the figures beside the build, as `target/bench/<name>.json`.
    pub fn save(&self, name: &str) -> Result<()> {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../target/bench/{name}.json"));
        std::fs::create_dir_all(file.parent().unwrap_or(&file))?;
        let figures: Vec<_> = self
            .figures
            .iter()
            .map(|(what, figure, unit)| json!({ "what": what, "figure": figure, "unit": unit }))
            .collect();
        std::fs::write(&file, serde_json::to_string_pretty(&figures)?)?;
        println!("\nKept as target/bench/{name}.json");
        Ok(())
    }
}

/// The one in the middle.
pub fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    at(&samples, 0.5)
}

/// What a share of sorted samples does not exceed.
fn at(samples: &[f64], share: f64) -> f64 {
    let place = ((samples.len() as f64 - 1.0) * share).round() as usize;
    samples.get(place).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_goal_is_an_error_that_names_it() {
        let mut report = Report::default();
        report.add_with_goal("met", 90.0, "%", 90.0);
        assert!(report.demand_goals().is_ok());
        for figure in [89.9, f64::NAN] {
            report.add_with_goal("a rate", figure, "%", 90.0);
        }
        let missed = report.demand_goals().err().map(|error| error.to_string()).unwrap_or_default();
        assert!(
            missed.starts_with("MISSED") && missed.contains("a rate: 89.9 %, at least 90 %") && !missed.contains("met:"),
            "{missed}"
        );
    }
}
