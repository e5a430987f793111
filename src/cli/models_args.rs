//! `forebay models …`: the raw flags. [`crate::models`] gives them their meaning.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::promotion_args::{
    DecideArgs, HistoryArgs, PolicyCommand, PromoteArgs, PromotionIdArgs, PromotionsArgs, RollbackArgs,
};
use super::target_args::TargetArgs;

/// What the exit codes of all these commands mean.
const EXIT_CODES: &str = "\
Exit codes:
  0  it is done
  1  it failed or was refused, or a gate failed; standard error says why, in one line
  2  the command line is wrong
  3  a promotion waits for approvals

Examples:
  forebay models list --tracking-uri http://127.0.0.1:5000
  forebay models promote fraud --version 4 --to champion --dry-run
  forebay models promote fraud --version 4 --to champion --reason 'better on holdout'
  forebay models rollback fraud --alias champion
  forebay models download fraud@champion --dst ./fraud";

#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct ModelsArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(subcommand)]
    pub(crate) command: ModelsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsCommand {
    /// List registered models.
    List(ListArgs),
    /// Show a registered model, or one version of it with --version, --alias or NAME@ALIAS.
    Show(VersionArgs),
    /// List the versions of a model, the latest first.
    Versions(VersionsArgs),
    /// Give an alias or a stage to a version, if the gates of its policy let it pass.
    Promote(PromoteArgs),
    /// Give an alias or a stage back to the version that held it before, at once.
    Rollback(RollbackArgs),
    /// Tell what happened to the aliases and stages of a model: who, when, from, to, why.
    History(HistoryArgs),
    /// List promotions, the latest first: those that wait for approvals, or all.
    Promotions(PromotionsArgs),
    /// Show one promotion with its gates and approvals.
    Promotion(PromotionIdArgs),
    /// Consent to a promotion that waits; the last consent that is needed performs it.
    Approve(DecideArgs),
    /// Refuse a promotion that waits.
    Reject(DecideArgs),
    /// Withdraw a promotion that waits.
    Cancel(DecideArgs),
    /// Keep, show and delete the policies by which promotions are judged.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Download all files of a version into a new folder.
    Download(DownloadArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only models that pass, in MLflow's grammar, as in `name LIKE 'fraud%'` or `tags.team = 'risk'`.
    #[arg(long, value_name = "FILTER")]
    pub(crate) filter: Option<String>,
    #[command(flatten)]
    pub(crate) limit: LimitArgs,
}

#[derive(Debug, Args)]
pub(crate) struct VersionsArgs {
    /// The name of the registered model.
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) limit: LimitArgs,
}

#[derive(Debug, Args)]
pub(crate) struct LimitArgs {
    /// How many to show at most.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub(crate) limit: usize,
}

/// A model, and maybe one version of it.
#[derive(Debug, Args)]
pub(crate) struct VersionArgs {
    /// The name of the registered model, or NAME@ALIAS. A name with an `@` of its own needs --version or --alias.
    pub(crate) name: String,
    /// The number of the version.
    #[arg(long, value_name = "N", conflicts_with = "alias", value_parser = clap::value_parser!(i64).range(1..))]
    pub(crate) version: Option<i64>,
    /// The alias that stands for the version.
    #[arg(long)]
    pub(crate) alias: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct DownloadArgs {
    #[command(flatten)]
    pub(crate) version: VersionArgs,
    /// The folder to make. It must not be there, or be empty; it appears when all files are complete.
    #[arg(long, value_name = "DIR")]
    pub(crate) dst: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::OutputFormat;
    use crate::cli::tests::models_args;

    #[test]
    fn global_flags_stand_on_either_side_of_the_command() {
        let flags = ["--output", "json", "--artifacts-destination", "s3://b"];
        for words in [[&["list"][..], &flags].concat(), [&flags[..], &["list"]].concat()] {
            let target = models_args(&words).unwrap().target;
            assert_eq!(target.shown.output, OutputFormat::Json);
            assert_eq!(target.origin.artifacts_destination.0, "s3://b");
        }
    }

    #[test]
    fn an_alias_or_a_stage_is_named_and_not_both() {
        let is_right = |words: &[&str]| models_args(words).is_ok();
        let promote = ["promote", "m", "--version", "1"];
        assert!(
            !is_right(&promote) && !is_right(&[&promote[..], &["--to", "a", "--to-stage", "b"]].concat())
        );
        assert!(is_right(&[&promote[..], &["--to", "a"]].concat()));
        assert!(!is_right(&["rollback", "m"]) && is_right(&["rollback", "m", "--stage", "Production"]));
        assert!(is_right(&["history", "m"]) && !is_right(&["history", "m", "--alias", "a", "--stage", "b"]));
    }

    #[test]
    fn an_override_has_a_reason_and_is_no_dry_run() {
        let promote = ["promote", "m", "--version", "1", "--to", "a", "--override"];
        assert!(models_args(&promote).is_err());
        let with_reason = [&promote[..], &["--reason", "outage"]].concat();
        let ModelsCommand::Promote(args) = models_args(&with_reason).unwrap().command else { panic!() };
        assert!(args.is_override && !args.dry_run);
        assert!(models_args(&[&with_reason[..], &["--dry-run"]].concat()).is_err());
    }

    #[test]
    fn versions_are_numbers_from_1() {
        for number in ["0", "-1", "x", "1.5"] {
            assert!(models_args(&["show", "m", "--version", number]).is_err(), "{number}");
        }
        assert!(models_args(&["show", "m", "--version", "1", "--alias", "a"]).is_err());
    }

    #[test]
    fn no_address_is_shown_by_debug() {
        let uri = "postgresql://user:hunter2@host/db";
        for flag in ["--backend-store-uri", "--tracking-uri", "--artifacts-destination"] {
            let args = models_args(&["list", flag, uri]).unwrap();
            assert!(!format!("{args:?}").contains("hunter2"), "{flag}");
        }
    }
}
