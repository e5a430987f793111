//! What is noted on the run of a job: params, the input as a dataset, the model that it reads, metrics.

use forebay_batch::Summary;
use forebay_client::{Batch, MetricPoint};
use forebay_wire::datasets::{Dataset, DatasetInput, InputTag, LogInputs, ModelInput};
use forebay_wire::runs::Run;
use serde_json::json;

use super::Job;

/// Hexadecimal digits of a dataset's digest; MLflow keeps 36 characters.
const DIGEST_LEN: usize = 16;

/// What MLflow keeps of a dataset's schema.
const MAX_SCHEMA_BYTES: usize = 1_048_575;

/// The params that the run does not have yet: one that an earlier try logged never gets another value.
pub(super) fn params(job: Job<'_>, earlier: &Run) -> Batch {
    let plan = job.prepared.plan();
    let params = [
        ("model", plan.model.clone()),
        ("input", plan.input.clone()),
        ("output", plan.output.clone()),
        ("platform", plan.platform.clone()),
        ("device", plan.device.clone()),
        ("chunk_rows", plan.chunk_rows.to_string()),
        ("lanes", plan.n_lanes.to_string()),
        ("shard", format!("{}/{}", job.args.table.shard.number, job.args.table.shard.of)),
    ];
    let logged = |key: &str| {
        let mut params = earlier.data.iter().flat_map(|data| &data.params);
        params.any(|param| param.key.as_deref() == Some(key))
    };
    let missing = params.iter().filter(|(key, _)| !logged(key));
    missing.fold(Batch::default(), |batch, (key, value)| batch.param(key, value))
}

/// The table, and the logged model.
pub(super) fn inputs(run_id: &str, job: Job<'_>, model_id: Option<&str>) -> LogInputs {
    let plan = job.prepared.plan();
    let dataset = Dataset {
        name: plan.input.rsplit('/').find(|part| !part.is_empty()).map(str::to_owned),
        digest: job.prepared.input_digest().get(..DIGEST_LEN).map(str::to_owned),
        source_type: Some(source_type(&plan.input).to_owned()),
        source: Some(json!({ "uri": plan.input }).to_string()),
        schema: Some(job.prepared.input_colspec()).filter(|text| text.len() <= MAX_SCHEMA_BYTES),
        profile: Some(json!({ "num_rows": plan.n_rows }).to_string()),
    };
    let context = InputTag { key: Some("mlflow.data.context".to_owned()), value: Some("scoring".to_owned()) };
    let model = model_id.map(|model_id| ModelInput { model_id: Some(model_id.to_owned()) });
    LogInputs {
        run_id: Some(run_id.to_owned()),
        datasets: vec![DatasetInput { tags: vec![context], dataset: Some(dataset) }],
        models: model.into_iter().collect(),
    }
}

/// MLflow names sources by their scheme, and this machine `local`.
fn source_type(input: &str) -> &str {
    match input.split_once("://") {
        Some((scheme, _)) if scheme != "file" => scheme,
        _ => "local",
    }
}

#[expect(clippy::cast_precision_loss, reason = "metrics are doubles")]
pub(super) fn metrics(summary: &Summary, timestamp_ms: i64) -> Batch {
    let mut metrics = vec![("rows", summary.n_rows as f64), ("rows_rejected", summary.n_rejected as f64)];
    // A try that found all done took no time worth noting.
    if summary.n_files > 0 {
        metrics.extend([("seconds", summary.seconds), ("rows_per_second", summary.rows_per_second)]);
    }
    let point = |key, value| MetricPoint { key, value, timestamp_ms, step: 0 };
    metrics.into_iter().fold(Batch::default(), |batch, (key, value)| batch.metric(point(key, value)))
}
