//! The table of the subjects with more than two contestants: a column for each, and floors that name the column
//! they are measured against.

use std::fmt::Write;

use serde_json::{Value, json};

use super::report::short;

/// Everything that was measured.
pub(super) struct Sheet {
    pub(super) facts: Vec<(&'static str, String)>,
    /// What is compared; the last is Forebay.
    pub(super) columns: Vec<&'static str>,
    pub(super) lines: Vec<Line>,
    /// What could not be measured, and why.
    pub(super) absent: Vec<String>,
}

/// What the contestants made of one load.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) unit: &'static str,
    /// As many as there are columns.
    pub(super) cells: Vec<Option<Cell>>,
    pub(super) floors: Vec<Floor>,
    pub(super) complaints: Vec<String>,
}

/// What one contestant made.
#[derive(Clone, Default)]
pub(super) struct Cell {
    pub(super) figure: f64,
    pub(super) p50_ms: Option<f64>,
    pub(super) p99_ms: Option<f64>,
    pub(super) n_answers: usize,
    pub(super) n_errors: u32,
    pub(super) n_wrong: u32,
    /// As in "chunks of 100".
    pub(super) remark: Option<String>,
}

/// What Forebay is to reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Floor {
    /// So many times the figure of the column at least.
    Times(f64, usize),
    /// A median latency at most so many ms above that of the column.
    Adds(f64, usize),
    /// A figure of so much at most.
    AtMost(f64),
}

impl Cell {
    /// A plain figure.
    pub(super) fn of(figure: f64) -> Self {
        Self { figure, ..Self::default() }
    }

    fn text(&self) -> String {
        let latencies = self.p50_ms.zip(self.p99_ms);
        let latencies = latencies.map(|(p50, p99)| format!(" ({} / {})", short(p50), short(p99)));
        let remark = self.remark.as_ref().map(|remark| format!(", {remark}"));
        format!("{}{}{}", short(self.figure), latencies.unwrap_or_default(), remark.unwrap_or_default())
    }

    fn json(&self) -> Value {
        json!({
            "figure": self.figure, "p50_ms": self.p50_ms, "p99_ms": self.p99_ms, "answers": self.n_answers,
            "errors": self.n_errors, "wrong": self.n_wrong, "remark": self.remark,
        })
    }
}

impl Line {
    /// A line without any figure yet.
    pub(super) fn new(name: String, unit: &'static str, n_columns: usize) -> Self {
        Self { name, unit, cells: vec![None; n_columns], floors: Vec::new(), complaints: Vec::new() }
    }

    /// How Forebay's figure, or what it adds in ms, and the floor compare; none where one was not measured.
    fn reached(&self, floor: Floor) -> Option<(f64, bool)> {
        let ours = self.cells.last()?.as_ref()?;
        let other = |column: usize| self.cells.get(column)?.as_ref();
        let (figure, is_reached) = match floor {
            Floor::Times(least, column) => {
                let ratio = ours.figure / other(column)?.figure;
                (ratio, ratio >= least)
            }
            Floor::Adds(most, column) => {
                let added = ours.p50_ms? - other(column)?.p50_ms?;
                (added, added <= most)
            }
            Floor::AtMost(most) => (ours.figure, ours.figure <= most),
        };
        figure.is_finite().then_some((figure, is_reached))
    }

    fn verdict(&self, floor: Floor, columns: &[&str]) -> String {
        let (wanted, unit) = match floor {
            Floor::Times(least, column) => (format!("≥ {}× {}", short(least), columns[column]), "×"),
            Floor::Adds(most, column) => (format!("{} p50 + ≤ {} ms", columns[column], short(most)), " ms"),
            Floor::AtMost(most) => (format!("≤ {}", short(most)), ""),
        };
        let reached = self.reached(floor).map_or("not measured".to_owned(), |(figure, is_reached)| {
            format!("{}{unit} {}", short(figure), if is_reached { "reached" } else { "**below**" })
        });
        format!("{wanted}: {reached}")
    }

    fn count(&self, of: impl Fn(&Cell) -> u32) -> u32 {
        self.cells.iter().flatten().map(of).sum()
    }

    fn row(&self, columns: &[&str]) -> String {
        let cells = self.cells.iter().map(|cell| cell.as_ref().map_or("–".to_owned(), Cell::text));
        let floors: Vec<_> = self.floors.iter().map(|floor| self.verdict(*floor, columns)).collect();
        format!(
            "| {} | {} | {} | {} | {} | {} |",
            self.name,
            self.unit,
            cells.collect::<Vec<_>>().join(" | "),
            floors.join("<br>"),
            self.count(|cell| cell.n_errors),
            self.count(|cell| cell.n_wrong),
        )
    }

    /// What is said of one column as soon as it is known.
    pub(super) fn said(&self, columns: &[&str], column: usize) -> String {
        let cell = self.cells[column].as_ref();
        let wrong = cell.map_or(0, |cell| cell.n_errors + cell.n_wrong);
        let wrong = if wrong == 0 { String::new() } else { format!(", {wrong} errors and wrong answers") };
        let cell = cell.map_or("–".to_owned(), Cell::text);
        format!("{}, {}: {}, {cell}{wrong}", self.name, self.unit, columns[column])
    }

    fn json(&self, columns: &[&str]) -> Value {
        let cells: serde_json::Map<_, _> = columns
            .iter()
            .zip(&self.cells)
            .map(|(column, cell)| ((*column).to_owned(), cell.as_ref().map_or(Value::Null, Cell::json)))
            .collect();
        let floors = self.floors.iter().map(|floor| {
            let reached = self.reached(*floor);
            json!({
                "floor": self.verdict(*floor, columns), "figure": reached.map(|(figure, _)| figure),
                "reached": reached.map(|(_, is_reached)| is_reached),
            })
        });
        json!({
            "load": self.name, "unit": self.unit, "cells": cells,
            "floors": floors.collect::<Vec<_>>(), "complaints": self.complaints,
        })
    }
}

impl Sheet {
    /// Whether every answer was right.
    pub(super) fn is_clean(&self) -> bool {
        let is_clean =
            |line: &Line| line.complaints.is_empty() && line.count(|cell| cell.n_errors + cell.n_wrong) == 0;
        self.lines.iter().all(is_clean)
    }

    /// Facts, table, complaints, and what is missing.
    pub(super) fn markdown(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.facts {
            let _ = writeln!(text, "- {name}: {value}");
        }
        let columns = self.columns.join(" | ");
        let _ = writeln!(text, "\nIn parentheses p50 / p99 in ms.\n");
        let _ = writeln!(text, "| load | unit | {columns} | floors | errors | wrong answers |");
        let _ = writeln!(text, "|---|---|{}---|--:|--:|", "--:|".repeat(self.columns.len()));
        for line in &self.lines {
            let _ = writeln!(text, "{}", line.row(&self.columns));
        }
        for absent in &self.absent {
            let _ = write!(text, "\n- {absent}");
        }
        for line in self.lines.iter().filter(|line| !line.complaints.is_empty()) {
            let _ = write!(text, "\n- {}: {}", line.name, line.complaints.join("; "));
        }
        text
    }

    /// The same, unrounded.
    pub(super) fn json(&self) -> String {
        let facts: serde_json::Map<_, _> =
            self.facts.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let lines: Vec<_> = self.lines.iter().map(|line| line.json(&self.columns)).collect();
        format!("{:#}\n", json!({ "facts": facts, "lines": lines, "absent": self.absent }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(floor: Floor, other: Cell, ours: Cell) -> Line {
        let cells = vec![Some(other), Some(ours)];
        Line { cells, floors: vec![floor], ..Line::new("x".to_owned(), "u", 2) }
    }

    #[test]
    fn a_floor_names_its_column_and_what_was_reached() {
        let row = |ours| line(Floor::Times(15.0, 0), Cell::of(10.0), Cell::of(ours)).row(&["a", "b"]);
        assert_eq!(row(200.0), "| x | u | 10 | 200 | ≥ 15× a: 20× reached | 0 | 0 |");
        assert_eq!(row(100.0), "| x | u | 10 | 100 | ≥ 15× a: 10× **below** | 0 | 0 |");
    }

    #[test]
    fn what_is_added_is_a_difference_of_medians() {
        let cell = |p50_ms| Cell { p50_ms: Some(p50_ms), ..Cell::of(1.0) };
        let reached = |ours| line(Floor::Adds(0.15, 0), cell(0.25), cell(ours)).reached(Floor::Adds(0.15, 0));
        assert_eq!([0.375, 0.5].map(reached), [Some((0.125, true)), Some((0.25, false))]);
    }

    #[test]
    fn what_was_not_measured_is_neither_reached_nor_below() {
        let mut line = line(Floor::Times(1.0, 0), Cell::of(1.0), Cell::of(1.0));
        line.cells[0] = None;
        assert!(line.row(&["a", "b"]).contains("not measured"));
    }

    #[test]
    fn a_wrong_answer_spoils_the_sheet() {
        let wrong = Cell { n_wrong: 1, ..Cell::of(1.0) };
        let lines = vec![line(Floor::AtMost(2.0), Cell::of(1.0), wrong)];
        let sheet = Sheet { facts: Vec::new(), columns: vec!["a", "b"], lines, absent: Vec::new() };
        assert!(!sheet.is_clean());
    }
}
