//! Metrics and their history in GraphQL.

use async_graphql::{Context, InputObject, Object, ScalarType as _, SimpleObject, Value};
use forebay_wire::metrics as wire;

use super::fault::Fault;
use super::rows::{Row, Rows};
use super::scalar::{LongString, float, long, text};

#[derive(InputObject)]
#[graphql(name = "MlflowGetMetricHistoryBulkIntervalInput")]
pub(super) struct GetMetricHistoryBulkInterval {
    pub(super) run_ids: Option<Vec<Option<String>>>,
    pub(super) metric_key: Option<String>,
    pub(super) start_step: Option<i32>,
    pub(super) end_step: Option<i32>,
    pub(super) max_results: Option<i32>,
}

impl From<GetMetricHistoryBulkInterval> for wire::GetMetricHistoryBulkInterval {
    fn from(input: GetMetricHistoryBulkInterval) -> Self {
        wire::GetMetricHistoryBulkInterval {
            run_ids: input.run_ids.into_iter().flatten().flatten().collect(),
            metric_key: input.metric_key,
            start_step: input.start_step.map(|step| i64::from(step).into()),
            end_step: input.end_step.map(|step| i64::from(step).into()),
            max_results: input.max_results.map(Into::into),
        }
    }
}

pub(super) struct GetMetricHistoryBulkIntervalResponse {
    pub(super) metrics: Vec<MetricWithRunId>,
}

#[Object(name = "MlflowGetMetricHistoryBulkIntervalResponse")]
impl GetMetricHistoryBulkIntervalResponse {
    async fn metrics(&self, ctx: &Context<'_>) -> Option<Rows<'_, MetricWithRunId>> {
        Some(Rows::new(ctx, &self.metrics))
    }

    async fn api_error(&self) -> Option<Fault> {
        None
    }
}

#[derive(SimpleObject)]
#[graphql(name = "MlflowMetricWithRunId")]
pub(super) struct MetricWithRunId {
    key: Option<String>,
    value: Option<f64>,
    timestamp: Option<LongString>,
    step: Option<LongString>,
    run_id: Option<String>,
}

impl From<wire::MetricWithRunId> for MetricWithRunId {
    fn from(point: wire::MetricWithRunId) -> Self {
        MetricWithRunId {
            key: text(point.key),
            value: float(point.value),
            timestamp: long(point.timestamp),
            step: long(point.step),
            run_id: text(point.run_id),
        }
    }
}

impl Row for MetricWithRunId {
    fn cell(&self, field: &str) -> Value {
        match field {
            "key" => self.key.clone().into(),
            "value" => self.value.into(),
            "timestamp" => integer(self.timestamp),
            "step" => integer(self.step),
            "runId" => self.run_id.clone().into(),
            _ => Value::Null,
        }
    }
}

#[derive(SimpleObject)]
#[graphql(name = "MlflowMetricExtension")]
pub(super) struct Metric {
    key: Option<String>,
    value: Option<f64>,
    timestamp: Option<LongString>,
    step: Option<LongString>,
    dataset_name: Option<String>,
    dataset_digest: Option<String>,
    model_id: Option<String>,
    run_id: Option<String>,
}

impl From<wire::Metric> for Metric {
    fn from(metric: wire::Metric) -> Self {
        Metric {
            key: text(metric.key),
            value: float(metric.value),
            timestamp: long(metric.timestamp),
            step: long(metric.step),
            dataset_name: text(metric.dataset_name),
            dataset_digest: text(metric.dataset_digest),
            model_id: text(metric.model_id),
            run_id: text(metric.run_id),
        }
    }
}

impl Row for Metric {
    fn cell(&self, field: &str) -> Value {
        match field {
            "key" => self.key.clone().into(),
            "value" => self.value.into(),
            "timestamp" => integer(self.timestamp),
            "step" => integer(self.step),
            "datasetName" => self.dataset_name.clone().into(),
            "datasetDigest" => self.dataset_digest.clone().into(),
            "modelId" => self.model_id.clone().into(),
            "runId" => self.run_id.clone().into(),
            _ => Value::Null,
        }
    }
}

fn integer(number: Option<LongString>) -> Value {
    number.map_or(Value::Null, |number| number.to_value())
}
