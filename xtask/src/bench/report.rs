//! The table: as Markdown, for readers, and as JSON, for those who compare two of them.

use std::fmt::Write;

use serde_json::{Value, json};

use super::load::Measured;
use super::peers::Peer;

/// Everything that was measured.
pub(super) struct Report {
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) rows: Vec<Row>,
}

/// One line of the table: what each server made of one scenario.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) n_connections: usize,
    pub(super) unit: &'static str,
    pub(super) wanted: Wanted,
    pub(super) mlflow: Option<Cell>,
    pub(super) forebay: Option<Cell>,
    /// What went wrong, on either side.
    pub(super) complaints: Vec<String>,
}

/// What Forebay is to reach; the goal is twice the floor.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    /// So many times MLflow's figure at least.
    Times(f64),
    /// So much at most, in the row's unit.
    AtMost(f64),
    /// Reported only.
    Nothing,
}

/// What one server made.
pub(super) struct Cell {
    pub(super) figure: f64,
    pub(super) p50_ms: Option<f64>,
    pub(super) p99_ms: Option<f64>,
    pub(super) n_answers: usize,
    pub(super) n_errors: u32,
}

impl Cell {
    /// A load's throughput, where one request is worth `per_request`.
    pub(super) fn of_load(measured: &Measured, per_request: f64) -> Self {
        Self {
            figure: measured.rate * per_request,
            p50_ms: measured.latencies.percentile_ms(50),
            p99_ms: measured.latencies.percentile_ms(99),
            n_answers: measured.latencies.len(),
            n_errors: measured.n_errors,
        }
    }

    /// A plain figure, of which less is better.
    pub(super) fn of_figure(figure: f64) -> Self {
        Self { figure, p50_ms: None, p99_ms: None, n_answers: 0, n_errors: 0 }
    }
}

impl Row {
    /// Where `peer`'s figure goes.
    pub(super) fn cell(&mut self, peer: Peer) -> &mut Option<Cell> {
        match peer {
            Peer::Mlflow => &mut self.mlflow,
            Peer::Forebay => &mut self.forebay,
        }
    }

    /// How many times better Forebay is.
    fn ratio(&self) -> Option<f64> {
        let (mlflow, forebay) = (self.mlflow.as_ref()?.figure, self.forebay.as_ref()?.figure);
        let ratio = match self.wanted {
            Wanted::Times(_) => forebay / mlflow,
            Wanted::AtMost(_) | Wanted::Nothing => mlflow / forebay,
        };
        ratio.is_finite().then_some(ratio)
    }

    fn n_errors(&self) -> u32 {
        [&self.mlflow, &self.forebay].into_iter().flatten().map(|cell| cell.n_errors).sum()
    }

    fn verdict(&self) -> &'static str {
        let reached = match (self.wanted, self.ratio(), &self.forebay) {
            (Wanted::Times(floor), Some(ratio), _) => (ratio >= floor, ratio >= 2.0 * floor),
            (Wanted::AtMost(most), _, Some(cell)) => (cell.figure <= most, cell.figure <= most / 2.0),
            _ => return "",
        };
        match reached {
            (_, true) => "goal",
            (true, false) => "floor",
            (false, false) => "below",
        }
    }

    /// What is said as soon as it is known.
    pub(super) fn summary(&self) -> String {
        let cell = |cell: &Option<Cell>| {
            cell.as_ref().map_or("–".to_owned(), |cell| {
                let percentiles = percentiles(cell).map(|percentiles| format!(" ({percentiles} ms)"));
                format!("{}{}", short(cell.figure), percentiles.unwrap_or_default())
            })
        };
        let ratio = self.ratio().map_or(String::new(), |ratio| format!(", {}×", short(ratio)));
        let complaints = self.complaints.iter().map(|complaint| format!("\n    {complaint}"));
        format!(
            "{}: MLflow {}, Forebay {}{ratio} {}{}",
            self.unit,
            cell(&self.mlflow),
            cell(&self.forebay),
            self.verdict(),
            complaints.collect::<String>(),
        )
    }

    fn line(&self) -> String {
        let cell = |cell: &Option<Cell>| {
            cell.as_ref().map_or("– | –".to_owned(), |cell| {
                format!("{} | {}", short(cell.figure), percentiles(cell).unwrap_or("–".to_owned()))
            })
        };
        let ratio = self.ratio().map_or("–".to_owned(), |ratio| format!("{}×", short(ratio)));
        let (floor, goal) = match self.wanted {
            Wanted::Times(floor) => (format!("{}×", short(floor)), format!("{}×", short(2.0 * floor))),
            Wanted::AtMost(most) => (format!("≤ {}", short(most)), format!("≤ {}", short(most / 2.0))),
            Wanted::Nothing => ("–".to_owned(), "–".to_owned()),
        };
        format!(
            "| {} | {} | {} | {} | {} | {ratio} | {floor} | {goal} | {} | {} |",
            self.name,
            if self.n_connections == 0 { "–".to_owned() } else { self.n_connections.to_string() },
            self.unit,
            cell(&self.mlflow),
            cell(&self.forebay),
            self.verdict(),
            self.n_errors(),
        )
    }

    fn json(&self) -> Value {
        let cell = |cell: &Option<Cell>| {
            cell.as_ref().map(|cell| {
                json!({
                    "figure": cell.figure, "p50_ms": cell.p50_ms, "p99_ms": cell.p99_ms,
                    "answers": cell.n_answers, "errors": cell.n_errors,
                })
            })
        };
        let (floor, at_most) = match self.wanted {
            Wanted::Times(floor) => (Some(floor), None),
            Wanted::AtMost(most) => (None, Some(most)),
            Wanted::Nothing => (None, None),
        };
        json!({
            "scenario": self.name, "connections": self.n_connections, "unit": self.unit,
            "mlflow": cell(&self.mlflow), "forebay": cell(&self.forebay),
            "ratio": self.ratio(), "floor": floor, "at_most": at_most, "complaints": self.complaints,
        })
    }
}

impl Report {
    /// Whether every answer was right.
    pub(super) fn is_clean(&self) -> bool {
        self.rows.iter().all(|row| row.n_errors() == 0 && row.complaints.is_empty())
    }

    /// Facts, table and complaints.
    pub(super) fn markdown(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.facts {
            let _ = writeln!(text, "- {name}: {value}");
        }
        text.push_str("\n| scenario | connections | unit | MLflow | p50 / p99 ms | Forebay | p50 / p99 ms ");
        text.push_str("| ratio | floor | goal | reached | errors |\n");
        text.push_str("|---|--:|---|--:|--:|--:|--:|--:|--:|--:|---|--:|\n");
        for row in &self.rows {
            let _ = writeln!(text, "{}", row.line());
        }
        for row in self.rows.iter().filter(|row| !row.complaints.is_empty()) {
            let _ = write!(text, "\n- {}: {}", row.name, row.complaints.join("; "));
        }
        text
    }

    /// The same, unrounded.
    pub(super) fn json(&self) -> String {
        let facts: serde_json::Map<_, _> =
            self.facts.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let rows: Vec<_> = self.rows.iter().map(Row::json).collect();
        format!("{:#}\n", json!({ "facts": facts, "rows": rows }))
    }
}

/// Three digits are all that such a measurement tells.
pub(super) fn short(figure: f64) -> String {
    let decimals = match figure.abs() {
        figure if figure >= 100.0 => 0,
        figure if figure >= 10.0 => 1,
        figure if figure >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{figure:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn percentiles(cell: &Cell) -> Option<String> {
    Some(format!("{} / {}", short(cell.p50_ms?), short(cell.p99_ms?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(wanted: Wanted, mlflow: f64, forebay: f64) -> Row {
        let cell = |figure| Some(Cell::of_figure(figure));
        let (mlflow, forebay) = (cell(mlflow), cell(forebay));
        Row { name: "x", n_connections: 1, unit: "u", wanted, mlflow, forebay, complaints: Vec::new() }
    }

    #[test]
    fn figures_are_short() {
        assert_eq!([97.04, 6123.4, 0.4712, 20.0, 1.5].map(short), ["97", "6123", "0.471", "20", "1.5"]);
    }

    #[test]
    fn more_throughput_and_less_memory_are_better() {
        assert_eq!(row(Wanted::Times(5.0), 10.0, 60.0).ratio(), Some(6.0));
        assert_eq!(row(Wanted::AtMost(40.0), 1400.0, 35.0).ratio(), Some(40.0));
    }

    #[test]
    fn the_verdict_tells_goal_floor_and_less() {
        let verdicts = [4.0, 5.0, 10.0].map(|forebay| row(Wanted::Times(5.0), 1.0, forebay).verdict());
        assert_eq!(verdicts, ["below", "floor", "goal"]);
        let verdicts = [41.0, 40.0, 20.0].map(|forebay| row(Wanted::AtMost(40.0), 1.0, forebay).verdict());
        assert_eq!(verdicts, ["below", "floor", "goal"]);
    }

    #[test]
    fn a_row_of_one_server_has_no_ratio() {
        let row = Row { mlflow: None, ..row(Wanted::Times(5.0), 0.0, 60.0) };
        assert_eq!(row.line(), "| x | 1 | u | – | – | 60 | – | – | 5× | 10× |  | 0 |");
    }

    #[test]
    fn an_error_or_a_complaint_spoils_the_report() {
        let mut report = Report { facts: Vec::new(), rows: vec![row(Wanted::Nothing, 1.0, 1.0)] };
        assert!(report.is_clean());
        report.rows[0].complaints.push("other rows".to_owned());
        assert!(!report.is_clean());
        assert!(report.markdown().contains("- x: other rows"));
    }
}
