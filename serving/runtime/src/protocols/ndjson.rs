//! Newline-delimited JSON: a row in each line, and for each row a line of the answer.
//!
//! A handler feeds lines as they arrive and takes what has gathered whenever it wants to score: the good rows as one
//! batch, and the bad ones with what is wrong. A bad row costs nobody but itself.

use std::borrow::Cow;

use serde::de::DeserializeSeed;

use crate::model::batch::Batch;
use crate::model::conform::{Casts, conform};
use crate::model::infer::{self, Record};
use crate::model::predictions::Predictions;
use crate::model::rows::Rows;
use crate::protocols::json::rows::RowSeed;
use crate::protocols::json::text;
use crate::protocols::json::write::{Writer, put};
use crate::protocols::mlflow::Decoder;

/// What people call such bodies; the first is what we call an answer.
pub(crate) const CONTENT_TYPES: [&str; 6] = [
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/jsonlines",
    "application/x-jsonlines",
    "application/json-lines",
];

/// How errors name the only row of a column.
const ROW: &str = ", row 0:";

/// Lines on their way into a batch.
#[derive(Debug)]
pub(crate) struct Lines<'d> {
    decoder: &'d Decoder,
    gathering: Gathering<'d>,
    /// Of the next line.
    line_number: u64,
    accepted: Vec<u64>,
    rejected: Vec<(u64, String)>,
}

#[derive(Debug)]
enum Gathering<'d> {
    /// For a model that takes columns.
    Rows(Rows<'d>),
    /// For tensors and for models that told nothing: one-row batches, which are joined when they are alike.
    Batches(Vec<Batch>),
}

/// What has gathered.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Scorable {
    /// The good rows. None without any.
    pub batch: Option<Batch>,
    /// The line of each row, from 0.
    pub line_numbers: Vec<u64>,
    /// The bad lines, ascending, with what is wrong.
    pub rejected: Vec<(u64, String)>,
}

impl<'d> Lines<'d> {
    /// Nothing gathered. The next line has this number in the request.
    pub(crate) fn from_line(decoder: &'d Decoder, line_number: u64) -> Self {
        let gathering = gathering(decoder);
        Lines { decoder, gathering, line_number, accepted: Vec::new(), rejected: Vec::new() }
    }

    /// The number of the line that comes next.
    pub(crate) fn next_line(&self) -> u64 {
        self.line_number
    }

    /// Takes one line, without its end. A blank one is counted and nothing else.
    pub(crate) fn push(&mut self, line: &[u8]) {
        let number = self.line_number;
        self.line_number += 1;
        if line.trim_ascii().is_empty() {
            return;
        }
        match self.read(line, number) {
            Ok(()) => self.accepted.push(number),
            Err(reason) => self.rejected.push((number, reason)),
        }
    }

    /// Takes all whole lines of a piece of the request, and returns how many bytes these are; the rest is to come
    /// again, in front of the next piece.
    pub(crate) fn push_all(&mut self, piece: &[u8]) -> usize {
        let Some(end) = piece.iter().rposition(|byte| *byte == b'\n') else { return 0 };
        for line in piece[..end].split(|byte| *byte == b'\n') {
            self.push(line);
        }
        end + 1
    }

    /// Takes out what has gathered.
    pub(crate) fn take(&mut self) -> Scorable {
        let gathered = std::mem::replace(&mut self.gathering, gathering(self.decoder));
        let (mut line_numbers, mut rejected) =
            (std::mem::take(&mut self.accepted), std::mem::take(&mut self.rejected));
        let batch = match gathered {
            _ if line_numbers.is_empty() => None,
            Gathering::Rows(rows) => rows.finish_judged().ok().map(Batch::Columns),
            Gathering::Batches(batches) => Batch::join(batches),
        };
        if batch.is_none() {
            // Each row was good by itself, so together they are too much for one batch.
            let reason = "the rows do not fit one batch";
            rejected.extend(line_numbers.drain(..).map(|number| (number, reason.to_owned())));
            rejected.sort_unstable_by_key(|(number, _)| *number);
        }
        Scorable { batch, line_numbers, rejected }
    }

    fn read(&mut self, line: &[u8], number: u64) -> Result<(), String> {
        let line = text::utf8(line)?;
        self.read_json(&line, number).or_else(|error| match text::without_python_numbers(&line) {
            Some(line) => self.read_json(&line, number),
            None => Err(error),
        })
    }

    fn read_json(&mut self, line: &[u8], number: u64) -> Result<(), String> {
        match &mut self.gathering {
            Gathering::Rows(rows) => {
                rows.begin_line(number);
                read_row(rows, line).inspect_err(|_| rows.drop_row())
            }
            Gathering::Batches(batches) => {
                let batch = read_batch(self.decoder, line)?;
                if batches.first().is_some_and(|first| !first.is_like(&batch)) {
                    return Err("the row has other fields or types than the first".to_owned());
                }
                batches.push(batch);
                Ok(())
            }
        }
    }
}

fn gathering(decoder: &Decoder) -> Gathering<'_> {
    match decoder.layout() {
        Some(layout) => Gathering::Rows(Rows::new(layout, 1)),
        None => Gathering::Batches(Vec::new()),
    }
}

fn read_row(rows: &mut Rows<'_>, line: &[u8]) -> Result<(), String> {
    let mut reader = serde_json::Deserializer::from_slice(line);
    let n_rows = rows.n_rows();
    RowSeed { rows, targets: None }.deserialize(&mut reader).map_err(|error| text::reason(&error))?;
    let ended = reader.end().map_err(|error| text::reason(&error));
    let judged = ended.and_then(|()| rows.missing().map_or(Ok(()), Err));
    judged.inspect_err(|_| rows.reopen(n_rows))
}

/// One row for a model without columns: a record, or the element of the only tensor.
fn read_batch(decoder: &Decoder, line: &[u8]) -> Result<Batch, String> {
    let line = std::str::from_utf8(line).map_err(|error| error.to_string())?;
    let inputs = &decoder.signature().inputs;
    if line.trim_start().starts_with('{') {
        let record: Record = serde_json::from_str(line).map_err(|error| text::reason(&error))?;
        let table = infer::records(&[record])?;
        return conform(&table, inputs, Casts::Lossless).map_err(|misfit| misfit.to_string());
    }
    let body = format!("{{\"inputs\":[{line}]}}");
    match decoder.decode(Some("application/json"), &body.into()) {
        Ok(request) if request.batch.n_rows() != 1 => Err("the line is not one row".to_owned()),
        Ok(request) => Ok(request.batch),
        Err(refusal) => Err(refusal.to_string()),
    }
}

/// Appends a line for each row in the order of their numbers: `{"prediction": …}` for those that were scored, in pieces
/// that follow each other, and an error for each of `rejected`.
pub(crate) fn encode_scored(scored: &[(Predictions, &[u64])], rejected: &[(u64, String)], out: &mut Vec<u8>) {
    let mut rejected = rejected.iter().peekable();
    for (predictions, line_numbers) in scored {
        let writer = match predictions.n_rows() {
            Some(n_rows) if n_rows == line_numbers.len() => Writer::new(predictions),
            _ => {
                Err(format!("the model did not answer {} rows with as many predictions", line_numbers.len()))
            }
        };
        for (row, number) in line_numbers.iter().enumerate() {
            while let Some((rejected, reason)) = rejected.next_if(|(rejected, _)| rejected < number) {
                encode_error(*rejected, reason, out);
            }
            match &writer {
                Ok(writer) => {
                    out.extend_from_slice(b"{\"prediction\":");
                    writer.row(row, out);
                    out.extend_from_slice(b"}\n");
                }
                Err(reason) => encode_error(*number, reason, out),
            }
        }
    }
    for (number, reason) in rejected {
        encode_error(*number, reason, out);
    }
}

/// Appends the line that stands for a row which was not scored: `{"error": …, "line": …}`.
pub(crate) fn encode_error(line_number: u64, reason: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"error\":");
    put(&without_row(reason), out);
    out.extend_from_slice(b",\"line\":");
    put(&line_number, out);
    out.extend_from_slice(b"}\n");
}

/// What is wrong with a row that was read or scored by itself, without its number among its like: the line is told.
fn without_row(reason: &str) -> Cow<'_, str> {
    match reason.strip_prefix("row 0: ") {
        Some(reason) => reason.into(),
        None if reason.contains(ROW) => reason.replacen(ROW, ":", 1).into(),
        None => reason.into(),
    }
}

#[cfg(test)]
mod tests;
