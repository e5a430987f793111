//! What a worker prints: it goes to the log line by line, and its last lines are kept in case that it does not start.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::process::Child;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Longest line, in bytes; a longer one is told as several.
const MAX_LINE_LEN: u64 = 2048;

/// Most lines of a second that go to the log.
const MAX_LINES_PER_SECOND: usize = 100;

/// Lines that are kept.
const KEPT_LINES: usize = 8;

/// How long the last lines of a worker that has ended may take.
const PATIENCE: Duration = Duration::from_millis(500);

/// The output of a worker.
pub(super) struct Output {
    kept: Kept,
    /// Nothing comes out of it; it is closed when all was read.
    open: Mutex<Receiver<()>>,
}

type Kept = Arc<Mutex<VecDeque<String>>>;

impl Output {
    /// Reads whatever a child prints, on threads of its own that end with it.
    pub(super) fn of(child: &mut Child) -> Self {
        let kept = Kept::default();
        let (reading, open) = channel();
        let pid = child.id();
        if let Some(stdout) = child.stdout.take() {
            follow(stdout, Log::of(pid, &kept), reading.clone());
        }
        if let Some(stderr) = child.stderr.take() {
            follow(stderr, Log::of(pid, &kept), reading);
        }
        Output { kept, open: Mutex::new(open) }
    }

    /// The last lines of a worker that has ended.
    pub(super) fn last_lines(&self) -> String {
        // A process that the worker started and left behind may hold its output open.
        let _ = lock(&self.open).recv_timeout(PATIENCE);
        lock(&self.kept).iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn follow(output: impl Read + Send + 'static, mut log: Log, reading: Sender<()>) {
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        while output.by_ref().take(MAX_LINE_LEN).read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
            log.tell(String::from_utf8_lossy(&line).trim_end());
            line.clear();
        }
        drop(reading);
    });
}

/// Where lines go.
struct Log {
    pid: u32,
    kept: Kept,
    second: Instant,
    n_told: usize,
}

impl Log {
    fn of(pid: u32, kept: &Kept) -> Self {
        Log { pid, kept: Arc::clone(kept), second: Instant::now(), n_told: 0 }
    }

    fn tell(&mut self, line: &str) {
        if self.has_room() {
            tracing::info!(pid = self.pid, "python: {line}");
        }
        let mut kept = lock(&self.kept);
        if kept.len() == KEPT_LINES {
            kept.pop_front();
        }
        kept.push_back(line.to_owned());
    }

    fn has_room(&mut self) -> bool {
        if self.second.elapsed() >= Duration::from_secs(1) {
            let n_dropped = self.n_told.saturating_sub(MAX_LINES_PER_SECOND);
            if n_dropped > 0 {
                tracing::warn!(pid = self.pid, n_dropped, "python prints faster than the log takes");
            }
            (self.second, self.n_told) = (Instant::now(), 0);
        }
        self.n_told += 1;
        self.n_told <= MAX_LINES_PER_SECOND
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_and_a_flood_is_kept_out_of_the_log() {
        let kept = Kept::default();
        let mut log = Log::of(1, &kept);
        for line in 0..MAX_LINES_PER_SECOND {
            assert!(log.has_room());
            log.n_told -= 1;
            log.tell(&line.to_string());
        }
        assert!(!log.has_room());
        assert_eq!(*lock(&kept), ["92", "93", "94", "95", "96", "97", "98", "99"]);
    }
}
