//! `forebay score`: tables scored by a model, as a job.

mod model;
mod job;
mod progress;
mod record;
mod report;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use forebay_batch::{Counters, Error, Prepared, Summary};

use crate::cli::ScoreArgs;
use crate::stop::StopSignals;
use crate::{failure, lake};
use model::Loaded;
use record::{Job, Record};

/// More rows could not be scored than may be rejected.
const TOO_MANY_REJECTS: u8 = 3;

/// As shells have it for a program that an interrupt ended.
const INTERRUPTED: u8 = 130;

/// Runs a job to its end, or until it is interrupted.
pub(crate) async fn run(args: ScoreArgs) -> anyhow::Result<ExitCode> {
    let stop = StopSignals::listen()?;
    let counters = Arc::new(Counters::default());
    let stopped = Arc::clone(&counters);
    let watch = tokio::spawn(async move {
        stop.first().await;
        // The job ends behind the rows that it is at; whoever asks twice does not wait for them.
        stopped.stop();
        if let Ok(again) = StopSignals::listen() {
            again.first().await;
            std::process::exit(i32::from(INTERRUPTED));
        }
    });
    let ended = work(args, counters).await;
    watch.abort();
    ended
}

async fn work(args: ScoreArgs, counters: Arc<Counters>) -> anyhow::Result<ExitCode> {
    let Loaded { model, model_id } = model::load(&args).await?;
    let lake = lake::open()?;
    let options = job::options(&args)?;
    let watched = Arc::clone(&counters);
    let preparing = tokio::task::spawn_blocking(move || Prepared::new(lake, model, options, &watched)).await;
    let prepared = match preparing.context("the job's thread is gone")? {
        Ok(prepared) => prepared,
        Err(error) => return told(Err(error), &args),
    };
    let plan = prepared.plan().clone();
    if args.work.dry_run {
        report::plan(&plan, args.work.summary)?;
        return Ok(ExitCode::SUCCESS);
    }
    let job = Job { args: &args, prepared: &prepared, model_id: model_id.as_deref() };
    let record = Record::begin(job).await?;
    let shown = progress::start(&plan, &counters);
    let running = tokio::task::spawn_blocking(move || prepared.run(&counters)).await;
    drop(shown);
    let ended = running.context("the job's thread is gone")?;
    if let Some(record) = record {
        record.end(&ended).await;
    }
    told(ended, &args)
}

/// Tells how it ended.
fn told(ended: Result<Summary, Error>, args: &ScoreArgs) -> anyhow::Result<ExitCode> {
    let code = match ended {
        Ok(summary) => {
            report::summary(&summary, args)?;
            return Ok(ExitCode::SUCCESS);
        }
        Err(Error::TooManyRejects { .. }) => TOO_MANY_REJECTS,
        Err(Error::Interrupted { .. }) => INTERRUPTED,
        Err(error) => return Err(error.into()),
    };
    if let Err(error) = ended {
        eprintln!("error: {}", failure::line(&error.into()));
    }
    Ok(ExitCode::from(code))
}
