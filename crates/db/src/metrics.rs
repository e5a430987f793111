//! What is counted of a database. Without a registry nothing is, and no clock is read.

use std::sync::Arc;
use std::time::Instant;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::usage::Connections;
use crate::{Db, Error, Tx};

/// Upper bounds of the buckets of all times, in seconds.
const SECONDS: [f64; 13] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10.0];

/// Upper bounds of the buckets of how many writes share a transaction.
const MEMBERS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 1_024.0];

/// What a transaction is for, as a label.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Access {
    Read,
    Write,
}

/// The metrics of one database, or none. All clones count together.
#[derive(Clone, Default)]
pub(crate) struct Metrics(Option<Arc<Counted>>);

struct Counted {
    begin: Family<ByAccess, Histogram, fn() -> Histogram>,
    commit: Histogram,
    failures: Family<ByStep, Counter>,
    retries: Counter,
    queue_wait: Histogram,
    members: Histogram,
    splits: Counter,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByAccess {
    access: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByStep {
    step: &'static str,
}

const BEGIN: ByStep = ByStep { step: "begin" };
const COMMIT: ByStep = ByStep { step: "commit" };

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

impl Metrics {
    /// Metrics that count.
    pub(crate) fn counting() -> Self {
        let counted = Counted {
            begin: Family::new_with_constructor(seconds),
            commit: seconds(),
            failures: Family::default(),
            retries: Counter::default(),
            queue_wait: seconds(),
            members: Histogram::new(MEMBERS),
            splits: Counter::default(),
        };
        for step in [BEGIN, COMMIT] {
            // A rate needs a zero to start from.
            drop(counted.failures.get_or_create(&step));
        }
        Self(Some(Arc::new(counted)))
    }

    /// Puts the metrics of `db`, which these are, into `registry`.
    pub(crate) fn register(&self, registry: &mut Registry, db: Db) {
        let Some(counted) = &self.0 else { return };
        registry.register_collector(Box::new(Connections(db)));
        counted.register(registry);
        counted.register_writer(registry);
    }

    /// Waits for a transaction to be open.
    pub(crate) async fn begin<T>(
        &self,
        access: Access,
        begun: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let Some(counted) = &self.0 else { return begun.await };
        let started = Instant::now();
        let result = begun.await;
        let access = match access {
            Access::Read => "read",
            Access::Write => "write",
        };
        counted.begin.get_or_create(&ByAccess { access }).observe(started.elapsed().as_secs_f64());
        counted.fail_if(result.is_err(), &BEGIN);
        result
    }

    /// Commits.
    pub(crate) async fn commit(&self, tx: Tx) -> Result<(), Error> {
        let Some(counted) = &self.0 else { return tx.commit().await };
        let started = Instant::now();
        let result = tx.commit().await;
        counted.commit.observe(started.elapsed().as_secs_f64());
        counted.fail_if(result.is_err(), &COMMIT);
        result
    }

    /// PostgreSQL gave a write up and it is tried again.
    pub(crate) fn retried(&self) {
        if let Some(counted) = &self.0 {
            counted.retries.inc();
        }
    }

    /// The moment when a job is queued.
    pub(crate) fn queued(&self) -> Option<Instant> {
        self.0.as_ref().map(|_| Instant::now())
    }

    /// A job left the queue to be run.
    pub(crate) fn waited(&self, queued: Option<Instant>) {
        if let (Some(counted), Some(queued)) = (&self.0, queued) {
            counted.queue_wait.observe(queued.elapsed().as_secs_f64());
        }
    }

    /// So many writes share a transaction.
    #[expect(clippy::cast_precision_loss, reason = "no queue is that long")]
    pub(crate) fn grouped(&self, n_members: usize) {
        if let Some(counted) = &self.0 {
            counted.members.observe(n_members as f64);
        }
    }

    /// A group failed and its members are run one by one.
    pub(crate) fn split(&self) {
        if let Some(counted) = &self.0 {
            counted.splits.inc();
        }
    }
}

impl Counted {
    fn register(&self, registry: &mut Registry) {
        registry.register(
            "forebay_db_begin_seconds",
            "Time until a transaction was open, in seconds: the wait for a connection and for locks",
            self.begin.clone(),
        );
        registry.register(
            "forebay_db_commit_seconds",
            "Time that a commit took, in seconds",
            self.commit.clone(),
        );
        registry.register(
            "forebay_db_failures",
            "Transactions that could not be begun, or not be committed",
            self.failures.clone(),
        );
        registry.register(
            "forebay_db_retries",
            "Writes tried again because PostgreSQL gave them up for another's sake",
            self.retries.clone(),
        );
    }

    fn register_writer(&self, registry: &mut Registry) {
        registry.register(
            "forebay_writer_queue_wait_seconds",
            "Time that a write waited in the queue, in seconds",
            self.queue_wait.clone(),
        );
        registry.register(
            "forebay_writer_group_members",
            "Writes that shared a transaction",
            self.members.clone(),
        );
        registry.register(
            "forebay_writer_splits",
            "Groups that failed, so that their members were run one by one",
            self.splits.clone(),
        );
    }

    fn fail_if(&self, failed: bool, step: &ByStep) {
        if failed {
            self.failures.get_or_create(step).inc();
        }
    }
}
