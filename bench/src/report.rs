//! The figures of one run: printed as a table, kept as JSON.

use anyhow::Result;
use serde_json::json;
use std::path::PathBuf;

/// Figures in the order that they were measured.
#[derive(Default)]
pub struct Report {
    figures: Vec<(String, f64, &'static str)>,
}

impl Report {
    /// Notes a figure with its unit.
    pub fn add(&mut self, what: impl Into<String>, figure: f64, unit: &'static str) {
        self.figures.push((what.into(), figure, unit));
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
