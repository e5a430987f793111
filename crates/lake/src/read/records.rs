//! Where the records of CSV begin and end: not at every end of a line, since a quoted field may hold some.

use std::io::{self, BufRead};
use std::ops::Range;

/// Longest record.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Records behind each other; empty lines are none.
#[derive(Debug, Default)]
pub(crate) struct Records {
    bytes: Vec<u8>,
    records: Vec<Record>,
}

/// A record.
#[derive(Debug)]
struct Record {
    /// Behind its last byte.
    end: usize,
    n_fields: usize,
}

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A record that is not begun.
    Record,
    /// A field that is not begun.
    Field,
    Plain,
    Quoted,
    /// What is behind a quote in quotes: that is the end of a field, or half of a quote in it.
    Quote,
}

impl Records {
    /// The next ones, up to a number of them, and about up to a number of bytes; none at the end.
    pub(crate) fn read(source: &mut impl BufRead, max_rows: usize, max_bytes: usize) -> io::Result<Self> {
        let mut records = Records::default();
        while records.len() < max_rows && records.bytes.len() < max_bytes && records.append(source)? {}
        Ok(records)
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    pub(crate) fn n_fields(&self, record: usize) -> usize {
        self.records[record].n_fields
    }

    pub(crate) fn bytes_of(&self, records: &Range<usize>) -> &[u8] {
        let end = |number: usize| self.records[number].end;
        let start = records.start.checked_sub(1).map_or(0, end);
        &self.bytes[start..records.end.checked_sub(1).map_or(0, end)]
    }

    /// Appends the next one; false where there is none.
    fn append(&mut self, source: &mut impl BufRead) -> io::Result<bool> {
        let (start, mut state, mut n_fields) = (self.bytes.len(), State::Record, 1);
        loop {
            let bytes = source.fill_buf()?;
            let is_last = bytes.is_empty();
            let end = end_of_record(bytes, &mut state, &mut n_fields);
            let n_bytes = end.unwrap_or(bytes.len());
            self.bytes.extend_from_slice(&bytes[..n_bytes]);
            source.consume(n_bytes);
            if end.is_some() || (is_last && state != State::Record) {
                self.records.push(Record { end: self.bytes.len(), n_fields });
                return Ok(true);
            }
            if is_last {
                return Ok(false);
            }
            if self.bytes.len() - start > MAX_BYTES {
                let reason = format!("a record is longer than {MAX_BYTES} bytes; is a quote not closed?");
                return Err(io::Error::other(reason));
            }
        }
    }
}

/// How many bytes there are up to the end of the current record; none where it goes on behind them.
fn end_of_record(bytes: &[u8], state: &mut State, n_fields: &mut usize) -> Option<usize> {
    for (position, byte) in bytes.iter().enumerate() {
        *state = match (*state, byte) {
            (State::Record, b'\r' | b'\n') => State::Record,
            (State::Field | State::Plain | State::Quote, b'\r' | b'\n') => return Some(position + 1),
            (State::Quoted, b'"') => State::Quote,
            (State::Record | State::Field | State::Quote, b'"') | (State::Quoted, _) => State::Quoted,
            (_, b',') => {
                *n_fields += 1;
                State::Field
            }
            _ => State::Plain,
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_end_where_lines_end_but_not_in_quotes() {
        let text = "a,b\r\n\r\n\"x\n\"\"y\"\"\",\"\"\nit\"s,2,3\n\"open,\n";
        // A small buffer cuts everywhere.
        let mut source = io::BufReader::with_capacity(3, text.as_bytes());
        let records = Records::read(&mut source, 100, 1_000).unwrap();
        let found: Vec<_> = (0..records.len())
            .map(|record| {
                let text = String::from_utf8_lossy(records.bytes_of(&(record..record + 1))).into_owned();
                (text, records.n_fields(record))
            })
            .collect();
        let expected =
            [("a,b\r", 2), ("\n\r\n\"x\n\"\"y\"\"\",\"\"\n", 2), ("it\"s,2,3\n", 3), ("\"open,\n", 1)];
        assert_eq!(found, expected.map(|(text, n_fields)| (text.to_owned(), n_fields)));
        assert_eq!(Records::read(&mut source, 100, 1_000).unwrap().len(), 0);
    }
}
