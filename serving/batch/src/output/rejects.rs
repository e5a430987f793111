//! Rows that could not be scored, as JSON lines: file, row, reason and the row's columns.

use std::io::Write as _;

use forebay_lake::NewFile;
use serde::Serialize;
use serde_json::Value;

use crate::Error;
use crate::scorer::Reject;

/// A file of rejected rows that is being written.
pub(crate) struct RejectFile(NewFile);

#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    row: u64,
    reason: &'a str,
    columns: Option<Value>,
}

impl RejectFile {
    pub(crate) fn begin(file: NewFile) -> Self {
        RejectFile(file)
    }

    pub(crate) fn write(&mut self, rejects: &[Reject]) -> Result<(), Error> {
        for Reject { file, row, reason, columns } in rejects {
            let columns: Option<Value> = columns.as_deref().and_then(|text| serde_json::from_str(text).ok());
            let line = Line { file, row: *row, reason, columns };
            let unwritten = |error: String| Error::Option(format!("{}: {error}", self.0.uri()));
            let text = serde_json::to_string(&line).map_err(|error| unwritten(error.to_string()))?;
            writeln!(self.0, "{text}")
                .map_err(|error| Error::Option(format!("{}: {error}", self.0.uri())))?;
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<(), Error> {
        Ok(self.0.finish()?)
    }
}
