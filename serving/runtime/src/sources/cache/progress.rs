//! How far a download is.

use std::sync::Mutex;
use std::sync::PoisonError;

use crate::sources::files::ModelFile;

/// How far a download is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Of the model.
    pub n_files: usize,
    /// Of them whole.
    pub n_done: usize,
    /// As far as the listing tells sizes.
    pub total_bytes: u64,
    /// What is here, from earlier tries too.
    pub done_bytes: u64,
}

/// Counts what the parts of one download bring, and tells.
pub(super) struct Meter<'a> {
    tell: &'a (dyn Fn(Progress) + Send + Sync),
    state: Mutex<Progress>,
}

impl<'a> Meter<'a> {
    pub(super) fn new(listed: &[ModelFile], tell: &'a (dyn Fn(Progress) + Send + Sync)) -> Self {
        let total_bytes = listed.iter().filter_map(|file| file.size_bytes).fold(0, u64::saturating_add);
        let state = Progress { n_files: listed.len(), total_bytes, ..Progress::default() };
        Meter { tell, state: Mutex::new(state) }
    }

    /// So many bytes more are here.
    pub(super) fn add(&self, n_bytes: u64) {
        self.change(|state| state.done_bytes = state.done_bytes.saturating_add(n_bytes));
    }

    /// So many bytes less: they have to come again.
    pub(super) fn take_back(&self, n_bytes: u64) {
        self.change(|state| state.done_bytes = state.done_bytes.saturating_sub(n_bytes));
    }

    /// One file more is whole.
    pub(super) fn finish_file(&self) {
        self.change(|state| state.n_done += 1);
    }

    fn change(&self, change: impl FnOnce(&mut Progress)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        let now = *state;
        drop(state);
        (self.tell)(now);
    }
}
