//! A Delta table as output. Parts lie in a folder of the job inside of the table, where readers do not see them, until all
//! are there and become part of it at once.

use arrow::datatypes::SchemaRef;
use forebay_lake::{Append, Folder, Lake, Once, is_delta};

use crate::Error;
use crate::options::{JobOptions, OutputFormat};
use crate::output::names::Names;

/// The options of a job, whose output is a Delta table where there is one already.
pub(crate) fn recognised(lake: &Lake, options: JobOptions) -> Result<JobOptions, Error> {
    let is_table = options.output != "-" && is_delta(lake, &options.output)?;
    match options.output_format {
        None if is_table => Ok(JobOptions { output_format: Some(OutputFormat::Delta), ..options }),
        Some(OutputFormat::Files(_)) if is_table => {
            let output = &options.output;
            let why =
                format!("--output {output}: it is a Delta table, whose files are no business of others");
            Err(Error::Option(why))
        }
        Some(OutputFormat::Delta) if options.output == "-" => {
            Err(Error::Option("--output -: a pipe is no Delta table".to_owned()))
        }
        _ => Ok(options),
    }
}

/// Where the parts of a job are.
pub(crate) fn folder(lake: &Lake, options: &JobOptions) -> Result<Folder, Error> {
    let table = options.output.trim_end_matches('/');
    Ok(Folder::at(lake, &format!("{table}/{}", name(options)))?)
}

/// Prepares the table for the rows of a job; none where the output is no table.
///
/// # Errors
/// The table does not take them, or has them already although the job begins anew.
pub(crate) fn append(
    lake: &Lake,
    options: &JobOptions,
    schema: &SchemaRef,
    is_begun: bool,
) -> Result<Option<Append>, Error> {
    if options.output_format != Some(OutputFormat::Delta) {
        return Ok(None);
    }
    let once = Once { application: name(options), number: 0 };
    let append = Append::to(lake, &options.output, schema, Some(once))?;
    if !is_begun && append.committed()?.is_some() {
        let JobOptions { output, id, .. } = options;
        let why = format!("--output {output}: it has the rows of job {id} already; choose another --job-id");
        return Err(Error::Option(why));
    }
    Ok(Some(append))
}

/// Makes the parts of all shares a part of the table.
pub(crate) fn commit(append: &Append, folder: &Folder, names: &Names) -> Result<(), Error> {
    let mut parts: Vec<String> =
        folder.names()?.into_iter().filter(|name| name.starts_with("part-") && names.is_own(name)).collect();
    parts.sort_unstable();
    let inside = |part: String| format!("{}/{part}", names.folder());
    append.commit(&parts.into_iter().map(inside).collect::<Vec<_>>())?;
    Ok(())
}

fn name(options: &JobOptions) -> String {
    Names::new(&options.id, options.shard).folder()
}
