//! Where scored rows go, and those that cannot be scored: told from the options before anything is written.

use std::path::Path;

use forebay_lake::{Folder, Format, Lake, Shard, unknown_ending};

use crate::Error;
use crate::delta;
use crate::options::{JobOptions, OutputFormat};
use crate::output::Target;
use crate::output::names::Names;

/// Where scored rows go.
pub(crate) struct Destination {
    pub(crate) target: Target,
    pub(crate) rejects: Option<Target>,
    pub(crate) format: Format,
    pub(crate) names: Names,
}

impl Destination {
    pub(crate) fn of(lake: &Lake, options: &JobOptions) -> Result<Self, Error> {
        let (target, format) = target(lake, options)?;
        let rejects = rejects(lake, options, &target)?;
        Ok(Destination { target, rejects, format, names: Names::new(&options.id, options.shard) })
    }
}

/// The format that the options tell; none for a folder without one.
pub(crate) fn output_format(options: &JobOptions) -> Option<OutputFormat> {
    options.output_format.or_else(|| Format::of_path(&options.output).map(OutputFormat::Files))
}

/// A name with a known ending is a file, unless there is a folder of that name; everything else is a folder.
fn target(lake: &Lake, options: &JobOptions) -> Result<(Target, Format), Error> {
    let output = &options.output;
    let asked = match options.output_format {
        Some(OutputFormat::Delta) => {
            return Ok((Target::Folder(delta::folder(lake, options)?), Format::Parquet));
        }
        Some(OutputFormat::Files(format)) => Some(format),
        None => None,
    };
    let is_folder = output.ends_with('/')
        || (output != "-" && Format::of_path(output).is_none())
        || Path::new(output).is_dir();
    if is_folder {
        check_ending(output)?;
        let format = asked.unwrap_or(Format::Parquet);
        return Ok((Target::Folder(Folder::at(lake, output)?), format));
    }
    if options.shard != Shard::ALL {
        return Err(Error::Option(
            "--shard needs a folder as --output, which all shares write to".to_owned(),
        ));
    }
    let format = asked.or_else(|| Format::of_path(output));
    let format = format.ok_or_else(|| Error::Option("--output - needs --output-format".to_owned()))?;
    Ok((Target::File(output.clone()), format))
}

/// Refuses a new folder that looks like a file: whoever writes `x.paruqet` or `x.xlsx` means one.
fn check_ending(output: &str) -> Result<(), Error> {
    match unknown_ending(output) {
        None => Ok(()),
        Some(ending) => Err(Error::Option(format!(
            "--output {output}: no format of tables ends in .{ending}; choose .parquet, .csv, .jsonl, .arrow or .arrows, \
             or name a folder with a slash at its end: {output}/"
        ))),
    }
}

fn rejects(lake: &Lake, options: &JobOptions, target: &Target) -> Result<Option<Target>, Error> {
    let Some(rejects) = &options.rejects else { return Ok(None) };
    Ok(Some(match target {
        Target::File(_) => Target::File(rejects.path.clone()),
        Target::Folder(_) => Target::Folder(Folder::at(lake, &rejects.path)?),
    }))
}
