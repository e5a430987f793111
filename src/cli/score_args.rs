//! `forebay score`: the raw flags. [`crate::score`] gives them their meaning.

use clap::{Args, ValueEnum};
use forebay_batch::{JobId, Mapping, OutputFormat};
use forebay_lake::{AsOf, Format, Shard};

use super::table_args::time_ms;
use super::{EngineArgs, OriginArgs};

/// What is said behind the flags.
const EXIT_CODES: &str = "\
Exit codes:
  0    all rows are scored, or rejected within --max-rejects
  1    it failed; standard error says why, in one line
  2    the command line is wrong
  3    more rows could not be scored than --max-rejects allows
  130  it was interrupted; the same command with the same --job-id goes on

Models that answer a row by the rows beside it, such as those that are quantised while they run, are scored in chunks of
16384 rows of one file, or fewer if rows are wide or --rows-per-file is less. Chunks are counted from the start of each
output file, so that a job that goes on gives what it had given. The stock client scores a whole table at once, and may
answer a little differently.

Examples:
  forebay score --model models:/fraud@champion --input 'transactions/*.parquet' --output scored/ --job-id nightly
  forebay score --model ./model --input gold/flights --output gold/late --output-format delta --job-id 2026-11-26
  forebay score --model ./model --input flights.csv --output flights.parquet --keep year,month,day
  cat rows.jsonl | forebay score --model ./model --input - --output - --output-format jsonl";

#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct ScoreArgs {
    /// The model: `models:/name/version`, `models:/name@alias`, `models:/m-…`, `runs:/…`, a folder, or a bucket. An
    /// alias is pinned to its version before the first row.
    #[arg(long, env = "FOREBAY_SCORE_MODEL", value_name = "URI")]
    pub(crate) model: String,
    /// The table: a file, a folder, a pattern such as `data/*.parquet`, the address of an object store, or `-`.
    #[arg(long, env = "FOREBAY_SCORE_INPUT", value_name = "PATH")]
    pub(crate) input: String,
    /// Where the scored table goes. A name that ends in the ending of a format is one file, which appears whole or not
    /// at all; `-` is standard output; anything else is a folder.
    #[arg(long, env = "FOREBAY_SCORE_OUTPUT", value_name = "PATH")]
    pub(crate) output: String,
    #[command(flatten)]
    pub(crate) table: TableArgs,
    #[command(flatten)]
    pub(crate) work: WorkArgs,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    #[command(flatten)]
    pub(crate) origin: OriginArgs,
    /// With a tracking server the job is a run there, the same for all tries of it: params, metrics, the input as a dataset,
    /// the logged model. This is the experiment of that run, made if it is not there.
    #[arg(long, env = "MLFLOW_EXPERIMENT_NAME", value_name = "NAME", default_value = "forebay-score")]
    pub(crate) experiment_name: String,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Which rows and columns")]
pub(crate) struct TableArgs {
    /// parquet, csv, jsonl, arrow or arrows; otherwise names and contents tell.
    #[arg(long, env = "FOREBAY_SCORE_INPUT_FORMAT", value_name = "FORMAT")]
    pub(crate) input_format: Option<Format>,
    /// A version of a Delta table; the one that is the latest when the job begins without this. A job that is to go on
    /// when somebody adds rows meanwhile needs it.
    #[arg(long, env = "FOREBAY_SCORE_INPUT_VERSION", value_name = "N", conflicts_with = "input_at")]
    pub(crate) input_version: Option<u64>,
    /// The version that a Delta table had at this time, such as `2026-11-26` or `2026-11-26T10:30:00Z`; UTC without a
    /// zone.
    #[arg(long, env = "FOREBAY_SCORE_INPUT_AT", value_name = "TIME", value_parser = time_ms)]
    pub(crate) input_at: Option<i64>,
    /// The same for the output, or delta: a Delta table, which is made if it is not there and gets all rows in one commit. A
    /// folder that is a Delta table is taken for one; another one gets Parquet.
    #[arg(long, env = "FOREBAY_SCORE_OUTPUT_FORMAT", value_name = "FORMAT")]
    pub(crate) output_format: Option<OutputFormat>,
    /// Columns for the model, as `column` or `input=column`. Inputs with names are found by them without this; a model
    /// that tells no names gets exactly these, or all.
    #[arg(long, env = "FOREBAY_SCORE_COLUMNS", value_name = "COLUMNS", value_delimiter = ',')]
    pub(crate) columns: Vec<Mapping>,
    /// Columns of the table that the output has before the predictions; all without this, none with `--keep ''`.
    #[arg(long, env = "FOREBAY_SCORE_KEEP", value_name = "COLUMNS", value_delimiter = ',')]
    pub(crate) keep: Option<Vec<String>>,
    /// What the column of predictions is called; several have the names that the model gives them.
    #[arg(long, env = "FOREBAY_SCORE_PREDICTION_COLUMN", value_name = "NAME", default_value = "prediction")]
    pub(crate) prediction_column: String,
    /// Only so many of the first rows.
    #[arg(long, env = "FOREBAY_SCORE_LIMIT", value_name = "N")]
    pub(crate) limit: Option<u64>,
    /// One of n equal shares, from 1/n to n/n: row groups of Parquet, else files. All shares of a job write to one
    /// folder under one --job-id.
    #[arg(long, env = "FOREBAY_SCORE_SHARD", value_name = "I/N", default_value = "1/1")]
    pub(crate) shard: Shard,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "How the work is done")]
pub(crate) struct WorkArgs {
    /// The job's name. A job that was killed goes on where its complete files end when it is started again with the same
    /// name and a folder as output. Made up when it is left out.
    #[arg(long, env = "FOREBAY_SCORE_JOB_ID", value_name = "ID")]
    pub(crate) job_id: Option<JobId>,
    /// Where rows that cannot be scored go, as JSON lines with their reason: a file, or a folder if the output is one.
    /// Without this the first such row ends the job.
    #[arg(long, env = "FOREBAY_SCORE_REJECTS", value_name = "PATH")]
    pub(crate) rejects: Option<String>,
    /// How many rows may be rejected.
    #[arg(
        long,
        env = "FOREBAY_SCORE_MAX_REJECTS",
        value_name = "N",
        default_value_t = 1_000,
        requires = "rejects"
    )]
    pub(crate) max_rejects: u64,
    /// Rows of the input for each file of an output folder.
    #[arg(
        long,
        env = "FOREBAY_SCORE_ROWS_PER_FILE",
        value_name = "N",
        default_value_t = 1_000_000,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pub(crate) rows_per_file: u64,
    /// Threads that score; what the engine likes on this machine without this.
    #[arg(long, env = "FOREBAY_SCORE_THREADS", value_name = "N", value_parser = threads)]
    pub(crate) threads: Option<usize>,
    /// Check model and table, tell what would be done, and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// How the summary on standard error looks, or on standard output if that is not the table: text or json.
    #[arg(
        long,
        env = "FOREBAY_SCORE_SUMMARY",
        value_name = "FORMAT",
        default_value = "text",
        hide_possible_values = true
    )]
    pub(crate) summary: SummaryFormat,
}

impl TableArgs {
    /// The version of the input that is meant; none where it is the latest.
    pub(crate) fn input_as_of(&self) -> Option<AsOf> {
        self.input_version.map(AsOf::Version).or(self.input_at.map(AsOf::TimeMs))
    }
}

/// How a summary looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SummaryFormat {
    Text,
    Json,
}

fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(threads @ 1..=1_024) => Ok(threads),
        _ => Err("it is no number from 1 to 1024".to_owned()),
    }
}
