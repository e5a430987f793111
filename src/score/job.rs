//! From flags to what the job is told.

use forebay_batch::{JobOptions, Keep, RejectOptions};
use forebay_core::ids::{Ids as _, RandomIds};

use crate::cli::ScoreArgs;

/// What the flags tell the job.
pub(super) fn options(args: &ScoreArgs) -> anyhow::Result<JobOptions> {
    let table = &args.table;
    let id = match &args.work.job_id {
        Some(id) => id.clone(),
        None => RandomIds.hex32().parse().map_err(anyhow::Error::msg)?,
    };
    let keep = match &table.keep {
        None => Keep::All,
        Some(names) => Keep::Only(names.iter().filter(|name| !name.is_empty()).cloned().collect()),
    };
    let rejects = args.work.rejects.clone().map(|path| RejectOptions { path, max: args.work.max_rejects });
    Ok(JobOptions {
        id,
        input: args.input.clone(),
        input_format: table.input_format,
        input_as_of: table.input_as_of(),
        output: args.output.clone(),
        output_format: table.output_format,
        columns: table.columns.clone(),
        keep,
        prediction_column: table.prediction_column.clone(),
        limit: table.limit,
        shard: table.shard,
        rejects,
        rows_per_file: args.work.rows_per_file,
        threads: args.work.threads,
    })
}
