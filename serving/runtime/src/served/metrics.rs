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

use super::Models;
use super::queues::Queues;
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
    input_us: Family<Labels, Gauge>,
    infer_us: Family<Labels, Gauge>,
    output_us: Family<Labels, Gauge>,
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
    input_us: Gauge,
    infer_us: Gauge,
    output_us: Gauge,
    request_seconds: Histogram,
    queue_seconds: Histogram,
    compute_seconds: Histogram,
    failure: Family<FailureLabels, Gauge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Labels {
    pub(super) model: String,
    pub(super) version: String,
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
    pub fn register(registry: &mut Registry, models: &Models) -> Self {
        let family = || Seconds::new_with_constructor(seconds);
        let metrics = ServingMetrics {
            success: Family::default(),
            failure: Family::default(),
            rows: Family::default(),
            request_us: Family::default(),
            queue_us: Family::default(),
            input_us: Family::default(),
            infer_us: Family::default(),
            output_us: Family::default(),
            request_seconds: family(),
            queue_seconds: family(),
            compute_seconds: family(),
        };
        let counters = [
            ("nv_inference_request_success", "Requests that were answered", &metrics.success),
            ("nv_inference_count", "Rows that were scored", &metrics.rows),
            ("nv_inference_request_duration_us", "Time of answered requests", &metrics.request_us),
            ("nv_inference_queue_duration_us", "Time in the queue", &metrics.queue_us),
            ("nv_inference_compute_input_duration_us", "Time to put requests together", &metrics.input_us),
            ("nv_inference_compute_infer_duration_us", "Time in engines", &metrics.infer_us),
            ("nv_inference_compute_output_duration_us", "Time to part predictions", &metrics.output_us),
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
        registry.register_collector(Box::new(Queues(models.clone())));
        metrics
    }

    pub(super) fn of_model(&self, name: &str, version: Option<&str>) -> ModelMetrics {
        let labels = Labels { model: name.to_owned(), version: version.unwrap_or_default().to_owned() };
        ModelMetrics {
            success: self.success.get_or_create(&labels).clone(),
            rows: self.rows.get_or_create(&labels).clone(),
            request_us: self.request_us.get_or_create(&labels).clone(),
            queue_us: self.queue_us.get_or_create(&labels).clone(),
            input_us: self.input_us.get_or_create(&labels).clone(),
            infer_us: self.infer_us.get_or_create(&labels).clone(),
            output_us: self.output_us.get_or_create(&labels).clone(),
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
            Err(error) => return self.failed(reason(error)),
        };
        self.success.inc();
        self.rows.inc_by(i64::try_from(n_rows).unwrap_or(i64::MAX));
        let Scored { queued, compute, .. } = scored;
        for (duration, micros) in [
            (took, &self.request_us),
            (*queued, &self.queue_us),
            (compute.input, &self.input_us),
            (compute.infer, &self.infer_us),
            (compute.output, &self.output_us),
        ] {
            micros.inc_by(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX));
        }
        self.request_seconds.observe(took.as_secs_f64());
        self.queue_seconds.observe(queued.as_secs_f64());
        self.compute_seconds.observe(compute.infer.as_secs_f64());
    }

    /// A caller hung up.
    pub(super) fn cancelled(&self) {
        self.failed(CANCELED);
    }

    fn failed(&self, reason: &'static str) {
        let Labels { model, version } = self.labels.clone();
        self.failure.get_or_create(&FailureLabels { model, version, reason }).inc();
    }
}

/// The reason of whoever does not wait any more.
const CANCELED: &str = "CANCELED";

/// As Triton names reasons, where it has a name.
fn reason(error: &ScoreError) -> &'static str {
    match error {
        ScoreError::Full { .. } | ScoreError::TooLarge { .. } => "REJECTED",
        ScoreError::DeadlinePassed(_) | ScoreError::Closed => CANCELED,
        ScoreError::Engine(_) => "BACKEND",
    }
}
