//! The run that a job is on a tracking server: one for all tries of the job.

mod notes;

use std::time::Duration;

use anyhow::Context as _;
use forebay_batch::{Error, Prepared, Summary};
use forebay_client::{Client, Options, RetryPolicy};
use forebay_core::clock::{Clock as _, SystemClock};
use forebay_wire::enumeration::RunStatus;
use forebay_wire::number::Int32;
use forebay_wire::runs::{CreateRun, Run, RunTag, SearchRuns};

use crate::cli::ScoreArgs;
use crate::shell::target::{credentials, is_http};
use crate::{environment, failure};

/// A server that is just being started again is waited for.
const RETRY: RetryPolicy = RetryPolicy {
    max_retries: 5,
    base_delay: Duration::from_millis(500),
    max_delay: Duration::from_secs(10),
    jitter: Duration::from_millis(100),
};

const JOB_ID: &str = "forebay.score.job_id";
const MODEL: &str = "forebay.score.model";
const ERROR: &str = "forebay.score.error";

/// By which later tries of a job find its run. Jobs of the same id that read or write something else have another one.
const FINGERPRINT: &str = "forebay.score.fingerprint";

/// A job before its first row, with all that is noted of it.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) args: &'a ScoreArgs,
    pub(super) prepared: &'a Prepared,
    /// Of the logged model, where the model is one.
    pub(super) model_id: Option<&'a str>,
}

/// A run that goes on.
pub(super) struct Record {
    client: Client,
    run_id: String,
    /// Whether an earlier try began it.
    is_resumed: bool,
}

impl Record {
    /// Begins the run, or goes on with that of an earlier try, where there is a tracking server. None where there is no
    /// server, or where an earlier try has ended job and run.
    ///
    /// # Errors
    /// The server that was named does not take it: a job that should be recorded is not done in secret.
    pub(super) async fn begin(job: Job<'_>) -> anyhow::Result<Option<Self>> {
        let variables = environment::models();
        let told = job.args.origin.tracking_uri.as_ref().map(|uri| uri.0.clone());
        let Some(uri) = told.or(variables.tracking_uri.clone()).filter(|uri| is_http(uri)) else {
            return Ok(None);
        };
        let options = Options { credentials: credentials(variables), retry: RETRY, ..Options::default() };
        let client = Client::with_options(&uri, options)?;
        begin(client, job).await.context("the job cannot be recorded")
    }

    /// Ends the run. What cannot be recorded is told, and the job is what it is.
    pub(super) async fn end(self, ended: &Result<Summary, Error>) {
        if let Err(error) = self.try_end(ended).await {
            eprintln!("warning: the end of the job is not recorded: {}", failure::line(&error.into()));
        }
    }

    async fn try_end(&self, ended: &Result<Summary, Error>) -> Result<(), forebay_client::Error> {
        let now_ms = SystemClock.now_ms();
        let status = match ended {
            Ok(summary) => {
                self.client.log_batch(&self.run_id, notes::metrics(summary, now_ms)).await?;
                self.forget_error().await?;
                RunStatus::Finished
            }
            Err(Error::Interrupted { .. }) => RunStatus::Killed,
            // The run is that of the process that is at it.
            Err(Error::Lake(forebay_lake::Error::Busy(_))) if self.is_resumed => return Ok(()),
            Err(error) => {
                self.client.set_tag(&self.run_id, ERROR, &error.to_string()).await?;
                RunStatus::Failed
            }
        };
        self.client.finish_run(&self.run_id, status, now_ms).await.map(drop)
    }

    /// Takes away why an earlier try failed.
    async fn forget_error(&self) -> Result<(), forebay_client::Error> {
        if !self.is_resumed {
            return Ok(());
        }
        match self.client.delete_tag(&self.run_id, ERROR).await {
            Err(error) if error.has_code("RESOURCE_DOES_NOT_EXIST") => Ok(()),
            deleted => deleted,
        }
    }
}

async fn begin(client: Client, job: Job<'_>) -> Result<Option<Record>, forebay_client::Error> {
    let experiment_id = client.find_or_create_experiment(&job.args.experiment_name).await?;
    let fingerprint = job.prepared.fingerprint();
    let found = find(&client, &experiment_id, &fingerprint).await?;
    let has_ended = found.as_ref().is_some_and(|run| status(run) == Some(RunStatus::Finished));
    if has_ended && job.prepared.plan().is_done {
        return Ok(None);
    }
    // A job that ended and is done once more, because its output is gone or a single file, is another run.
    let earlier = found.filter(|_| !has_ended).unwrap_or_default();
    let run_id = match earlier.info.as_ref().and_then(|info| info.run_id.clone()) {
        Some(run_id) => client.resume_run(&run_id).await.map(|_| run_id)?,
        None => create(&client, job, experiment_id, fingerprint).await?,
    };
    client.log_batch(&run_id, notes::params(job, &earlier)).await?;
    if earlier.inputs.as_ref().is_none_or(|inputs| inputs.dataset_inputs.is_empty()) {
        let model_id = known_model(&client, job.model_id).await?;
        client.log_inputs(&notes::inputs(&run_id, job, model_id)).await?;
    }
    Ok(Some(Record { client, run_id, is_resumed: earlier.info.is_some() }))
}

/// The model, if the server has it: files may have come from another one.
async fn known_model<'a>(
    client: &Client,
    model_id: Option<&'a str>,
) -> Result<Option<&'a str>, forebay_client::Error> {
    let Some(model_id) = model_id else { return Ok(None) };
    match client.get_logged_model(model_id).await {
        Ok(_) => Ok(Some(model_id)),
        // Servers before MLflow 3 have none at all.
        Err(forebay_client::Error::Api { status: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The latest run of that job.
async fn find(
    client: &Client,
    experiment_id: &str,
    fingerprint: &str,
) -> Result<Option<Run>, forebay_client::Error> {
    let question = SearchRuns {
        experiment_ids: vec![experiment_id.to_owned()],
        filter: Some(format!("tags.\"{FINGERPRINT}\" = '{fingerprint}'")),
        max_results: Some(Int32(1)),
        ..SearchRuns::default()
    };
    Ok(client.search_runs(question).next().await?.into_iter().flatten().next())
}

fn status(run: &Run) -> Option<RunStatus> {
    run.info.as_ref()?.status
}

async fn create(
    client: &Client,
    job: Job<'_>,
    experiment_id: String,
    fingerprint: String,
) -> Result<String, forebay_client::Error> {
    let plan = job.prepared.plan();
    let tag = |key: &str, value: String| RunTag { key: Some(key.to_owned()), value: Some(value) };
    let run = CreateRun {
        experiment_id: Some(experiment_id),
        run_name: Some(format!("score {}", plan.job_id)),
        start_time: Some(SystemClock.now_ms().into()),
        tags: vec![
            tag(JOB_ID, plan.job_id.clone()),
            tag(MODEL, plan.model.clone()),
            tag(FINGERPRINT, fingerprint),
        ],
        ..CreateRun::default()
    };
    Ok(client.create_run(&run).await?.run_id)
}
