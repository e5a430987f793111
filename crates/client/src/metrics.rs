//! Metrics: one value in, all values out.

use forebay_wire::empty::Empty;
use forebay_wire::metrics::{GetMetricHistory, GetMetricHistoryResponse, LogMetric, Metric};

use crate::{Client, Error, MetricPoint};

/// Values per page: as many as MLflow gives.
const PAGE: i32 = 25_000;

impl Client {
    /// Logs one value of a metric; the very same value again changes nothing.
    pub async fn log_metric(&self, run_id: &str, point: MetricPoint<'_>) -> Result<(), Error> {
        let message = LogMetric {
            run_id: Some(run_id.to_owned()),
            key: Some(point.key.to_owned()),
            value: Some(point.value.into()),
            timestamp: Some(point.timestamp_ms.into()),
            step: Some(point.step.into()),
            ..LogMetric::default()
        };
        self.post::<Empty>("runs/log-metric", &message).await.map(drop)
    }

    /// All values of a metric, ordered by time, step and value.
    pub async fn list_metric_history(&self, run_id: &str, key: &str) -> Result<Vec<Metric>, Error> {
        let mut question = GetMetricHistory {
            run_id: Some(run_id.to_owned()),
            metric_key: Some(key.to_owned()),
            max_results: Some(PAGE.into()),
            ..GetMetricHistory::default()
        };
        let mut history = Vec::new();
        loop {
            let answer: GetMetricHistoryResponse = self.get("metrics/get-history", &question).await?;
            history.extend(answer.metrics);
            question.page_token = answer.next_page_token.filter(|token| !token.is_empty());
            if question.page_token.is_none() {
                return Ok(history);
            }
        }
    }
}
