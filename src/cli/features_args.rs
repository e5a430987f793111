//! `forebay features …`: the raw flags. [`crate::features`] gives them their meaning.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use forebay_core::job_id::JobId;

use super::SummaryFormat;
use super::target_args::{OriginArgs, OutputArgs};

/// What the exit codes of all these commands mean.
const EXIT_CODES: &str = "\
Exit codes:
  0  it is done
  1  it failed or was refused; standard error says why, in one line
  2  the command line is wrong

Examples:
  forebay features plan -f features/
  forebay features apply -f features/ --tracking-uri http://127.0.0.1:5000
  forebay features show weather
  forebay features delete weather --kind feature_view
  forebay features training-set --service late_flights --spine flights.parquet --output gold/training";

#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct FeaturesArgs {
    #[command(flatten)]
    pub(crate) origin: OriginArgs,
    #[command(subcommand)]
    pub(crate) command: FeaturesCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum FeaturesCommand {
    /// Show what applying the definitions of files would change, field by field.
    Plan(DefinitionFilesArgs),
    /// Keep the definitions of files, all or none, each as a new version where it changed; a mistake is told with its line.
    Apply(DefinitionFilesArgs),
    /// List the definitions that are in force.
    List(DefinitionsArgs),
    /// Print a definition in YAML, as `apply` takes it, or the list of its versions.
    Show(DefinitionArgs),
    /// Delete a definition that no other names; its versions stay.
    Delete(DeleteDefinitionArgs),
    /// Make a training set: the rows of a table with the features of a service, each as it was known at the row's time.
    TrainingSet(Box<TrainingSetArgs>),
}

#[derive(Debug, Args)]
pub(crate) struct DefinitionFilesArgs {
    /// A YAML file, a folder of them (*.yaml and *.yml), or `-` for standard input. May be given several times.
    #[arg(long = "file", short, value_name = "PATH", required = true)]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) shown: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DefinitionsArgs {
    /// Only those of this kind: `entity`, `feature_view`, `on_demand_view` or `feature_service`.
    #[arg(long, value_name = "KIND", hide_possible_values = true)]
    pub(crate) kind: Option<DefinitionKind>,
    #[command(flatten)]
    pub(crate) shown: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DefinitionArgs {
    #[command(flatten)]
    pub(crate) which: OneDefinitionArgs,
    /// The number of a version; the last one without this.
    #[arg(long, value_name = "N", conflicts_with = "history", value_parser = clap::value_parser!(i64).range(1..))]
    pub(crate) version: Option<i64>,
    /// List the versions instead, the latest first; also of what was deleted.
    #[arg(long)]
    pub(crate) history: bool,
    #[command(flatten)]
    pub(crate) shown: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DeleteDefinitionArgs {
    #[command(flatten)]
    pub(crate) which: OneDefinitionArgs,
    #[command(flatten)]
    pub(crate) shown: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct TrainingSetArgs {
    /// The feature service whose features are wanted.
    #[arg(long, value_name = "NAME", required_unless_present = "pin")]
    pub(crate) service: Option<String>,
    /// A version of the service; the last one without this.
    #[arg(long, value_name = "N", conflicts_with = "pin", value_parser = clap::value_parser!(i64).range(1..))]
    pub(crate) service_version: Option<i64>,
    /// The table whose rows get features: it has the keys of the features, and a time.
    #[arg(long, value_name = "TABLE", required_unless_present = "pin")]
    pub(crate) spine: Option<String>,
    /// Where the training set goes: a file, which is replaced, if the name ends in parquet, csv, jsonl, arrow or arrows; `-` for an Arrow stream on
    /// standard output; anything else is a Delta table, to which the rows are added in one commit.
    #[arg(long, value_name = "TABLE")]
    pub(crate) output: String,
    /// The column with the time of a row; `event_timestamp`, or that of the manifest, without this.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) event_time: Option<String>,
    /// Read Delta tables as they were at this time, such as `2026-11-26` or `2026-11-26T10:30:00Z`; UTC without a zone.
    #[arg(long, value_name = "TIME", value_parser = super::table_args::time_ms, conflicts_with = "pin")]
    pub(crate) as_of: Option<i64>,
    /// A manifest: the same training set is made once more, from the same definitions and versions of tables, or the command
    /// says what is not the same any more.
    #[arg(long, value_name = "MANIFEST")]
    pub(crate) pin: Option<PathBuf>,
    /// The job's name. A Delta table gets the rows of a job once: started again with the same name, the command makes them again
    /// and adds nothing, or says that they are others now.
    #[arg(long, value_name = "ID")]
    pub(crate) job_id: Option<JobId>,
    /// A run to log it to: as a dataset for training, with manifest and audit as artifacts.
    #[arg(long, value_name = "RUN_ID")]
    pub(crate) run: Option<String>,
    /// How much memory may be used, such as `8GiB` or `500MB`; half of what this machine has without this.
    #[arg(long, env = "FOREBAY_FEATURES_MEMORY", value_name = "SIZE", value_parser = super::size::bytes)]
    pub(crate) memory: Option<u64>,
    /// A file for the manifest.
    #[arg(long, value_name = "PATH")]
    pub(crate) manifest: Option<PathBuf>,
    /// How the summary on standard error looks, or on standard output if that is not the training set: text or json.
    #[arg(long, value_name = "FORMAT", default_value = "text", hide_possible_values = true)]
    pub(crate) summary: SummaryFormat,
}

/// One definition.
#[derive(Debug, Args)]
pub(crate) struct OneDefinitionArgs {
    /// The name of the definition.
    pub(crate) name: String,
    /// Its kind, where several have the name: `entity`, `feature_view`, `on_demand_view` or `feature_service`.
    #[arg(long, value_name = "KIND", hide_possible_values = true)]
    pub(crate) kind: Option<DefinitionKind>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum DefinitionKind {
    Entity,
    FeatureView,
    OnDemandView,
    FeatureService,
}

impl DefinitionKind {
    /// In messages.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            DefinitionKind::Entity => "entity",
            DefinitionKind::FeatureView => "feature_view",
            DefinitionKind::OnDemandView => "on_demand_view",
            DefinitionKind::FeatureService => "feature_service",
        }
    }
}
