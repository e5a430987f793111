//! Whether something would be written over what is read, or into what the next one reads.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::{Error, Lake, Table};

/// Where the rows of a table are: canonical, as the lake knows places.
struct Source {
    /// What the user named; its name may be a pattern.
    input: PathBuf,
    files: Vec<PathBuf>,
}

/// Whether what is written to `written` is what `table`, opened at `input`, reads, holds it, or lies in it.
///
/// # Errors
/// One of them is no address.
pub fn overlaps(lake: &Lake, table: &Table, input: &str, written: &str) -> Result<bool, Error> {
    let files = table.files().iter().map(|file| lake.canonical(&file.uri)).collect::<Result<_, _>>()?;
    Ok(Source { input: lake.canonical(input)?, files }.meets(&lake.canonical(written)?))
}

impl Source {
    fn meets(&self, written: &Path) -> bool {
        self.files.iter().any(|file| file.starts_with(written)) || self.takes(written)
    }

    /// Whether the folder or the pattern would find what is written.
    fn takes(&self, written: &Path) -> bool {
        let is_pattern = |name: &OsStr| name.to_string_lossy().contains('*');
        if !self.input.file_name().is_some_and(is_pattern) {
            return written.starts_with(&self.input);
        }
        let ending = |name: &Path| name.extension().map(OsStr::to_ascii_lowercase);
        written.parent() == self.input.parent() && ending(written) == ending(&self.input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meets(input: &str, files: &[&str], written: &str) -> bool {
        let files = files.iter().map(PathBuf::from).collect();
        Source { input: PathBuf::from(input), files }.meets(Path::new(written))
    }

    #[test]
    fn the_input_what_holds_it_and_what_lies_in_it_are_met() {
        let files = ["s3://b/in/a.parquet"];
        for written in ["s3://b/in/a.parquet", "s3://b/in", "s3://b", "s3://b/in/scored/x.parquet"] {
            assert!(meets("s3://b/in", &files, written), "{written}");
        }
        for written in ["s3://b/inner/a.parquet", "s3://c/in/a.parquet", "/in/a.parquet"] {
            assert!(!meets("s3://b/in", &files, written), "{written}");
        }
    }

    #[test]
    fn what_a_pattern_would_find_is_met() {
        let (input, files) = ("/in/*.parquet", ["/in/a.parquet"]);
        for (written, is_met) in [
            ("/in/b.parquet", true),
            ("/in/b.PARQUET", true),
            ("/in/b.csv", false),
            ("/in/scored/b.parquet", false),
            ("/out/b.parquet", false),
        ] {
            assert_eq!(meets(input, &files, written), is_met, "{written}");
        }
    }
}
