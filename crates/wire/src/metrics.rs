//! Messages about metrics and their history.
#![expect(missing_docs, reason = "the fields are MLflow's own; docs stand where a name does not say it all")]

use std::io;

use serde::Serialize;
use serde::ser::SerializeStruct as _;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use crate::number::{Double, Int32, Int64};
use crate::presence::message;

message! {
    /// One value of a metric.
    pub struct Metric {
        key: Option<String>,
        value: Option<Double>,
        /// Milliseconds since the epoch.
        timestamp: Option<Int64>,
        step: Option<Int64>,
        dataset_name as "datasetName": Option<String>,
        dataset_digest as "datasetDigest": Option<String>,
        /// The logged model the value belongs to.
        model_id as "modelId": Option<String>,
        run_id as "runId": Option<String>,
    }

    /// `POST runs/log-metric`; the answer is empty.
    pub struct LogMetric {
        run_uuid as "runUuid": Option<String>,
        key: Option<String>,
        value: Option<Double>,
        /// Milliseconds since the epoch.
        timestamp: Option<Int64>,
        step: Option<Int64>,
        run_id as "runId": Option<String>,
        model_id as "modelId": Option<String>,
        dataset_name as "datasetName": Option<String>,
        dataset_digest as "datasetDigest": Option<String>,
    }

    /// `GET metrics/get-history`.
    pub struct GetMetricHistory {
        run_uuid as "runUuid": Option<String>,
        metric_key as "metricKey": Option<String>,
        run_id as "runId": Option<String>,
        page_token as "pageToken": Option<String>,
        max_results as "maxResults": Option<Int32>,
    }

    /// Answers [`GetMetricHistory`].
    pub struct GetMetricHistoryResponse {
        metrics: Vec<Metric>,
        next_page_token as "nextPageToken": Option<String>,
    }

    /// `GET metrics/get-history-bulk-interval`.
    pub struct GetMetricHistoryBulkInterval {
        run_ids as "runIds": Vec<String>,
        metric_key as "metricKey": Option<String>,
        start_step as "startStep": Option<Int64>,
        end_step as "endStep": Option<Int64>,
        max_results as "maxResults": Option<Int32>,
    }

    /// Answers [`GetMetricHistoryBulkInterval`].
    pub struct GetMetricHistoryBulkIntervalResponse {
        metrics: Vec<MetricWithRunId>,
    }

    /// One value of a metric, with its run.
    pub struct MetricWithRunId {
        key: Option<String>,
        value: Option<Double>,
        /// Milliseconds since the epoch.
        timestamp: Option<Int64>,
        step: Option<Int64>,
        run_id as "runId": Option<String>,
    }

    /// `GET metrics/get-history-bulk`.
    pub struct GetMetricHistoryBulk {
        run_id as "runId": Vec<String>,
        metric_key as "metricKey": Option<String>,
        max_results as "maxResults": Option<Int64>,
    }
}

/// A [`GetMetricHistoryResponse`] as a server writes it: the key, which all points share, is there once.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricHistory<'a> {
    pub key: &'a str,
    pub points: Vec<HistoryPoint>,
    pub next_page_token: Option<String>,
}

/// One value in a [`MetricHistory`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HistoryPoint {
    pub value: Double,
    /// Milliseconds since the epoch.
    pub timestamp: Int64,
    pub step: Int64,
}

impl Serialize for MetricHistory<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let has_points = !self.points.is_empty();
        let n_fields = usize::from(has_points) + usize::from(self.next_page_token.is_some());
        let mut message = serializer.serialize_struct("GetMetricHistoryResponse", n_fields)?;
        if has_points {
            message.serialize_field("metrics", &Keyed { key: self.key, points: &self.points })?;
        }
        if let Some(token) = &self.next_page_token {
            message.serialize_field("next_page_token", token)?;
        }
        message.end()
    }
}

/// Points as the list of metrics that they are on the wire.
struct Keyed<'a> {
    key: &'a str,
    points: &'a [HistoryPoint],
}

impl Serialize for Keyed<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Metric<'a> {
            key: &'a str,
            value: Double,
            timestamp: Int64,
            step: Int64,
        }
        let metric = |HistoryPoint { value, timestamp, step }: &HistoryPoint| Metric {
            key: self.key,
            value: *value,
            timestamp: *timestamp,
            step: *step,
        };
        serializer.collect_seq(self.points.iter().map(metric))
    }
}

/// Answers [`GetMetricHistoryBulk`]. The fields stand in the order of their names, as the original sorts them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GetMetricHistoryBulkResponse {
    pub metrics: Vec<BulkMetric>,
}

/// One value in a bulk history.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BulkMetric {
    pub key: String,
    pub run_id: String,
    pub step: i64,
    /// Milliseconds since the epoch.
    pub timestamp: i64,
    /// NaN is written as the bare word.
    pub value: f64,
}

impl GetMetricHistoryBulkResponse {
    /// The compact text of this answer, in which NaN is a bare `NaN`: what the web UI expects here, though it
    /// is not JSON.
    pub fn to_text(&self) -> serde_json::Result<Vec<u8>> {
        let mut text = Vec::new();
        self.serialize(&mut Serializer::with_formatter(&mut text, BareNan))?;
        Ok(text)
    }
}

/// Writes compact JSON, but `NaN` where serde writes null: the only nulls here are doubles JSON has no word for.
struct BareNan;

impl Formatter for BareNan {
    fn write_null<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"NaN")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_is_written_as_the_message_that_clients_read() {
        let point =
            |value, step| HistoryPoint { value: Double(value), timestamp: Int64(5), step: Int64(step) };
        for (points, token) in [
            (vec![point(0.5, -1), point(f64::NAN, 2)], Some("next".to_owned())),
            (vec![point(1.0, 0)], None),
            (Vec::new(), None),
        ] {
            let metric = |point: &HistoryPoint| Metric {
                key: Some("m".to_owned()),
                value: Some(point.value),
                timestamp: Some(point.timestamp),
                step: Some(point.step),
                ..Metric::default()
            };
            let metrics = points.iter().map(metric).collect();
            let message = GetMetricHistoryResponse { metrics, next_page_token: token.clone() };
            let history = MetricHistory { key: "m", points, next_page_token: token };
            let text = |value: serde_json::Result<String>| value.unwrap();
            assert_eq!(
                text(serde_json::to_string_pretty(&history)),
                text(serde_json::to_string_pretty(&message))
            );
        }
    }

    #[test]
    fn bulk_history_is_compact_and_writes_nan_bare() {
        let metric =
            BulkMetric { key: "m".into(), run_id: "r".into(), step: 0, timestamp: 1, value: f64::NAN };
        let text = GetMetricHistoryBulkResponse { metrics: vec![metric] }.to_text().unwrap();
        let expected = r#"{"metrics":[{"key":"m","run_id":"r","step":0,"timestamp":1,"value":NaN}]}"#;
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }
}
