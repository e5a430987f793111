//! The two servers that are compared. Each runs on its own copy of the seeded database, and stands still while
//! the other is measured.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::api::Api;
use super::processes;
use crate::machine::ports;
use crate::machine::python::Python;
use crate::machine::readiness::{Patience, wait_until_ready};

const POLL: Duration = Duration::from_millis(5);
const START: Patience = Patience { limit: Duration::from_mins(3), poll: POLL };
const STOP_TIMEOUT: Duration = Duration::from_secs(20);
/// Time for a worker to answer its parent, once that was stopped.
const LAST_WORDS: Duration = Duration::from_millis(20);

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    Mlflow,
    Forebay,
}

impl Peer {
    /// As it is called in commands and files.
    pub(super) fn name(self) -> &'static str {
        match self {
            Peer::Mlflow => "mlflow",
            Peer::Forebay => "forebay",
        }
    }
}

/// What is needed to start either.
pub(super) struct Programs {
    pub(super) python: Python,
    pub(super) forebay: PathBuf,
}

impl Programs {
    fn command(&self, peer: Peer) -> Command {
        match peer {
            Peer::Mlflow => {
                let mut command = self.python.command();
                command.args(["-m", "mlflow"]);
                command
            }
            Peer::Forebay => Command::new(&self.forebay),
        }
    }
}

/// A running server; dropping it ends it and what it started.
pub(super) struct Running {
    child: Child,
    port: u16,
    /// From the start of the process to the first answer that shows it ready.
    pub(super) ready_after: Duration,
}

impl Running {
    /// Starts `peer` on `database`, with its artifacts and its output in `folder`.
    pub(super) fn start(programs: &Programs, peer: Peer, database: &str, folder: &Path) -> Result<Self> {
        let log = folder.join("server.log");
        let port = ports::any_free()?;
        let mut command = programs.command(peer);
        command
            .args(["server", "--host", "127.0.0.1", "--port", &port.to_string()])
            .args(["--backend-store-uri", database, "--artifacts-destination"])
            .arg(folder.join("artifacts"));
        Self::spawn(&mut command, port, &log, || Api::new(port).can_search())
    }

    /// Runs any server that listens on `port`, with its output in `log`, until it is ready.
    pub(super) fn spawn(
        command: &mut Command,
        port: u16,
        log: &Path,
        is_ready: impl Fn() -> bool,
    ) -> Result<Self> {
        let output = File::create(log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let started = Instant::now();
        let child =
            command.spawn().with_context(|| format!("cannot run {}", command.get_program().display()))?;
        let mut running = Self { child, port, ready_after: Duration::ZERO };
        wait_until_ready(&mut running.child, log, START, is_ready)?;
        running.ready_after = started.elapsed();
        Ok(running)
    }

    /// Where it listens.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Its process and all it started.
    pub(super) fn tree(&self) -> Vec<u32> {
        processes::tree(self.child.id())
    }

    /// Lets it stand still, parents first: MLflow's kills a worker that was asked for a sign of life and could
    /// not give it before it was stopped.
    pub(super) fn pause(&self) -> Result<()> {
        for process in self.tree() {
            processes::signal("STOP", &[process])?;
            std::thread::sleep(LAST_WORDS);
        }
        Ok(())
    }

    /// Lets it go on, parents last.
    pub(super) fn resume(&self) -> Result<()> {
        let mut tree = self.tree();
        tree.reverse();
        processes::signal("CONT", &tree)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let tree = self.tree();
        let _ = self.resume();
        let _ = processes::signal("TERM", &tree[..1]);
        let asked = Instant::now();
        while processes::any_runs(&tree) && asked.elapsed() < STOP_TIMEOUT {
            // Reaped as soon as it ends, or it would seem to run.
            let _ = self.child.try_wait();
            std::thread::sleep(POLL);
        }
        let _ = processes::signal("KILL", &tree);
        let _ = self.child.wait();
    }
}
