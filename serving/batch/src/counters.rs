//! How far a job is, for whoever watches it, and the wish that it stops.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How far a job is.
#[derive(Debug, Default)]
pub struct Counters {
    done: AtomicU64,
    rejected: AtomicU64,
    files: AtomicU64,
    loaded: AtomicBool,
    stop: AtomicBool,
}

impl Counters {
    /// Rows of the input that are behind the job, with those of earlier tries.
    pub fn n_done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// Rows that were rejected.
    pub fn n_rejected(&self) -> u64 {
        self.rejected.load(Ordering::Relaxed)
    }

    /// Whether every lane has its model, so that rows are scored.
    pub fn is_loaded(&self) -> bool {
        self.loaded.load(Ordering::Relaxed)
    }

    /// Asks the job to stop soon; what is complete stays.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    pub(crate) fn set_loaded(&self) {
        self.loaded.store(true, Ordering::Relaxed);
    }

    pub(crate) fn n_files(&self) -> u64 {
        self.files.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, n_done: u64, n_rejected: u64) {
        self.done.fetch_add(n_done, Ordering::Relaxed);
        self.rejected.fetch_add(n_rejected, Ordering::Relaxed);
    }

    pub(crate) fn add_file(&self) {
        self.files.fetch_add(1, Ordering::Relaxed);
    }
}
