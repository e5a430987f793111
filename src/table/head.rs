//! `forebay table head`: the first rows.

use forebay_lake::{Lake, Rows, ScanOptions, Shard, row_as_json, row_as_texts};
use serde_json::Value;

use super::open;
use crate::cli::{HeadArgs, OutputFormat};
use crate::shell::output::Output;
use crate::shell::table::{Cell, Table};

/// Characters of a value that people are shown.
const MAX_WIDTH: usize = 60;

/// Rows that are read at once.
const BATCH_ROWS: usize = 1_024;
const BATCH_BYTES: usize = 8 * 1_024 * 1_024;

/// The rows, for people or for programs.
struct Shown {
    format: OutputFormat,
    table: Table,
    messages: Vec<Value>,
}

pub(super) fn run(lake: &Lake, args: HeadArgs, output: Output) -> anyhow::Result<()> {
    let table = open(lake, &args.which)?;
    let all = || table.schema().fields().iter().map(|field| field.name().clone()).collect();
    let columns = if args.columns.is_empty() { all() } else { args.columns };
    let header = columns.iter().map(|name| Cell::from(name.as_str()));
    let mut shown = Shown { format: output.0, table: Table::with_header(header), messages: Vec::new() };
    let options = ScanOptions {
        columns,
        max_rows: BATCH_ROWS,
        max_bytes: BATCH_BYTES,
        predicate: args.r#where,
        skip_rows: 0,
        limit: Some(args.rows),
    };
    for rows in table.scan(Shard::ALL, &options)? {
        shown.add(&rows?)?;
    }
    output.show(&shown.messages, || shown.table.to_string())
}

impl Shown {
    fn add(&mut self, rows: &Rows) -> anyhow::Result<()> {
        if let Some(defect) = rows.defects.first() {
            anyhow::bail!("{}, row {}: {}", rows.file, rows.first_row + defect.row as u64, defect.reason);
        }
        for row in 0..rows.batch.num_rows() {
            let row = rows.batch.slice(row, 1);
            if self.format == OutputFormat::Table {
                let texts = row_as_texts(&row).unwrap_or_default();
                self.table.push(texts.into_iter().map(|text| Cell::from(text.map(shortened))));
            } else {
                let message = row_as_json(&row).map(|json| serde_json::from_str(&json)).transpose()?;
                self.messages.extend(message);
            }
        }
        Ok(())
    }
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(MAX_WIDTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
