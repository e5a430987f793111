//! `forebay table show`: format, version, files and rows.

use std::collections::BTreeMap;

use forebay_lake::{Details, Lake, RowCount, Shard};
use forebay_wire::number::Int64;
use serde::Serialize;

use super::open;
use crate::cli::WhichArgs;
use crate::shell::output::Output;
use crate::shell::table::{Cell, Table};
use crate::shell::words::{size, utc};

/// A table as programs read it.
#[derive(Serialize)]
struct Shown {
    uri: String,
    format: &'static str,
    n_columns: usize,
    n_files: usize,
    size_bytes: u64,
    /// None where only reading tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    n_rows: Option<u64>,
    partition_columns: Vec<String>,
    #[serde(flatten)]
    delta: Option<ShownVersion>,
}

/// What only Delta tables have.
#[derive(Serialize)]
struct ShownVersion {
    version: u64,
    time_ms: i64,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    properties: BTreeMap<String, String>,
    min_reader_version: i32,
    min_writer_version: i32,
    features: Vec<String>,
}

pub(super) fn run(lake: &Lake, which: &WhichArgs, output: Output) -> anyhow::Result<()> {
    let table = open(lake, which)?;
    let details = table.details()?;
    let shown = Shown {
        uri: which.uri.clone(),
        format: if details.is_some() { "delta" } else { table.format().ending() },
        n_columns: table.schema().fields().len(),
        n_files: table.files().len(),
        size_bytes: table.files().iter().map(|file| file.size_bytes).sum(),
        n_rows: match table.n_rows(Shard::ALL) {
            RowCount::Exact(n_rows) => Some(n_rows),
            RowCount::About(_) | RowCount::Unknown => None,
        },
        partition_columns: table.partition_columns(),
        delta: details.map(ShownVersion::from),
    };
    output.show(&shown, || text(&shown))
}

impl From<Details> for ShownVersion {
    fn from(details: Details) -> Self {
        ShownVersion {
            version: details.version,
            time_ms: details.time_ms,
            id: details.id,
            name: details.name,
            description: details.description,
            properties: details.properties,
            min_reader_version: details.min_reader_version,
            min_writer_version: details.min_writer_version,
            features: details.features,
        }
    }
}

fn text(shown: &Shown) -> String {
    let n_rows = shown.n_rows.map_or_else(|| "unknown".to_owned(), |n_rows| n_rows.to_string());
    let mut table = Table::of_pairs([
        ("Table", shown.uri.clone().into()),
        ("Format", shown.format.into()),
        ("Columns", shown.n_columns.to_string().into()),
        ("Files", shown.n_files.to_string().into()),
        ("Size", size(shown.size_bytes).into()),
        ("Rows", n_rows.into()),
        ("Partitioned by", shown.partition_columns.join(", ").into()),
    ]);
    let Some(delta) = &shown.delta else { return table.to_string() };
    let properties = delta.properties.iter().map(|(name, value)| format!("{name}={value}"));
    let protocol = format!("reader {}, writer {}", delta.min_reader_version, delta.min_writer_version);
    let of_version: [(&str, Cell); 8] = [
        ("Version", delta.version.to_string().into()),
        ("Committed", utc(Some(Int64(delta.time_ms))).into()),
        ("Id", delta.id.clone().into()),
        ("Name", delta.name.clone().into()),
        ("Description", delta.description.clone().into()),
        ("Properties", Cell::from(properties.collect::<Vec<_>>())),
        ("Protocol", protocol.into()),
        ("Features", delta.features.join(", ").into()),
    ];
    for (name, value) in of_version {
        table.push([name.into(), value]);
    }
    table.to_string()
}
