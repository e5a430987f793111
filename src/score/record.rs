//! The run that a job is on a tracking server.

use std::time::Duration;

use anyhow::Context as _;
use forebay_batch::{Error, Plan, Summary};
use forebay_client::{Batch, Client, MetricPoint, Options, RetryPolicy};
use forebay_core::clock::{Clock as _, SystemClock};
use forebay_wire::datasets::{Dataset, DatasetInput, InputTag, LogInputs};
use forebay_wire::enumeration::RunStatus;
use forebay_wire::runs::{CreateRun, RunTag};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::cli::ScoreArgs;
use crate::models::target::{credentials, is_http};
use crate::{environment, failure};

/// A server that is just being started again is waited for.
const RETRY: RetryPolicy = RetryPolicy {
    max_retries: 5,
    base_delay: Duration::from_millis(500),
    max_delay: Duration::from_secs(10),
    jitter: Duration::from_millis(100),
};

/// Hexadecimal digits of a dataset's digest.
const DIGEST_LEN: usize = 16;

/// A run that was begun.
pub(super) struct Record {
    client: Client,
    run_id: String,
}

impl Record {
    /// Begins the run, where there is a tracking server.
    ///
    /// # Errors
    /// The server that was named does not take it: a job that should be recorded is not done in secret.
    pub(super) async fn begin(args: &ScoreArgs, plan: &Plan, input: &str) -> anyhow::Result<Option<Self>> {
        let variables = environment::models();
        let told = args.origin.tracking_uri.as_ref().map(|uri| uri.0.clone());
        let Some(uri) = told.or(variables.tracking_uri.clone()).filter(|uri| is_http(uri)) else {
            return Ok(None);
        };
        let options = Options { credentials: credentials(variables), retry: RETRY, ..Options::default() };
        let client = Client::with_options(&uri, options)?;
        let run_id = begin(&client, args, plan, input).await.context("the job cannot be recorded")?;
        Ok(Some(Record { client, run_id }))
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
                self.client.log_batch(&self.run_id, metrics(summary, now_ms)).await?;
                RunStatus::Finished
            }
            Err(Error::Interrupted { .. }) => RunStatus::Killed,
            Err(error) => {
                self.client.set_tag(&self.run_id, "forebay.score.error", &error.to_string()).await?;
                RunStatus::Failed
            }
        };
        self.client.finish_run(&self.run_id, status, now_ms).await.map(drop)
    }
}

async fn begin(
    client: &Client,
    args: &ScoreArgs,
    plan: &Plan,
    input: &str,
) -> Result<String, forebay_client::Error> {
    let experiment_id = client.find_or_create_experiment(&args.experiment_name).await?;
    let tag = |key: &str, value: &str| RunTag { key: Some(key.to_owned()), value: Some(value.to_owned()) };
    let run = CreateRun {
        experiment_id: Some(experiment_id),
        run_name: Some(format!("score {}", plan.job_id)),
        start_time: Some(SystemClock.now_ms().into()),
        tags: vec![tag("forebay.score.job_id", &plan.job_id), tag("forebay.score.model", &plan.model)],
        ..CreateRun::default()
    };
    let run_id = client.create_run(&run).await?.run_id;
    client.log_batch(&run_id, params(args, plan)).await?;
    client.log_inputs(&inputs(&run_id, plan, input)).await?;
    Ok(run_id)
}

fn params(args: &ScoreArgs, plan: &Plan) -> Batch {
    let params = [
        ("model", plan.model.clone()),
        ("input", plan.input.clone()),
        ("output", plan.output.clone()),
        ("platform", plan.platform.clone()),
        ("device", plan.device.clone()),
        ("chunk_rows", plan.chunk_rows.to_string()),
        ("lanes", plan.n_lanes.to_string()),
        ("shard", format!("{}/{}", args.table.shard.number, args.table.shard.of)),
    ];
    params.iter().fold(Batch::default(), |batch, (key, value)| batch.param(key, value))
}

fn inputs(run_id: &str, plan: &Plan, input: &str) -> LogInputs {
    let digest = Sha256::digest(input);
    let digest = digest.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let dataset = Dataset {
        name: plan.input.rsplit('/').find(|part| !part.is_empty()).map(str::to_owned),
        digest: digest.get(..DIGEST_LEN).map(str::to_owned),
        source_type: Some("local".to_owned()),
        source: Some(json!({ "uri": plan.input }).to_string()),
        profile: Some(json!({ "num_rows": plan.n_rows }).to_string()),
        ..Dataset::default()
    };
    let context = InputTag { key: Some("mlflow.data.context".to_owned()), value: Some("scoring".to_owned()) };
    let datasets = vec![DatasetInput { tags: vec![context], dataset: Some(dataset) }];
    LogInputs { run_id: Some(run_id.to_owned()), datasets, ..LogInputs::default() }
}

#[expect(clippy::cast_precision_loss, reason = "metrics are doubles")]
fn metrics(summary: &Summary, timestamp_ms: i64) -> Batch {
    let metrics = [
        ("rows", summary.n_rows as f64),
        ("rows_rejected", summary.n_rejected as f64),
        ("seconds", summary.seconds),
        ("rows_per_second", summary.rows_per_second),
    ];
    let point = |key, value| MetricPoint { key, value, timestamp_ms, step: 0 };
    metrics.into_iter().fold(Batch::default(), |batch, (key, value)| batch.metric(point(key, value)))
}
