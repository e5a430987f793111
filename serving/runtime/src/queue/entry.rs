//! A request in the queue.

use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::error::ScoreError;
use super::outcome::Outcome;
use super::statistics::Statistics;
use crate::model::batch::Batch;
use crate::model::params::Params;
use crate::model::predictions::Predictions;

/// Rows of one request that wait.
pub(super) struct Entry {
    pub(super) id: u64,
    /// The only lane that may score it; none for any.
    pub(super) lane: Option<usize>,
    pub(super) batch: Batch,
    pub(super) params: Params,
    /// What it takes of the queue's bounds.
    pub(super) room: Room,
    pub(super) since: Instant,
    /// How long the caller waits in total.
    pub(super) patience: Duration,
    /// Shared with its caller.
    pub(super) outcome: Outcome,
    pub(super) reply: oneshot::Sender<Result<Scored, ScoreError>>,
}

/// What a request takes of the bounds of a queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) n_rows: usize,
    pub(super) size_bytes: usize,
}

impl Room {
    /// An empty request takes that of a row.
    pub(super) fn of(batch: &Batch) -> Self {
        Room { n_rows: batch.n_rows().max(1), size_bytes: batch.size_bytes() }
    }
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// A row for each row that was asked, unless they are JSON.
    pub predictions: Predictions,
    /// How long the rows waited for a lane.
    pub queued: Duration,
    /// How long the batch took that they were part of.
    pub compute: Compute,
}

/// Where the time of a batch went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compute {
    /// Putting requests together.
    pub input: Duration,
    /// In the engine.
    pub infer: Duration,
    /// Parting the predictions.
    pub output: Duration,
}

impl Compute {
    /// All of it.
    pub fn total(&self) -> Duration {
        self.input + self.infer + self.output
    }
}

impl Entry {
    /// Whether the caller still waits.
    pub(super) fn is_wanted(&self) -> bool {
        self.outcome.is_open() && self.since.elapsed() < self.patience
    }

    /// Whether a lane may score it.
    pub(super) fn is_for(&self, lane: usize) -> bool {
        self.lane.is_none_or(|only| only == lane)
    }

    /// Whether another's rows can be scored together with these.
    pub(super) fn is_like(&self, other: &Entry) -> bool {
        self.lane == other.lane && self.params == other.params && self.batch.is_like(&other.batch)
    }

    /// Counts the answer, so that whoever has it finds it counted, and gives it. A caller that left has decided and hears
    /// nothing; one whose deadline passed is told that, and not what became of the batch.
    pub(super) fn answer(self, result: Result<Scored, ScoreError>, statistics: &Statistics) {
        if (result.is_err() && !self.is_wanted()) || !self.outcome.decide() {
            return;
        }
        match &result {
            Ok(scored) => statistics.succeeded(scored.queued, scored.compute),
            Err(_) => statistics.failed(self.since.elapsed()),
        }
        let _ = self.reply.send(result);
    }
}
