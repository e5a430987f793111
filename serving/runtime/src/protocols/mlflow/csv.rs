//! A CSV body, as pandas reads one: a header, gaps in many spellings, lines without anything left out.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray};
use csv::{ReaderBuilder, StringRecord};

use super::Decoder;
use crate::model::batch::Batch;
use crate::model::cell::{Cell, FromCell};
use crate::model::conform::{Casts, conform};
use crate::model::infer;
use crate::model::rows::{Layout, Rows};

/// Texts that pandas takes for nothing.
const GAPS: [&str; 19] = [
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A",
    "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
];

/// Decodes a body.
pub(super) fn decode(decoder: &Decoder, body: &[u8]) -> Result<Batch, String> {
    let text = std::str::from_utf8(body)
        .map_err(|error| format!("Ensure that input is a valid UTF-8 encoded string. Error: {error}"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // Rows may be short, so their lengths are judged here.
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| unreadable(&error))?.clone();
    if header.is_empty() {
        return Err("Failed to parse input as a Pandas DataFrame: no columns to parse".to_owned());
    }
    if let Some(layout) = decoder.layout() {
        return read_rows(layout, &header, reader.into_records()).map(Batch::Columns);
    }
    let table = guess(&header, reader.into_records())?;
    conform(&table, &decoder.signature.inputs, Casts::Lossless).map_err(|misfit| misfit.to_string())
}

fn unreadable(error: &csv::Error) -> String {
    format!("Failed to parse input as a Pandas DataFrame: {error}")
}

fn read_rows(
    layout: &Layout,
    header: &StringRecord,
    records: impl Iterator<Item = csv::Result<StringRecord>>,
) -> Result<arrow::array::RecordBatch, String> {
    let mut rows = Rows::new(layout, 1);
    let mut targets = vec![None; header.len()];
    for (place, name) in header.iter().enumerate() {
        let is_positional = layout.is_positional();
        let position = if is_positional { Some(place) } else { layout.position(name, place) };
        match position.filter(|position| *position < layout.columns().len()) {
            Some(position) if targets.contains(&Some(position)) => {
                return Err(format!("{}: it comes twice", layout.label(position)));
            }
            Some(position) => {
                rows.mark(position);
                targets[place] = Some(position);
            }
            None => rows.note_extra(name),
        }
    }
    let mut kinds = vec![None; layout.columns().len()];
    for record in records {
        let record = record.map_err(|error| unreadable(&error))?;
        check_length(&record, header, rows.n_rows())?;
        for (target, text) in targets.iter().zip(&record) {
            if let Some(position) = *target {
                let cell = if layout.columns()[position].column_type.is_number() {
                    let read = number(text, &mut kinds[position]);
                    read.map_err(|error| format!("{}: {error}", rows.place(position)))?
                } else {
                    cell(text)
                };
                rows.append(position, cell)?;
            }
        }
        rows.close_row()?;
    }
    rows.finish()
}

/// What all values so far of a column of numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Flags,
    Others,
}

/// A value for a column of numbers. As in pandas, one of nothing but `True` and `False` is of booleans, which are numbers;
/// beside others they are texts.
fn number<'t>(text: &'t str, kind: &mut Option<Kind>) -> Result<Cell<'t>, &'static str> {
    if is_gap(text) {
        return Ok(Cell::Null);
    }
    let (own, cell) = match bool::from_cell(Cell::Text(text)) {
        Some(flag) => (Kind::Flags, Cell::Bool(flag)),
        None => (Kind::Others, Cell::Text(text)),
    };
    let is_alike = *kind.get_or_insert(own) == own;
    is_alike.then_some(cell).ok_or("True or False stands beside other values in a column of numbers")
}

fn check_length(record: &StringRecord, header: &StringRecord, row: usize) -> Result<(), String> {
    if record.len() <= header.len() {
        return Ok(());
    }
    Err(format!("row {row} has {} fields, and the header has {}", record.len(), header.len()))
}

fn cell(text: &str) -> Cell<'_> {
    if is_gap(text) { Cell::Null } else { Cell::Text(text) }
}

fn is_gap(text: &str) -> bool {
    GAPS.binary_search(&text).is_ok()
}

/// A table whose types are guessed from all values of a column.
fn guess(
    header: &StringRecord,
    records: impl Iterator<Item = csv::Result<StringRecord>>,
) -> Result<arrow::array::RecordBatch, String> {
    let mut rows = Vec::new();
    for record in records {
        let record = record.map_err(|error| unreadable(&error))?;
        check_length(&record, header, rows.len())?;
        rows.push(record);
    }
    let column = |(place, name): (usize, &str)| {
        let values: Vec<Option<&str>> =
            rows.iter().map(|row| row.get(place).filter(|text| !is_gap(text))).collect();
        let name = if name.is_empty() { format!("Unnamed: {place}") } else { name.to_owned() };
        (name, guess_column(&values))
    };
    infer::table(header.iter().enumerate().map(column).collect(), rows.len())
}

/// Integers, else floats, else booleans, else texts. Integers with gaps are floats, as in pandas.
fn guess_column(values: &[Option<&str>]) -> ArrayRef {
    fn all<T: FromCell>(values: &[Option<&str>]) -> Option<Vec<T>> {
        values.iter().map(|value| T::from_cell(Cell::Text((*value)?))).collect()
    }
    let is_whole = |value: Option<&str>| value.is_none_or(|text| text.trim().parse::<i64>().is_ok());
    let is_number = |value: Option<&str>| value.is_none_or(|text| f64::from_cell(Cell::Text(text)).is_some());
    if values.iter().copied().all(is_whole)
        && let Some(values) = all::<i64>(values)
    {
        return Arc::new(Int64Array::from(values));
    }
    if values.iter().copied().all(is_number) {
        let numbers = values.iter().map(|value| f64::from_cell(value.map_or(Cell::Null, Cell::Text)));
        return Arc::new(Float64Array::from_iter_values(numbers.map(|number| number.unwrap_or(f64::NAN))));
    }
    match all::<bool>(values) {
        Some(values) => Arc::new(BooleanArray::from(values)),
        None => Arc::new(values.iter().copied().collect::<StringArray>()),
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::DataType;

    use super::*;

    #[test]
    fn gaps_are_sorted_to_be_found() {
        assert!(GAPS.is_sorted());
        assert!(is_gap("NaN") && !is_gap("Nan"));
    }

    #[test]
    fn flags_are_numbers_where_a_column_has_nothing_else() {
        let read = |texts: &[&'static str]| {
            let mut kind = None;
            texts.iter().map(|text| number(text, &mut kind)).collect::<Result<Vec<_>, _>>()
        };
        assert_eq!(read(&["True", "", "false"]), Ok(vec![Cell::Bool(true), Cell::Null, Cell::Bool(false)]));
        assert_eq!(read(&["", "1.5"]), Ok(vec![Cell::Null, Cell::Text("1.5")]));
        assert!(read(&["True", "4"]).is_err() && read(&["4", "True"]).is_err());
    }

    #[test]
    fn columns_are_guessed_as_pandas_does() {
        let guessed = |values: &[Option<&str>]| guess_column(values).data_type().clone();
        assert_eq!(guessed(&[Some("1"), Some("2")]), DataType::Int64);
        assert_eq!(guessed(&[Some("1"), None]), DataType::Float64);
        assert_eq!(guessed(&[Some("1.0")]), DataType::Float64);
        assert_eq!(guessed(&[Some("True"), Some("false")]), DataType::Boolean);
        assert_eq!(guessed(&[Some("True"), None]), DataType::Utf8);
        assert_eq!(guessed(&[Some("a"), Some("1")]), DataType::Utf8);
        assert_eq!(guessed(&[None]), DataType::Float64);
    }
}
