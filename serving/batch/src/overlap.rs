//! Whether a job would write over what it reads, or into what the next one reads.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use forebay_lake::Table;

use crate::Error;

/// Standard input and output.
const PIPE: &str = "-";

/// Refuses an output that is the input, holds it, or lies in it. Tables in object stores are compared by their addresses.
pub(crate) fn check(table: &Table, input: &str, output: &str) -> Result<(), Error> {
    if output == PIPE {
        return Ok(());
    }
    let written = place(output);
    let is_read = |file: &str| {
        let file = place(file);
        file == written || file.starts_with(&written)
    };
    if table.files().iter().any(|file| is_read(&file.uri)) || takes(input, &written) {
        let why = format!(
            "--output {output}: it is part of --input {input}, which stays as it is; choose another place"
        );
        return Err(Error::Option(why));
    }
    Ok(())
}

/// Whether a folder or a pattern would find the output.
fn takes(input: &str, written: &Path) -> bool {
    let Some((folder, pattern)) = input.rsplit_once('/').filter(|(_, name)| name.contains('*')) else {
        let folder = place(input);
        return (folder.is_dir() || input.contains("://")) && written.starts_with(&folder);
    };
    let ending = |name: &Path| name.extension().map(OsStr::to_ascii_lowercase);
    written.parent() == Some(&place(folder)) && ending(written) == ending(Path::new(pattern))
}

/// A path without detours, also of what is not there yet; an address as it is.
fn place(text: &str) -> PathBuf {
    let path = Path::new(text.strip_prefix("file://").unwrap_or(text));
    if let Ok(path) = path.canonicalize() {
        return path;
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (folder.canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}
