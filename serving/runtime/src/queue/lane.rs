//! A lane: a thread that owns an engine, cuts batches, scores them and parts the answers.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::entry::{Compute, Entry, Scored};
use super::error::ScoreError;
use super::health::Health;
use super::running::Running;
use super::statistics::Statistics;
use super::waiting::Waiting;
use crate::engines::{Engine, EngineError, LoadError, Loaded, Sharing};
use crate::model::batch::Batch;
use crate::model::predictions::Predictions;

/// How long a lane waits before it tries again to open an engine: at first, and at most.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(30)];

/// How often a lane without work looks whether its engine still lives.
const LOOK: Duration = Duration::from_millis(250);

/// What all lanes of a model share.
pub(super) struct Shared {
    pub(super) waiting: Waiting,
    pub(super) statistics: Statistics,
    pub(super) health: Health,
    pub(super) loaded: Loaded,
    /// Whether the answers turned out to have no rows, so that those of several requests could not be told apart.
    pub(super) has_no_rows: AtomicBool,
}

impl Shared {
    fn sharing(&self) -> Sharing {
        if self.has_no_rows.load(Ordering::Relaxed) { Sharing::Alone } else { self.loaded.sharing }
    }
}

/// One lane.
pub(super) struct Lane {
    pub(super) number: usize,
    pub(super) shared: Arc<Shared>,
    pub(super) running: Arc<Running>,
    /// None after it was lost.
    pub(super) engine: Option<Box<dyn Engine>>,
    /// Engines that were lost one after the other, without a batch between that was scored.
    pub(super) n_lost: u32,
}

impl Lane {
    /// Scores until the queue is closed and empty.
    pub(super) fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        while let Some(batch) = shared.waiting.cut(self.number, shared.sharing(), LOOK) {
            self.score(batch);
            // Before the next batch is cut, so that it goes to a lane that can score it.
            self.reopen();
        }
    }

    /// Scores requests together, or in halves where that fails: a bad request costs only itself.
    fn score(&mut self, mut entries: Vec<Entry>) {
        if let Err(reason) = self.revive() {
            let lost = ScoreError::Engine(EngineError::Lost(reason));
            return entries
                .into_iter()
                .for_each(|entry| entry.answer(Err(lost.clone()), &self.shared.statistics));
        }
        entries.retain(Entry::is_wanted);
        let started = Instant::now();
        if entries.len() <= 1 {
            if let Some(entry) = entries.pop() {
                self.score_alone(entry, started);
            }
            return;
        }
        let n_rows: usize = entries.iter().map(|entry| entry.batch.n_rows()).sum();
        let batches = entries.iter().map(|entry| entry.batch.clone()).collect();
        let joined = Batch::join(batches)
            .ok_or_else(|| EngineError::Failed("requests that are alike cannot be joined".to_owned()));
        let (input, begun) = (started.elapsed(), Instant::now());
        let result = joined.and_then(|batch| self.execute(&batch, &entries));
        let infer = begun.elapsed();
        match result {
            Ok(predictions) if predictions.n_rows() == Some(n_rows) => {
                let compute = Compute { input, infer, output: Duration::ZERO };
                self.part(entries, &predictions, started, compute);
            }
            other => {
                if other.is_ok_and(|predictions| predictions.n_rows().is_none()) {
                    self.shared.has_no_rows.store(true, Ordering::Relaxed);
                }
                let others = entries.split_off(entries.len() / 2);
                self.score(entries);
                self.score(others);
            }
        }
    }

    fn score_alone(&mut self, entry: Entry, started: Instant) {
        let queued = started - entry.since;
        match self.execute(&entry.batch, std::slice::from_ref(&entry)) {
            Ok(predictions) => {
                let compute = Compute { infer: started.elapsed(), ..Compute::default() };
                self.shared.statistics.executed(entry.batch.n_rows(), compute);
                entry.answer(Ok(Scored { predictions, queued, compute }), &self.shared.statistics);
            }
            Err(error) => entry.answer(Err(ScoreError::Engine(error)), &self.shared.statistics),
        }
    }

    /// Gives each request its rows.
    fn part(&self, entries: Vec<Entry>, predictions: &Predictions, started: Instant, mut compute: Compute) {
        let parting = Instant::now();
        let mut n_parted = 0;
        let slice = |entry: &Entry| {
            let start = n_parted;
            n_parted += entry.batch.n_rows();
            predictions.slice(start, entry.batch.n_rows())
        };
        let parts: Vec<Predictions> = entries.iter().map(slice).collect();
        compute.output = parting.elapsed();
        self.shared.statistics.executed(n_parted, compute);
        for (entry, predictions) in entries.into_iter().zip(parts) {
            let queued = started - entry.since;
            entry.answer(Ok(Scored { predictions, queued, compute }), &self.shared.statistics);
        }
    }

    /// Runs the engine for these requests, which have the same params.
    fn execute(&mut self, batch: &Batch, entries: &[Entry]) -> Result<Predictions, EngineError> {
        let lost = || EngineError::Lost("it could not be opened again".to_owned());
        let engine = self.engine.as_mut().ok_or_else(lost)?;
        let params = &entries.first().ok_or_else(lost)?.params;
        let cancellation = self.running.begin(entries.iter().map(|entry| entry.id).collect());
        // A caller that left before that was not noted.
        let gone = entries.iter().filter(|entry| !entry.is_wanted());
        gone.for_each(|entry| self.running.abandon(entry.id));
        let result = catch_unwind(AssertUnwindSafe(|| {
            cancellation.check()?;
            engine.score(batch, params, &cancellation)
        }));
        let is_wanted = self.running.end();
        let result = result.unwrap_or_else(|panic| Err(EngineError::Lost(text_of(panic.as_ref()))));
        match &result {
            // What panicked or died may be in any state.
            Err(EngineError::Lost(reason)) if is_wanted => {
                tracing::warn!(reason, "an engine was lost");
                self.engine = None;
                self.n_lost += 1;
            }
            // It was stopped, because nobody waited for it any more.
            Err(EngineError::Lost(_)) => self.engine = None,
            _ => self.n_lost = 0,
        }
        result
    }

    /// Opens an engine where there is none; tries until there is one, or the server stops.
    fn reopen(&mut self) {
        while self.revive().is_err() && !self.shared.waiting.is_closed_within(Duration::ZERO) {}
    }

    /// Opens an engine where there is none, or one that is dead. The more engines were lost in a row, the longer it waits
    /// before.
    ///
    /// # Errors
    /// Why there is none, in words for callers.
    fn revive(&mut self) -> Result<(), String> {
        if self.engine.as_ref().is_some_and(|engine| engine.is_alive()) {
            return Ok(());
        }
        if self.engine.take().is_some() {
            // One after the other that ends unasked is not to be started without a pause, either.
            self.n_lost += 1;
            tracing::warn!("an engine ended while it was idle; another is opened");
        }
        self.shared.health.opening(self.number);
        if self.n_lost > 1 {
            self.shared.health.failing(self.number);
            let pause = PAUSES[0].saturating_mul(1_u32 << self.n_lost.min(16));
            if self.shared.waiting.is_closed_within(pause.min(PAUSES[1])) {
                return Err("the server is stopping".to_owned());
            }
        }
        let open = || (self.shared.loaded.open)(self.shared.loaded.lanes.n_threads);
        let opened = catch_unwind(AssertUnwindSafe(open));
        match opened.unwrap_or_else(|panic| Err(LoadError::Model(text_of(panic.as_ref())))) {
            Ok(engine) => {
                self.engine = Some(engine);
                self.shared.health.recovered(self.number);
                Ok(())
            }
            Err(error) => {
                tracing::error!(%error, "an engine cannot be opened again");
                self.n_lost += 1;
                let reason = error.for_callers().to_owned();
                self.shared.health.failed(self.number, reason.clone());
                Err(reason)
            }
        }
    }
}

/// What `panic!` was given; a panic with something other than text tells nothing.
fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("it panicked: {}", text.unwrap_or("without a message"))
}
