//! How far a download is, on a terminal.

use std::io::{self, IsTerminal as _, Write as _};

use forebay_serving::ModelFile;

use crate::shell::words::size;

/// One line on standard error that is written again and again; none where nobody looks.
pub(super) struct Progress {
    n_files: usize,
    n_done: usize,
    /// As far as the listing tells sizes.
    total_bytes: u64,
    is_shown: bool,
}

impl Progress {
    pub(super) fn of(files: &[ModelFile]) -> Self {
        let total_bytes = files.iter().filter_map(|file| file.size_bytes).sum();
        Progress { n_files: files.len(), n_done: 0, total_bytes, is_shown: io::stderr().is_terminal() }
    }

    /// One file more is there.
    pub(super) fn advance(&mut self, done_bytes: u64) {
        self.n_done += 1;
        if self.is_shown {
            let (n_done, n_files) = (self.n_done, self.n_files);
            let (done, total) = (size(done_bytes), size(self.total_bytes.max(done_bytes)));
            let _ = write!(io::stderr(), "\r\x1b[K{n_done} of {n_files} files, {done} of {total}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown && self.n_done > 0 {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
