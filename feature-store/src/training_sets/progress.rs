//! How far a build is, and whether anybody still wants it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::error::Error;

/// Whoever watches a build. Calls come from several threads, and often.
pub trait Progress: Sync {
    /// So many rows of so many, where that is known, are done; of [`Step::Parts`] so many parts.
    fn at(&self, step: Step<'_>, done: u64, of: Option<u64>);

    /// Whether it should end soon, and fail.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// Keys and times of the spine are read.
    Spine,
    /// The table of this view is read.
    View(&'a str),
    /// What did not fit into memory is joined, part by part.
    Parts,
    /// Rows are written.
    Write,
}

/// One step, on several threads.
pub(crate) struct Steps<'a> {
    progress: &'a dyn Progress,
    step: Step<'a>,
    of: Option<u64>,
    done: AtomicU64,
    has_failed: AtomicBool,
}

impl<'a> Steps<'a> {
    pub(crate) fn new(progress: &'a dyn Progress, step: Step<'a>, of: Option<u64>) -> Self {
        Steps { progress, step, of, done: AtomicU64::new(0), has_failed: AtomicBool::new(false) }
    }

    /// Tells of some more rows, or parts.
    ///
    /// # Errors
    /// [`Error::Cancelled`], also where another thread has failed.
    pub(crate) fn done(&self, n_rows: usize) -> Result<(), Error> {
        if self.has_failed.load(Ordering::Relaxed) || self.progress.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let done = self.done.fetch_add(n_rows as u64, Ordering::Relaxed) + n_rows as u64;
        self.progress.at(self.step, done, self.of);
        Ok(())
    }

    /// Lets the other threads end.
    pub(crate) fn fail(&self) {
        self.has_failed.store(true, Ordering::Relaxed);
    }
}
