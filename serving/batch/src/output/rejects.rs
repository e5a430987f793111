//! Rows that could not be scored, as JSON lines: file, row, reason, and the row's columns, or its record where it has none.

use std::io::Write as _;

use forebay_lake::{NewFile, Raw};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::Error;
use crate::scorer::Reject;

/// A file of rejected rows that is being written.
pub(crate) struct RejectFile(NewFile);

#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    row: u64,
    reason: &'a str,
    /// A cell that could not be read is the text that it was.
    columns: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<&'a str>,
}

impl<'a> From<&'a Reject> for Line<'a> {
    fn from(reject: &'a Reject) -> Self {
        let Reject { file, row, reason, columns, raw } = reject;
        let line = Line { file, row: *row, reason, columns: None, record: None };
        match raw {
            Raw::Record(record) => Line { record: Some(record), ..line },
            Raw::Cells(cells) => {
                let columns = columns.as_deref().and_then(|text| serde_json::from_str(text).ok());
                let columns = columns.map(|mut columns: Map<String, Value>| {
                    columns
                        .extend(cells.iter().map(|(name, text)| (name.clone(), Value::from(text.as_str()))));
                    columns
                });
                Line { columns, ..line }
            }
        }
    }
}

impl RejectFile {
    pub(crate) fn begin(file: NewFile) -> Self {
        RejectFile(file)
    }

    pub(crate) fn write(&mut self, rejects: &[Reject]) -> Result<(), Error> {
        for reject in rejects {
            let unwritten = |error: String| Error::Option(format!("{}: {error}", self.0.uri()));
            let text =
                serde_json::to_string(&Line::from(reject)).map_err(|error| unwritten(error.to_string()))?;
            writeln!(self.0, "{text}")
                .map_err(|error| Error::Option(format!("{}: {error}", self.0.uri())))?;
        }
        Ok(())
    }

    /// Tells how many bytes it has.
    pub(crate) fn finish(self) -> Result<u64, Error> {
        Ok(self.0.finish()?)
    }
}
