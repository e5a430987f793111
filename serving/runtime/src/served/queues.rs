//! What the queues of the models that answer now tell when metrics are asked for.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

use super::Models;
use super::metrics::Labels;
use super::model::ServedModel;

/// The queues of these models.
pub(super) struct Queues(pub(super) Models);

/// A number that a model's queue tells.
type Number = fn(&ServedModel) -> u64;

/// Each with its name and what it means.
const NUMBERS: [(&str, &str, Number); 2] = [
    ("nv_inference_exec_count", "Batches that engines ran", |model| {
        model.endpoint.statistics().n_executions()
    }),
    ("nv_inference_pending_request_count", "Requests that wait for a lane", |model| {
        model.endpoint.n_waiting_requests() as u64
    }),
];

impl fmt::Debug for Queues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Queues")
    }
}

impl Collector for Queues {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let models = self.0.list();
        for (name, help, number) in NUMBERS {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for model in &models {
                let version = model.version().unwrap_or_default();
                let labels = Labels { model: model.name.clone(), version };
                ConstGauge::new(i64::try_from(number(model)).unwrap_or(i64::MAX))
                    .encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}
