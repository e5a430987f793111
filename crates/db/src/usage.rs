//! How much of a database is in use: asked at every scrape, counted never.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};

use crate::Db;

/// How much of a database is in use at one moment.
pub(crate) struct Usage {
    pub(crate) in_use: usize,
    pub(crate) idle: usize,
    pub(crate) max: usize,
    pub(crate) queue: Queue,
}

/// How full the writer's queue is.
pub(crate) struct Queue {
    pub(crate) waiting: usize,
    pub(crate) capacity: usize,
}

/// What the pool and the queue tell when they are asked.
pub(crate) struct Connections(pub(crate) Db);

impl fmt::Debug for Connections {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("Connections")
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByState {
    state: &'static str,
}

impl Collector for Connections {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let usage = self.0.usage();
        let connections = Family::<ByState, Gauge>::default();
        for (state, n) in [("in_use", usage.in_use), ("idle", usage.idle)] {
            connections.get_or_create(&ByState { state }).set(i64::try_from(n).unwrap_or(i64::MAX));
        }
        let help = "Open connections: those for reading on SQLite, all on PostgreSQL.";
        let of_family = connections.metric_type();
        connections.encode(encoder.encode_descriptor("forebay_db_connections", help, None, of_family)?)?;
        let mut gauge = |name, help, value: usize| {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
        };
        gauge("forebay_db_connections_max", "Connections that may be open.", usage.max)?;
        gauge("forebay_writer_queue_jobs", "Writes that wait in the queue.", usage.queue.waiting)?;
        gauge("forebay_writer_queue_jobs_max", "Writes that may wait in the queue.", usage.queue.capacity)
    }
}
