//! What is noted on the run of a job: params, the input as a dataset, the model that it reads, metrics.

use forebay_batch::Summary;
use forebay_client::{Batch, MetricPoint};
use forebay_wire::datasets::{LogInputs, ModelInput};
use forebay_wire::runs::Run;
use serde_json::json;

use super::Job;
use crate::shell::dataset::{TableDataset, source_type};

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
    let table = TableDataset {
        uri: &plan.input,
        hash: &job.prepared.input_digest(),
        source_type: source_type(&plan.input),
        source: json!({ "uri": plan.input }),
        schema: Some(job.prepared.input_colspec()),
        profile: json!({ "num_rows": plan.n_rows }),
        context: "scoring",
    };
    let model = model_id.map(|model_id| ModelInput { model_id: Some(model_id.to_owned()) });
    LogInputs {
        run_id: Some(run_id.to_owned()),
        datasets: vec![table.input()],
        models: model.into_iter().collect(),
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
