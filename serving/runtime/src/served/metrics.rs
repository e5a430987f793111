//! What is counted of each model: under Triton's names, so that dashboards made for it work, and as histograms under ours.
//!
//! Triton's counters have no `_total` at the end of their names. A counter here would be given one, so they are gauges that
//! only rise.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::queue::entry::Scored;
use crate::queue::error::ScoreError;

/// Upper bounds of the buckets, in seconds.
const BUCKETS: [f64; 16] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
    30.0,
];

type Seconds = Family<Labels, Histogram, fn() -> Histogram>;

/// The metrics of all models. Cloning it is cheap; all clones count together.
#[derive(Clone)]
pub struct ServingMetrics {
    success: Family<Labels, Gauge>,
    failure: Family<FailureLabels, Gauge>,
    rows: Family<Labels, Gauge>,
    request_us: Family<Labels, Gauge>,
    queue_us: Family<Labels, Gauge>,
    compute_us: Family<Labels, Gauge>,
    request_seconds: Seconds,
    queue_seconds: Seconds,
    compute_seconds: Seconds,
}

/// Those of one model.
pub(super) struct ModelMetrics {
    labels: Labels,
    success: Gauge,
    rows: Gauge,
    request_us: Gauge,
    queue_us: Gauge,
    compute_us: Gauge,
    request_seconds: Histogram,
    queue_seconds: Histogram,
    compute_seconds: Histogram,
    failure: Family<FailureLabels, Gauge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    model: String,
    version: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FailureLabels {
    model: String,
    version: String,
    reason: &'static str,
}

fn seconds() -> Histogram {
    Histogram::new(BUCKETS)
}

impl ServingMetrics {
    /// Metrics that are shown with all others of a registry.
    pub fn register(registry: &mut Registry) -> Self {
        let family = || Seconds::new_with_constructor(seconds);
        let metrics = ServingMetrics {
            success: Family::default(),
            failure: Family::default(),
            rows: Family::default(),
            request_us: Family::default(),
            queue_us: Family::default(),
            compute_us: Family::default(),
            request_seconds: family(),
            queue_seconds: family(),
            compute_seconds: family(),
        };
        let counters = [
            ("nv_inference_request_success", "Requests that were answered", &metrics.success),
            ("nv_inference_count", "Rows that were scored", &metrics.rows),
            ("nv_inference_request_duration_us", "Time of answered requests", &metrics.request_us),
            ("nv_inference_queue_duration_us", "Time in the queue", &metrics.queue_us),
            ("nv_inference_compute_infer_duration_us", "Time in engines", &metrics.compute_us),
        ];
        for (name, help, family) in counters {
            registry.register(name, help, family.clone());
        }
        let failures = "Requests that were not answered, by reason";
        registry.register("nv_inference_request_failure", failures, metrics.failure.clone());
        let histograms = [
            ("forebay_inference_request_seconds", "Answered requests", &metrics.request_seconds),
            ("forebay_inference_queue_seconds", "Waiting for a lane", &metrics.queue_seconds),
            ("forebay_inference_compute_seconds", "Computing in an engine", &metrics.compute_seconds),
        ];
        for (name, help, family) in histograms {
            registry.register(name, help, family.clone());
        }
        metrics
    }

    pub(super) fn of_model(&self, name: &str, version: Option<&str>) -> ModelMetrics {
        let labels = Labels { model: name.to_owned(), version: version.unwrap_or_default().to_owned() };
        ModelMetrics {
            success: self.success.get_or_create(&labels).clone(),
            rows: self.rows.get_or_create(&labels).clone(),
            request_us: self.request_us.get_or_create(&labels).clone(),
            queue_us: self.queue_us.get_or_create(&labels).clone(),
            compute_us: self.compute_us.get_or_create(&labels).clone(),
            request_seconds: self.request_seconds.get_or_create(&labels).clone(),
            queue_seconds: self.queue_seconds.get_or_create(&labels).clone(),
            compute_seconds: self.compute_seconds.get_or_create(&labels).clone(),
            failure: self.failure.clone(),
            labels,
        }
    }
}

impl ModelMetrics {
    pub(super) fn record(&self, n_rows: usize, took: Duration, result: &Result<Scored, ScoreError>) {
        let scored = match result {
            Ok(scored) => scored,
            Err(error) => {
                let Labels { model, version } = self.labels.clone();
                let labels = FailureLabels { model, version, reason: reason(error) };
                self.failure.get_or_create(&labels).inc();
                return;
            }
        };
        self.success.inc();
        self.rows.inc_by(i64::try_from(n_rows).unwrap_or(i64::MAX));
        for (duration, micros, seconds) in [
            (took, &self.request_us, &self.request_seconds),
            (scored.queued, &self.queue_us, &self.queue_seconds),
            (scored.computed, &self.compute_us, &self.compute_seconds),
        ] {
            micros.inc_by(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX));
            seconds.observe(duration.as_secs_f64());
        }
    }
}

/// As Triton names reasons, where it has a name.
fn reason(error: &ScoreError) -> &'static str {
    match error {
        ScoreError::Full { .. } | ScoreError::TooLarge { .. } => "REJECTED",
        ScoreError::DeadlinePassed(_) | ScoreError::Closed => "CANCELED",
        ScoreError::Engine(_) => "BACKEND",
    }
}
