//! What waits for a lane.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::entry::{Entry, Room};
use super::error::ScoreError;
use super::limits::Limits;
use crate::engines::Sharing;

/// The requests that wait, in the order in which they came.
pub(super) struct Waiting {
    limits: Limits,
    state: Mutex<State>,
    /// Somebody was let in, or the queue is closed.
    arrived: Condvar,
    /// The queue is closed; those who wait for that alone do not take the news of an arrival from others.
    closed: Condvar,
}

#[derive(Default)]
struct State {
    entries: VecDeque<Entry>,
    /// What they take together.
    taken: Room,
    is_closed: bool,
}

impl State {
    /// Takes out the one at a position.
    fn take(&mut self, position: usize) -> Option<Entry> {
        let entry = self.entries.remove(position)?;
        self.taken.n_rows -= entry.room.n_rows;
        self.taken.size_bytes -= entry.room.size_bytes;
        Some(entry)
    }

    /// Takes out the next for a lane whose caller still waits; those of others are dropped.
    fn take_wanted(&mut self, lane: usize) -> Option<Entry> {
        loop {
            let position = self.entries.iter().position(|entry| entry.is_for(lane))?;
            let entry = self.take(position)?;
            if entry.is_wanted() {
                return Some(entry);
            }
        }
    }
}

impl Waiting {
    pub(super) fn new(limits: Limits) -> Self {
        Waiting { limits, state: Mutex::default(), arrived: Condvar::new(), closed: Condvar::new() }
    }

    /// Rows that wait.
    pub(super) fn n_rows(&self) -> usize {
        self.lock().taken.n_rows
    }

    /// Requests that wait.
    pub(super) fn n_requests(&self) -> usize {
        self.lock().entries.len()
    }

    /// Puts a request behind the others; `row_time` is how long a row takes, to say when there may be room.
    ///
    /// # Errors
    /// [`ScoreError::TooLarge`], [`ScoreError::Full`] and [`ScoreError::Closed`].
    pub(super) fn push(&self, entry: Entry, row_time: Duration) -> Result<(), ScoreError> {
        let Limits { waiting_rows, waiting_bytes, .. } = self.limits;
        let Room { n_rows, size_bytes } = entry.room;
        for (found, limit, unit) in [(n_rows, waiting_rows, "rows"), (size_bytes, waiting_bytes, "bytes")] {
            if found > limit {
                return Err(ScoreError::TooLarge { found, limit, unit });
            }
        }
        let mut state = self.lock();
        if state.is_closed {
            return Err(ScoreError::Closed);
        }
        let taken = state.taken;
        if taken.n_rows + n_rows > waiting_rows || taken.size_bytes + size_bytes > waiting_bytes {
            let waiting_rows = taken.n_rows;
            let rows = u32::try_from(waiting_rows).unwrap_or(u32::MAX);
            let wait = row_time.saturating_mul(rows).as_secs() + 1;
            return Err(ScoreError::Full { waiting_rows, retry_after: Duration::from_secs(wait) });
        }
        state.taken = Room { n_rows: taken.n_rows + n_rows, size_bytes: taken.size_bytes + size_bytes };
        let is_for_any = entry.lane.is_none();
        state.entries.push_back(entry);
        drop(state);
        if is_for_any {
            self.arrived.notify_one();
        } else {
            self.arrived.notify_all();
        }
        Ok(())
    }

    /// Waits for the next batch of a lane: the first request and, where rows may be shared, those behind it that are like it
    /// and fit. An empty one when none came within `pause`, and none at the end.
    pub(super) fn cut(&self, lane: usize, sharing: Sharing, pause: Duration) -> Option<Vec<Entry>> {
        let mut state = self.lock();
        let mut is_over = false;
        loop {
            if let Some(first) = state.take_wanted(lane) {
                return Some(self.gather(&mut state, first, sharing));
            }
            if state.is_closed {
                return None;
            }
            if is_over {
                return Some(Vec::new());
            }
            let waited = self.arrived.wait_timeout(state, pause).unwrap_or_else(PoisonError::into_inner);
            is_over = waited.1.timed_out();
            state = waited.0;
        }
    }

    fn gather(&self, state: &mut State, first: Entry, sharing: Sharing) -> Vec<Entry> {
        let mut n_rows = first.room.n_rows;
        let mut batch = vec![first];
        while sharing == Sharing::Shared
            && let Some(next) = state.entries.front()
            && n_rows + next.room.n_rows <= self.limits.batch_rows
            && next.is_like(&batch[0])
        {
            let Some(next) = state.take(0) else { break };
            if next.is_wanted() {
                n_rows += next.room.n_rows;
                batch.push(next);
            }
        }
        batch
    }

    /// Takes out a request whose caller is gone; false when it does not wait any more.
    pub(super) fn remove(&self, id: u64) -> bool {
        let mut state = self.lock();
        let position = state.entries.iter().position(|entry| entry.id == id);
        position.and_then(|position| state.take(position)).is_some()
    }

    /// Whether the queue is closed, now or within this time.
    pub(super) fn is_closed_within(&self, time: Duration) -> bool {
        let waited = self.closed.wait_timeout_while(self.lock(), time, |state| !state.is_closed);
        waited.is_ok_and(|(state, _)| state.is_closed)
    }

    /// Lets nobody in any more; what waits is still scored.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.arrived.notify_all();
        self.closed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that holds the lock can leave it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
