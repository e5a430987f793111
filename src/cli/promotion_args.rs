//! The flags of those commands of `forebay models` that are about promotions, which only Forebay has.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::models_args::LimitArgs;

#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 done, 1 a gate failed or it was refused, 3 it waits for approvals.")]
pub(crate) struct PromoteArgs {
    /// The name of the registered model.
    pub(crate) name: String,
    /// The version that is to hold the alias or the stage.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    pub(crate) version: i64,
    #[command(flatten)]
    pub(crate) target: PromotionTargetArgs,
    /// Only judge: show every gate with the values found, and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Why, for the history.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Promote whatever the gates say, which the history tells. Needs --reason.
    #[arg(long = "override", requires = "reason", conflicts_with = "dry_run")]
    pub(crate) is_override: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct PromotionTargetArgs {
    /// The alias to give to it.
    #[arg(long, value_name = "ALIAS")]
    pub(crate) to: Option<String>,
    /// The stage to put it into, instead of an alias.
    #[arg(long, value_name = "STAGE")]
    pub(crate) to_stage: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RollbackArgs {
    /// The name of the registered model.
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) holder: OneHolderArgs,
    /// Why, for the history.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}

/// One alias or one stage of a model.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct OneHolderArgs {
    /// The alias that is meant.
    #[arg(long)]
    pub(crate) alias: Option<String>,
    /// The stage that is meant, instead of an alias.
    #[arg(long)]
    pub(crate) stage: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// The name of the registered model, which may be deleted.
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) holder: HolderArgs,
    #[command(flatten)]
    pub(crate) limit: LimitArgs,
}

/// One alias or one stage of a model, or all.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct HolderArgs {
    /// Only this alias.
    #[arg(long)]
    pub(crate) alias: Option<String>,
    /// Only this stage.
    #[arg(long)]
    pub(crate) stage: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PromotionsArgs {
    /// The name of the registered model; all models when left out.
    pub(crate) name: Option<String>,
    /// Only those in this state: pending, completed, refused, rejected, cancelled, or all.
    #[arg(long, default_value = "pending", hide_possible_values = true)]
    pub(crate) status: PromotionStatus,
    #[command(flatten)]
    pub(crate) limit: LimitArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PromotionStatus {
    Pending,
    Completed,
    Refused,
    Rejected,
    Cancelled,
    All,
}

#[derive(Debug, Args)]
pub(crate) struct PromotionIdArgs {
    /// The id that `forebay models promotions` shows.
    pub(crate) id: String,
}

#[derive(Debug, Args)]
pub(crate) struct DecideArgs {
    /// The id that `forebay models promotions` shows.
    pub(crate) id: String,
    /// Why, for the history.
    #[arg(long, value_name = "TEXT")]
    pub(crate) comment: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Keep the policies of a YAML file, all or none; a mistake is told with its line.
    Apply(ApplyArgs),
    /// List the policies of a model, or of all.
    List(PolicyListArgs),
    /// Print the policies of a model in YAML, as `apply` takes them.
    Show(NamedPolicyArgs),
    /// Delete the policy of an alias or a stage; the history keeps it.
    Delete(DeletePolicyArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    /// The file, with `---` between policies; `-` reads standard input.
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyListArgs {
    /// The name of the registered model; all models when left out.
    pub(crate) name: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct NamedPolicyArgs {
    /// The name of the registered model.
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) holder: HolderArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DeletePolicyArgs {
    /// The name of the registered model.
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) holder: OneHolderArgs,
}
