//! A model that is loaded, warm and can be asked.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use forebay_core::clock::Clock;
use futures_util::future::try_join_all;
use tokio::sync::oneshot;

use super::entry::{Entry, Room, Scored};
use super::error::ScoreError;
use super::health::Health;
use super::lane::{Lane, Shared};
use super::limits::Limits;
use super::outcome::Outcome;
use super::running::Running;
use super::statistics::Statistics;
use super::waiting::Waiting;
use crate::engines::{Engine, LoadError, Loaded};
use crate::model::batch::Batch;
use crate::model::params::Params;

/// A model with its queue and its lanes. Dropped, it ends them as [`Endpoint::close`] does, but does not wait.
pub struct Endpoint {
    shared: Arc<Shared>,
    running: Vec<Arc<Running>>,
    lanes: Mutex<Vec<JoinHandle<()>>>,
    last_id: AtomicU64,
}

/// Why a model cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its engine.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The system has no thread for a lane.
    #[error("a thread for the model cannot be started: {0}")]
    Thread(#[from] io::Error),
}

impl Endpoint {
    /// Opens the engines of a model and starts its lanes.
    pub fn start(loaded: Loaded, limits: Limits, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let engines = open_all(&loaded)?;
        let shared = Arc::new(Shared {
            waiting: Waiting::new(limits),
            statistics: Statistics::new(clock),
            health: Health::default(),
            loaded,
            has_no_rows: AtomicBool::new(false),
        });
        let mut endpoint =
            Endpoint { shared, running: Vec::new(), lanes: Mutex::default(), last_id: AtomicU64::new(0) };
        let mut lanes = Vec::with_capacity(engines.len());
        for (number, engine) in engines.into_iter().enumerate() {
            let (shared, running) = (Arc::clone(&endpoint.shared), Arc::new(Running::default()));
            endpoint.running.push(Arc::clone(&running));
            let lane = Lane { number, shared, running, engine: Some(engine), n_lost: 0 };
            let thread = thread::Builder::new().name(format!("lane-{number}"));
            lanes.push(thread.spawn(move || lane.run())?);
        }
        endpoint.lanes = Mutex::new(lanes);
        Ok(endpoint)
    }

    /// What its engine told of the model.
    pub fn loaded(&self) -> &Loaded {
        &self.shared.loaded
    }

    /// What it has done.
    pub fn statistics(&self) -> &Statistics {
        &self.shared.statistics
    }

    /// Rows that wait.
    pub fn n_waiting_rows(&self) -> usize {
        self.shared.waiting.n_rows()
    }

    /// Requests that wait.
    pub fn n_waiting_requests(&self) -> usize {
        self.shared.waiting.n_requests()
    }

    /// Why it is of no use to ask; none where an answer can be waited for.
    pub fn trouble(&self) -> Option<String> {
        self.shared.health.trouble(self.running.len())
    }

    /// Why it cannot score now, though it may be worth waiting; none when it can.
    pub fn absence(&self) -> Option<String> {
        self.shared.health.absence(self.running.len())
    }

    /// Scores a batch. When the caller drops the future, the rows lose their place, and an engine that can be stopped is.
    ///
    /// # Errors
    /// At once when the queue has no room, and when `patience` is over.
    pub async fn score(
        &self,
        batch: Batch,
        params: Params,
        patience: Duration,
    ) -> Result<Scored, ScoreError> {
        self.score_on(None, batch, params, patience).await
    }

    /// Scores a batch on every lane, side by side; it takes no room in the queue.
    ///
    /// # Errors
    /// The first of any lane.
    pub async fn score_on_each_lane(
        &self,
        batch: &Batch,
        params: &Params,
        patience: Duration,
    ) -> Result<(), ScoreError> {
        let on_lane = |lane| self.score_on(Some(lane), batch.clone(), params.clone(), patience);
        try_join_all((0..self.running.len()).map(on_lane)).await?;
        Ok(())
    }

    async fn score_on(
        &self,
        lane: Option<usize>,
        batch: Batch,
        params: Params,
        patience: Duration,
    ) -> Result<Scored, ScoreError> {
        let room = if lane.is_none() { Room::of(&batch) } else { Room::default() };
        let (reply, mut answer) = oneshot::channel();
        let id = self.last_id.fetch_add(1, Ordering::Relaxed);
        let since = Instant::now();
        let outcome = Outcome::default();
        let entry = Entry { id, lane, batch, params, room, since, patience, outcome: outcome.clone(), reply };
        let row_time = self.shared.statistics.row_time();
        let placed = self.shared.waiting.push(entry, row_time);
        placed.inspect_err(|_| self.shared.statistics.failed(since.elapsed()))?;
        let place = Place { endpoint: self, id, since, outcome };
        match tokio::time::timeout(patience, &mut answer).await {
            Ok(Ok(result)) => result,
            // A lane was faster: its answer is on its way.
            Err(_) if !place.leave() => answer.await.unwrap_or(Err(ScoreError::Closed)),
            Ok(Err(_)) if since.elapsed() < patience => Err(ScoreError::Closed),
            _ => Err(ScoreError::DeadlinePassed(patience)),
        }
    }

    /// Lets nobody in any more, and returns when all that waited is scored.
    pub async fn close(&self) {
        self.shared.waiting.close();
        let lanes = std::mem::take(&mut *self.lanes.lock().unwrap_or_else(PoisonError::into_inner));
        let joined =
            tokio::task::spawn_blocking(move || lanes.into_iter().for_each(|lane| drop(lane.join())));
        // A lane catches the panics of its engine, and has none of its own.
        let _ = joined.await;
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.shared.waiting.close();
    }
}

/// The engines of all lanes, which are opened side by side.
fn open_all(loaded: &Loaded) -> Result<Vec<Box<dyn Engine>>, LoadError> {
    let lanes = loaded.lanes;
    thread::scope(|scope| {
        let open = |_| scope.spawn(|| (loaded.open)(lanes.n_threads));
        let opening: Vec<_> = (0..lanes.n_lanes.max(1)).map(open).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|_| Err(LoadError::Model("its engine panicked".to_owned())))
        };
        opening.into_iter().map(join).collect()
    })
}

/// The place of a caller in the queue or in a lane, which is freed when it does not wait any more.
struct Place<'a> {
    endpoint: &'a Endpoint,
    id: u64,
    since: Instant,
    /// Shared with what waits there.
    outcome: Outcome,
}

impl Place<'_> {
    /// Frees the place and counts that nobody waits for an answer; false where a lane has decided on one, and counts that.
    fn leave(&self) -> bool {
        if !self.outcome.decide() {
            return false;
        }
        self.endpoint.shared.statistics.failed(self.since.elapsed());
        if !self.endpoint.shared.waiting.remove(self.id) {
            self.endpoint.running.iter().for_each(|running| running.abandon(self.id));
        }
        true
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests;
