//! Logging much at once: a batch of any size, sent in pieces that MLflow accepts.

use forebay_wire::empty::Empty;
use forebay_wire::metrics::Metric;
use forebay_wire::runs::{LogBatch, Param, RunTag};
use serde::Serialize;

use crate::{Client, Error};

/// MLflow's bounds on one `log-batch`.
const MAX_METRICS: usize = 1_000;
const MAX_PARAMS: usize = 100;
const MAX_TAGS: usize = 100;
const MAX_ENTITIES: usize = 1_000;
/// A body may have 1,000,000 bytes; the rest is room for what stands around the entities.
const MAX_BYTES: usize = 990_000;

/// One value of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MetricPoint<'a> {
    /// The metric's name, at most 250 characters.
    pub key: &'a str,
    /// NaN is kept; infinities become the largest doubles.
    pub value: f64,
    /// Milliseconds since the epoch.
    pub timestamp_ms: i64,
    /// Any number, also below 0.
    pub step: i64,
}

/// What is to be logged on a run: as much as you like.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    metrics: Vec<Metric>,
    params: Vec<Param>,
    tags: Vec<RunTag>,
}

impl Batch {
    /// Adds a value of a metric.
    pub fn metric(mut self, point: MetricPoint) -> Self {
        self.metrics.push(Metric {
            key: Some(point.key.to_owned()),
            value: Some(point.value.into()),
            timestamp: Some(point.timestamp_ms.into()),
            step: Some(point.step.into()),
            ..Metric::default()
        });
        self
    }

    /// Adds a param.
    pub fn param(mut self, key: &str, value: &str) -> Self {
        self.params.push(Param { key: Some(key.to_owned()), value: Some(value.to_owned()) });
        self
    }

    /// Adds a tag.
    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.tags.push(RunTag { key: Some(key.to_owned()), value: Some(value.to_owned()) });
        self
    }

    /// Cuts the batch into messages for that run. Params go first: they are what a server may refuse.
    fn into_messages(self, run_id: &str) -> Vec<LogBatch> {
        let mut pieces = Pieces::new(run_id);
        for param in self.params {
            pieces.next(&param, |message| message.params.len() < MAX_PARAMS).params.push(param);
        }
        for tag in self.tags {
            pieces.next(&tag, |message| message.tags.len() < MAX_TAGS).tags.push(tag);
        }
        for metric in self.metrics {
            pieces.next(&metric, |message| message.metrics.len() < MAX_METRICS).metrics.push(metric);
        }
        pieces.messages
    }
}

/// Messages that are full, and one that is being filled.
struct Pieces {
    empty: LogBatch,
    messages: Vec<LogBatch>,
    n_bytes: usize,
}

impl Pieces {
    fn new(run_id: &str) -> Self {
        let empty = LogBatch { run_id: Some(run_id.to_owned()), ..LogBatch::default() };
        Pieces { messages: vec![empty.clone()], empty, n_bytes: 0 }
    }

    /// The message that `entity` goes into: the last one, or a new one where that is full.
    fn next(&mut self, entity: &impl Serialize, has_room: fn(&LogBatch) -> bool) -> &mut LogBatch {
        // These messages always encode; one that does not would be refused when it is sent.
        let n_bytes = serde_json::to_vec(entity).map_or(0, |text| text.len() + 1);
        let last = self.messages.pop().unwrap_or_else(|| self.empty.clone());
        let n_entities = last.params.len() + last.tags.len() + last.metrics.len();
        let fits = n_entities < MAX_ENTITIES && self.n_bytes + n_bytes <= MAX_BYTES && has_room(&last);
        self.messages.push(last);
        if fits || n_entities == 0 {
            self.n_bytes += n_bytes;
        } else {
            self.messages.push(self.empty.clone());
            self.n_bytes = n_bytes;
        }
        let position = self.messages.len() - 1;
        &mut self.messages[position]
    }
}

impl Client {
    /// Logs a batch in as few requests as MLflow's limits allow. Each request is all or nothing; when one is
    /// refused, those before it stay and those after it are not sent.
    pub async fn log_batch(&self, run_id: &str, batch: Batch) -> Result<(), Error> {
        for message in batch.into_messages(run_id) {
            self.post::<Empty>("runs/log-batch", &message).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(step: i64) -> MetricPoint<'static> {
        MetricPoint { key: "loss", value: 0.5, timestamp_ms: 1, step }
    }

    fn sizes(batch: Batch) -> Vec<[usize; 3]> {
        let messages = batch.into_messages("r");
        messages
            .iter()
            .map(|message| [message.params.len(), message.tags.len(), message.metrics.len()])
            .collect()
    }

    #[test]
    fn a_batch_is_cut_at_each_of_the_limits() {
        let mut batch = Batch::default();
        for n in 0..150 {
            batch = batch.param(&format!("p{n}"), "1").tag(&format!("t{n}"), "1");
        }
        for step in 0..2_100 {
            batch = batch.metric(point(step));
        }
        assert_eq!(sizes(batch), [[100, 0, 0], [50, 100, 0], [0, 50, 950], [0, 0, 1_000], [0, 0, 150]]);
    }

    #[test]
    fn an_empty_batch_is_still_one_request_so_that_a_wrong_run_is_noticed() {
        assert_eq!(sizes(Batch::default()), [[0, 0, 0]]);
    }

    #[test]
    fn no_message_is_longer_than_a_megabyte() {
        let mut batch = Batch::default();
        for n in 0..100 {
            batch = batch.tag(&format!("t{n}"), &"\u{1F600}".repeat(5_000));
        }
        let messages = batch.into_messages("r");
        assert_eq!(messages.iter().map(|message| message.tags.len()).sum::<usize>(), 100);
        assert!(messages.iter().all(|message| serde_json::to_vec(message).unwrap().len() <= 1_000_000));
        assert_eq!(messages.len(), 3);
    }
}
