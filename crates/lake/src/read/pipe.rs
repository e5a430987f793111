//! Parquet from a pipe: its end tells what is in it, so it has to be on the disk first.

use std::io::{self, Write as _};
use std::sync::Arc;

use tempfile::TempPath;

use crate::Error;
use crate::read::head::Head;
use crate::storage::files::InputFile;

/// Copies standard input to a temporary file, which goes away with the table.
pub(crate) fn spool(head: Head) -> Result<InputFile, Error> {
    let copy = || -> io::Result<(TempPath, u64)> {
        let mut file = tempfile::Builder::new().prefix("forebay-stdin-").tempfile()?;
        let size_bytes = io::copy(&mut head.behind(0), &mut file)?;
        file.flush()?;
        Ok((file.into_temp_path(), size_bytes))
    };
    let (path, size_bytes) = copy().map_err(Error::io("-"))?;
    Ok(InputFile { size_bytes, spooled: Some(Arc::new(path)), ..InputFile::pipe() })
}
