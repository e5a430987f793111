//! Gathers rows of a table, value by value, into the columns of a signature.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Schema, SchemaRef};

use super::cell::Cell;
use super::column_builder::ColumnBuilder;
use super::misfit;
use super::signature::Column;

/// Columns up to which a name is looked for one by one.
const FEW: usize = 8;

/// The columns of a signature, prepared once for all requests.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    columns: Vec<Column>,
    schema: SchemaRef,
    /// Of those that have a name.
    by_name: HashMap<String, usize>,
}

impl Layout {
    /// Prepares the columns of a signature.
    pub(crate) fn new(columns: &[Column]) -> Self {
        let named = |(position, column): (usize, &Column)| Some((column.name.clone()?, position));
        Layout {
            schema: Arc::new(Schema::new(columns.iter().map(Column::arrow).collect::<Vec<_>>())),
            by_name: columns.iter().enumerate().filter_map(named).collect(),
            columns: columns.to_vec(),
        }
    }

    /// As the signature has them.
    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Whether the columns go by position.
    pub(crate) fn is_positional(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Where the column of a name is; most callers send the columns in order, so `likely` is looked at first.
    pub(crate) fn position(&self, name: &str, likely: usize) -> Option<usize> {
        let is_it = |column: &Column| column.name.as_deref() == Some(name);
        match self.columns.get(likely) {
            Some(column) if is_it(column) => Some(likely),
            _ if self.columns.len() <= FEW => self.columns.iter().position(is_it),
            _ => self.by_name.get(name).copied(),
        }
    }

    /// How errors call a column.
    pub(crate) fn label(&self, position: usize) -> String {
        match self.columns.get(position).and_then(|column| column.name.as_deref()) {
            Some(name) => format!("column '{name}'"),
            None => format!("column {position}"),
        }
    }
}

/// Rows for the columns of a layout.
#[derive(Debug)]
pub(crate) struct Rows<'s> {
    layout: &'s Layout,
    builders: Vec<ColumnBuilder<'s>>,
    /// Whether any row had something for the column.
    came: Vec<bool>,
    /// Values of the longest row that was a list; none without any.
    widest: Option<usize>,
    /// Rows that are whole.
    n_whole: usize,
    /// Some of the names that no column has.
    extra: Vec<String>,
    /// The line of the row that is being filled, where rows are lines.
    line: Option<u64>,
}

/// Where a value goes, as errors tell it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'s> {
    layout: &'s Layout,
    position: usize,
    row: usize,
    line: Option<u64>,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = self.layout.label(self.position);
        match self.line {
            Some(line) => write!(f, "{label}, line {line}"),
            None => write!(f, "{label}, row {}", self.row),
        }
    }
}

impl<'s> Rows<'s> {
    /// No rows, with room for so many.
    pub(crate) fn new(layout: &'s Layout, n_rows: usize) -> Self {
        Rows {
            layout,
            builders: layout.columns.iter().map(|column| ColumnBuilder::new(column, n_rows)).collect(),
            came: vec![false; layout.columns.len()],
            widest: None,
            n_whole: 0,
            extra: Vec::new(),
            line: None,
        }
    }

    /// The columns that are filled.
    pub(crate) fn layout(&self) -> &'s Layout {
        self.layout
    }

    /// Rows that are whole.
    pub(crate) fn n_rows(&self) -> usize {
        self.n_whole
    }

    /// The column at a position of the layout.
    pub(crate) fn builder(&mut self, position: usize) -> &mut ColumnBuilder<'s> {
        &mut self.builders[position]
    }

    /// Says that a column has come, even if there is no row.
    pub(crate) fn mark(&mut self, position: usize) {
        self.came[position] = true;
    }

    /// Notes how many values a row had that was a list.
    pub(crate) fn note_width(&mut self, n_values: usize) {
        self.widest = self.widest.max(Some(n_values));
    }

    /// Values of the longest row that was a list; none without any.
    pub(crate) fn widest(&self) -> Option<usize> {
        self.widest
    }

    /// Whether the row that is being filled has a value for a column already.
    pub(crate) fn is_filled(&self, position: usize) -> bool {
        self.builders[position].len() > self.n_whole
    }

    /// Appends a value to the row that is being filled.
    ///
    /// # Errors
    /// Names column and row.
    pub(crate) fn append(&mut self, position: usize, cell: Cell<'_>) -> Result<(), String> {
        let row = self.builders[position].len();
        self.came[position] = true;
        self.builders[position].append(cell).map_err(|error| self.at(position, row, &error))
    }

    /// Ends a row: what it has nothing for becomes null. A column that no row has anything for is judged in `finish`.
    ///
    /// # Errors
    /// Names column and row.
    pub(crate) fn close_row(&mut self) -> Result<(), String> {
        for position in 0..self.builders.len() {
            if self.is_filled(position) || !self.came[position] {
                continue;
            }
            self.fill(position, self.n_whole + 1)?;
        }
        self.n_whole += 1;
        Ok(())
    }

    /// Fills a column that is about to come with what earlier rows did not have.
    ///
    /// # Errors
    /// Names column and row.
    pub(crate) fn catch_up(&mut self, position: usize) -> Result<(), String> {
        self.fill(position, self.n_whole)
    }

    /// Appends nulls until a column has so many rows.
    fn fill(&mut self, position: usize, n_rows: usize) -> Result<(), String> {
        while self.builders[position].len() < n_rows {
            let row = self.builders[position].len();
            self.builders[position].append_null().map_err(|error| self.at(position, row, &error))?;
        }
        Ok(())
    }

    /// Takes back all rows but the first.
    pub(crate) fn reopen(&mut self, n_rows: usize) {
        self.n_whole = n_rows.min(self.n_whole);
    }

    /// Takes back the row that is being filled.
    pub(crate) fn drop_row(&mut self) {
        for builder in &mut self.builders {
            builder.truncate(self.n_whole);
        }
    }

    /// Ends columns that came whole, one after the other.
    ///
    /// # Errors
    /// When they differ in length.
    pub(crate) fn close_columns(&mut self) -> Result<(), String> {
        let came = |position: &usize| self.came[*position];
        let Some(first) = (0..self.builders.len()).find(came) else { return Ok(()) };
        let n_rows = self.builders[first].len();
        for position in (0..self.builders.len()).filter(came) {
            let other = self.builders[position].len();
            if other != n_rows {
                let (a, b) = (self.layout.label(first), self.layout.label(position));
                return Err(format!("{a} has {n_rows} rows and {b} has {other}"));
            }
        }
        self.n_whole = n_rows;
        Ok(())
    }

    /// Where the next value of a column goes.
    pub(crate) fn place(&self, position: usize) -> Place<'s> {
        Place { layout: self.layout, position, row: self.builders[position].len(), line: self.line }
    }

    /// How errors call the row that is being filled.
    pub(crate) fn row_label(&self) -> String {
        match self.line {
            Some(line) => format!("line {line}"),
            None => format!("row {}", self.n_whole),
        }
    }

    /// An error with its place.
    fn at(&self, position: usize, row: usize, error: &str) -> String {
        format!("{}: {error}", Place { layout: self.layout, position, row, line: self.line })
    }

    /// Remembers a name that no column has, to mention it when a column is missing.
    pub(crate) fn note_extra(&mut self, name: &str) {
        if self.n_whole == 0 && self.extra.len() <= misfit::MAX_EXTRA {
            self.extra.push(name.to_owned());
        }
    }

    /// Forgets what was said of the columns that came, to judge the next row alone: that of a line.
    pub(crate) fn begin_line(&mut self, line: u64) {
        self.line = Some(line);
        self.came.fill(false);
        self.extra.clear();
    }

    /// The required columns that did not come, in a sentence.
    pub(crate) fn missing(&self) -> Option<String> {
        let is_missing = |position: &usize| self.layout.columns[*position].required && !self.came[*position];
        let missing: Vec<usize> = (0..self.came.len()).filter(is_missing).collect();
        if missing.is_empty() {
            return None;
        }
        if self.layout.is_positional() {
            let n_came = self.came.iter().filter(|came| **came).count();
            let n_columns = self.came.len();
            return Some(format!(
                "Model inference is missing inputs: it takes {n_columns} columns, {n_came} came"
            ));
        }
        let name = |position: &usize| self.layout.columns[*position].name.as_deref().unwrap_or_default();
        let extra: Vec<&str> = self.extra.iter().map(String::as_str).collect();
        Some(misfit::missing(&missing.iter().map(name).collect::<Vec<_>>(), &extra))
    }

    /// The table, in the signature's order and types.
    ///
    /// # Errors
    /// Names the required columns that did not come.
    pub(crate) fn finish(self) -> Result<RecordBatch, String> {
        match self.missing() {
            Some(missing) => Err(missing),
            None => self.finish_judged(),
        }
    }

    /// The table, for rows that were judged one by one.
    pub(crate) fn finish_judged(mut self) -> Result<RecordBatch, String> {
        for position in 0..self.builders.len() {
            self.catch_up(position)?;
        }
        let columns = self.builders.into_iter().map(ColumnBuilder::finish).collect::<Result<_, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(self.n_whole));
        RecordBatch::try_new_with_options(Arc::clone(&self.layout.schema), columns, &options)
            .map_err(|error| error.to_string())
    }
}
