//! Waiting for a server that was just started.

use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How long a server may take, and how often it is asked.
#[derive(Clone, Copy)]
pub(crate) struct Patience {
    pub(crate) limit: Duration,
    pub(crate) poll: Duration,
}

/// Returns when `is_ready` says so. A server that ends or is late is an error, which shows its output from `log`.
pub(crate) fn wait_until_ready(
    child: &mut Child,
    log: &Path,
    patience: Patience,
    is_ready: impl Fn() -> bool,
) -> Result<()> {
    let output = || std::fs::read_to_string(log).unwrap_or_default();
    let started = Instant::now();
    while started.elapsed() < patience.limit {
        if is_ready() {
            return Ok(());
        }
        if let Some(status) = child.try_wait()? {
            bail!("the server ended at once ({status}):\n{}", output());
        }
        std::thread::sleep(patience.poll);
    }
    bail!("the server did not answer within {} s:\n{}", patience.limit.as_secs(), output());
}
