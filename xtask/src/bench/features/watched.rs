//! A program that is run to its end, or ended when it takes too much: its time and its memory.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::bench::processes;

const POLL: Duration = Duration::from_millis(10);
const EXCERPT: usize = 400;

/// What a contestant may take.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) time: Duration,
    /// Of memory that is its own, not pages of files.
    pub(super) memory_mib: f64,
}

/// What it took.
pub(super) struct Took {
    pub(super) seconds: f64,
    pub(super) peak_mib: f64,
}

/// Runs `command`, with its output in `log`.
pub(super) fn watch(command: &mut Command, log: &Path, limits: Limits) -> Result<Took> {
    let output = fs::File::create(log)?;
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
    let started = Instant::now();
    let mut child =
        command.spawn().with_context(|| format!("cannot run {}", command.get_program().display()))?;
    let mut peak_mib: f64 = 0.0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if let Err(error) = keep(&child, started, limits) {
            child.kill()?;
            child.wait()?;
            return Err(error);
        }
        peak_mib = peak_mib.max(processes::peak_mib(child.id()).unwrap_or_default());
        std::thread::sleep(POLL);
    };
    let seconds = started.elapsed().as_secs_f64();
    ensure!(status.success(), "{status}: {}", last_words(log));
    Ok(Took { seconds, peak_mib })
}

fn keep(child: &Child, started: Instant, limits: Limits) -> Result<()> {
    if started.elapsed() > limits.time {
        bail!("ended after {} minutes", limits.time.as_secs() / 60);
    }
    let own_mib = processes::own_mib(child.id()).unwrap_or_default();
    ensure!(own_mib <= limits.memory_mib, "ended when it took more than {} MiB", limits.memory_mib);
    Ok(())
}

fn last_words(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let n_chars = text.chars().count();
    text.chars().skip(n_chars.saturating_sub(EXCERPT)).collect::<String>().replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str, time: Duration, memory_mib: f64) -> Result<Took> {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        watch(Command::new("sh").args(["-c", script]), &log, Limits { time, memory_mib })
    }

    #[test]
    fn a_program_that_ends_well_tells_its_memory() {
        let took = run("head -c 1000000 /dev/zero | cat >/dev/null", Duration::from_mins(1), 1000.0).unwrap();
        assert!(took.seconds < 60.0 && took.peak_mib >= 0.0);
    }

    #[test]
    fn a_program_that_takes_too_much_is_ended() {
        let said = |took: Result<Took>| took.err().map(|error| error.to_string()).unwrap_or_default();
        let forever = "while true; do :; done";
        assert_eq!(said(run(forever, Duration::from_millis(50), 1000.0)), "ended after 0 minutes");
        assert_eq!(said(run(forever, Duration::from_mins(1), 0.0)), "ended when it took more than 0 MiB");
        assert!(said(run("echo no >&2; exit 3", Duration::from_mins(1), 1000.0)).ends_with("no "));
    }
}
