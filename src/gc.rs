//! `forebay gc`: deletes for good what is marked deleted, and says what became of each.

use std::io::Write as _;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use forebay_core::clock::SystemClock;
use forebay_db::{DatabaseUrl, Db};
use forebay_tracking::gc::{Fate, Gc, GcRequest, Mode, Notice, Stores, Summary};

use crate::cli::{ForeignGcArgs, GcArgs};
use crate::database::open_options;
use crate::environment;

/// One reads; on PostgreSQL another writes meanwhile.
const CONNECTIONS: u32 = 2;

/// Deletes, or shows what would be deleted. Relative local paths are taken from the current folder.
pub(crate) async fn run(args: GcArgs) -> anyhow::Result<()> {
    refuse_what_cannot_be_ignored(&args.foreign)?;
    if args.foreign.tracking_uri.is_some() {
        tracing::info!(
            "no tracking server is asked: proxied artifacts are deleted in --artifacts-destination"
        );
    }
    let url: DatabaseUrl = args.backend_store_uri.0.parse()?;
    let options = open_options(CONNECTIONS, args.allow_unknown_schema);
    let db = Db::open_existing(&url, options)
        .await
        .with_context(|| format!("cannot use the backend store {url}"))?;
    let stores = Stores { destination: args.artifacts_destination.0, settings: environment::object_stores() };
    let gc = Gc::open(db.clone(), Arc::new(SystemClock), stores, &std::env::current_dir()?).await?;
    let mode = if args.dry_run { Mode::DryRun } else { Mode::Delete };
    let req = GcRequest {
        older_than: args.older_than,
        run_ids: args.run_ids,
        experiment_ids: args.experiment_ids,
        logged_model_ids: args.logged_model_ids,
    };
    let summary = gc.collect(req, mode, &mut |notice| print(&line(notice))).await;
    db.close().await;
    let summary = summary?;
    print(&total(&summary, mode));
    match summary.failed {
        0 => Ok(()),
        failed => {
            bail!("{failed} could not be deleted; the reasons stand above, and another run tries again")
        }
    }
}

/// Flags whose absence would change what is deleted.
fn refuse_what_cannot_be_ignored(foreign: &ForeignGcArgs) -> anyhow::Result<()> {
    if foreign.jobs || foreign.job_ids.is_some() {
        bail!(
            "--jobs and --job-ids: there are no jobs here, and those of MLflow are its own: use `mlflow gc`"
        );
    }
    if foreign.all_workspaces {
        bail!("--all-workspaces: workspaces are not supported; everything lives in the default one");
    }
    if let Some(other) = foreign.workspace.as_deref().filter(|name| *name != "default") {
        bail!("--workspace {other}: workspaces are not supported; everything lives in the default one");
    }
    Ok(())
}

/// Whoever reads may stop reading; the deletion goes on.
fn print(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn line(notice: &Notice) -> String {
    let subject = notice.subject;
    match &notice.fate {
        Fate::Listed { n_files, size_bytes } => match notice.location {
            Some(location) => {
                format!(
                    "{subject} would be deleted, with {n_files} files of {size_bytes} bytes at {location}"
                )
            }
            None => format!("{subject} would be deleted."),
        },
        Fate::Deleted => format!("{subject} has been permanently deleted."),
        Fate::ArtifactsStay(reason) => {
            let location = notice.location.unwrap_or_default();
            format!("{subject} goes without its artifacts at {location}: {reason}.")
        }
        Fate::Kept(reason) => format!("{subject} is kept: {reason}."),
        Fate::Failed(reason) => {
            let location = notice.location.map(|uri| format!(" (artifacts at {uri})")).unwrap_or_default();
            format!("{subject} could not be deleted{location}: {reason}.")
        }
    }
}

fn total(summary: &Summary, mode: Mode) -> String {
    let Summary { runs, models, traces, experiments, locations, n_files, size_bytes, .. } = summary;
    let all = format!(
        "{runs} runs, {models} logged models, {traces} traces and {experiments} experiments, with the artifacts \
         at {locations} locations"
    );
    match mode {
        Mode::DryRun => format!(
            "A dry run: nothing was deleted. It would be {all} ({n_files} files of {size_bytes} bytes)."
        ),
        Mode::Delete => format!("Deleted {all}."),
    }
}
