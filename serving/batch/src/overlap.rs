//! Whether a job would write over what it reads, or into what the next one reads.

use std::path::PathBuf;

use forebay_lake::{Lake, Table, overlaps};

use crate::Error;
use crate::options::JobOptions;

/// Standard input and output.
const PIPE: &str = "-";

/// Refuses an output, or a place for rejected rows, that is the input, holds it, or lies in it; and the two as one.
pub(crate) fn check(lake: &Lake, table: &Table, options: &JobOptions) -> Result<(), Error> {
    let output = written(lake, table, ("--output", &options.output), &options.input)?;
    let Some(rejects) = &options.rejects else { return Ok(()) };
    if written(lake, table, ("--rejects", &rejects.path), &options.input)? == output {
        return Err(Error::Option("--rejects and --output are the same".to_owned()));
    }
    Ok(())
}

/// The canonical place of what is written there.
fn written(lake: &Lake, table: &Table, (flag, text): (&str, &str), input: &str) -> Result<PathBuf, Error> {
    if text != PIPE && overlaps(lake, table, input, text)? {
        let why = format!(
            "{flag} {text}: it is part of --input {input}, which stays as it is; choose another place"
        );
        return Err(Error::Option(why));
    }
    Ok(lake.canonical(text)?)
}
