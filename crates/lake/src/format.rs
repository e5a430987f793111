//! The formats of tables in files.

use std::path::Path;
use std::str::FromStr;

/// A format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// Comma-separated values with a header.
    Csv,
    /// One JSON object per line.
    JsonLines,
    /// Arrow's file format, also known as Feather 2.
    ArrowFile,
    /// Arrow's stream format.
    ArrowStream,
}

/// Each with the ending of the files that are written, and other endings that it is known by.
const ENDINGS: [(Format, &str, &[&str]); 5] = [
    (Format::Parquet, "parquet", &["pq", "parq"]),
    (Format::Csv, "csv", &[]),
    (Format::JsonLines, "jsonl", &["ndjson", "json"]),
    (Format::ArrowFile, "arrow", &["feather", "ipc"]),
    (Format::ArrowStream, "arrows", &[]),
];

/// The ending of an address that looks like a file's of no format, as that of `x.paruqet` or `x.xlsx`; none for a folder that is
/// there, or that says so by a slash.
pub fn unknown_ending(uri: &str) -> Option<&str> {
    let path = uri.split_once("://").map_or(uri, |(_, rest)| rest.split_once('/').map_or("", |(_, key)| key));
    if path.ends_with('/') || Path::new(uri).is_dir() || Format::of_path(uri).is_some() {
        return None;
    }
    Path::new(path).extension().and_then(|ending| ending.to_str())
}

impl Format {
    /// The ending of its files.
    pub fn ending(self) -> &'static str {
        // One row for each variant, in their order.
        ENDINGS[self as usize].1
    }

    /// The format that the ending of a path says.
    pub fn of_path(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next()?;
        name.rsplit_once('.')?.1.to_ascii_lowercase().parse().ok()
    }

    /// The format that the first bytes of a file look like; what looks like nothing else is CSV.
    pub(crate) fn of_content(head: &[u8]) -> Self {
        let first = head.iter().find(|byte| !byte.is_ascii_whitespace());
        match head {
            [b'P', b'A', b'R', b'1', ..] => Format::Parquet,
            [b'A', b'R', b'R', b'O', b'W', b'1', ..] => Format::ArrowFile,
            [0xff, 0xff, 0xff, 0xff, ..] => Format::ArrowStream,
            _ if first == Some(&b'{') => Format::JsonLines,
            _ => Format::Csv,
        }
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = ENDINGS.iter().find(|(_, ending, others)| *ending == text || others.contains(&text));
        let known = || ENDINGS.map(|(_, ending, _)| ending).join(", ");
        found.map(|row| row.0).ok_or_else(|| format!("'{text}' is none of {}", known()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_known_by_the_ending_or_the_content_of_a_file() {
        assert_eq!(Format::of_path("s3://b/a.b/c.PQ"), Some(Format::Parquet));
        assert_eq!(Format::of_path("a.parquet/part"), None);
        for (format, ending, _) in ENDINGS {
            assert_eq!((format.ending(), Format::of_path(&format!("x.{ending}"))), (ending, Some(format)));
        }
        assert_eq!(Format::of_content(b"  {\"a\": 1}"), Format::JsonLines);
        assert_eq!(Format::of_content(b"a,b\n"), Format::Csv);
        assert_eq!(Format::of_content(b""), Format::Csv);
    }
}
