//! Figures with their names, as a table for people and as JSON for programs.

use super::histogram::{Histogram, median};
use serde_json::{Map, Value, json};

/// How the names of figures of memory begin.
const MEMORY: &str = "memory_";

/// One figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Its name for programs, unit last.
    pub key: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// Its unit for people; empty for counts.
    pub unit: &'static str,
    /// Digits behind the point.
    pub digits: usize,
    /// The figure; `None` where it could not be measured.
    pub value: Option<f64>,
}

/// The figures of one run, or the medians of several.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures(pub Vec<Figure>);

impl Figures {
    /// Adds a figure.
    pub fn add(
        &mut self,
        key: &'static str,
        label: &'static str,
        unit: &'static str,
        digits: usize,
        value: Option<f64>,
    ) {
        self.0.push(Figure { key, label, unit, digits, value });
    }

    /// Adds p50, p95 and p99 of samples in microseconds, as milliseconds.
    pub fn add_percentiles(&mut self, named: [(&'static str, &'static str); 3], samples_us: &Histogram) {
        for ((key, label), share) in named.into_iter().zip([0.5, 0.95, 0.99]) {
            self.add(key, label, "ms", 2, samples_us.percentile(share).map(|us| us as f64 / 1_000.0));
        }
    }

    /// The figure of this name.
    pub fn get(&self, key: &str) -> Option<f64> {
        self.0.iter().find(|figure| figure.key == key).and_then(|figure| figure.value)
    }

    /// The median of each figure over several runs of the same kind, where it could be measured; of memory the first
    /// run's, because a server that has run before grows into memory that it has.
    pub fn median_of(runs: &[Self]) -> Self {
        let Some(first) = runs.first() else { return Self::default() };
        let figures = first.0.iter().map(|figure| {
            if figure.key.starts_with(MEMORY) {
                return figure.clone();
            }
            let mut values: Vec<f64> = runs.iter().filter_map(|run| run.get(figure.key)).collect();
            Figure { value: median(&mut values), ..figure.clone() }
        });
        Self(figures.collect())
    }

    /// The figures by name.
    pub fn to_json(&self) -> Value {
        let figures = self.0.iter().map(|figure| (figure.key.to_owned(), json!(figure.value)));
        Value::Object(figures.collect::<Map<_, _>>())
    }
}

/// A table with a column for each named set of figures; the rows are those of the first.
pub fn table(columns: &[(String, &Figures)]) -> String {
    let Some((_, first)) = columns.first() else { return String::new() };
    let header =
        std::iter::once(String::new()).chain(columns.iter().map(|(name, _)| name.clone())).chain([String::new()]);
    let rows = first.0.iter().map(|figure| {
        let values = columns.iter().map(|(_, figures)| match figures.get(figure.key) {
            Some(value) => format!("{value:.*}", figure.digits),
            None => "–".to_owned(),
        });
        std::iter::once(figure.label.to_owned()).chain(values).chain([figure.unit.to_owned()]).collect::<Vec<_>>()
    });
    let rows: Vec<Vec<String>> = std::iter::once(header.collect()).chain(rows).collect();
    let last = columns.len() + 1;
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..=last).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = format!("{:<1$}", row[0], widths[0]);
        for column in 1..last {
            line.push_str(&format!("  {:>1$}", row[column], widths[column].max(8)));
        }
        line.push_str(&format!("  {}", row[last]));
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(cpu: f64, loss: Option<f64>) -> Figures {
        let mut figures = Figures::default();
        figures.add("cpu_us", "CPU a packet", "µs", 2, Some(cpu));
        figures.add("loss", "lost", "", 0, loss);
        figures.add("memory_kib", "memory", "KiB", 0, Some(100.0 * cpu));
        figures
    }

    #[test]
    fn several_runs_become_their_median() {
        let median = Figures::median_of(&[run(3.0, None), run(1.0, Some(7.0)), run(2.0, None)]);
        assert_eq!((median.get("cpu_us"), median.get("loss")), (Some(2.0), Some(7.0)));
        assert_eq!(median.get("memory_kib"), Some(300.0), "the first run's");
        assert_eq!(Figures::median_of(&[]), Figures::default());
    }

    #[test]
    fn the_table_has_a_column_for_each() {
        let (a, b) = (run(3.456, Some(0.0)), run(12.0, None));
        let text = table(&[("hearth".to_owned(), &a), ("janus".to_owned(), &b)]);
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(
            lines,
            [
                vec!["hearth", "janus"],
                vec!["CPU", "a", "packet", "3.46", "12.00", "µs"],
                vec!["lost", "0", "–"],
                vec!["memory", "346", "1200", "KiB"]
            ]
        );
    }

    #[test]
    fn programs_get_names_and_numbers() {
        assert_eq!(run(1.5, None).to_json(), json!({ "cpu_us": 1.5, "loss": null, "memory_kib": 150.0 }));
    }
}
