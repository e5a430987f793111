//! A worker's process: how it is started, and how it ends.
//!
//! It leads a process group of its own, so that what it starts ends with it, and so that a Ctrl-C in a terminal does not
//! end it before Forebay has drained. It notices by itself when Forebay is gone: its socket is closed.

use std::env;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use serde::Deserialize;

use super::PythonOptions;
use super::answer::{Header, Kind};
use super::frame;
use super::output::Output;
use crate::engines::{LoadError, Threads};

/// What Python runs.
const WORKER: &str = include_str!("worker.py");

/// How long a worker that closed its socket may take to end by itself, so that its own exit status is told.
const PATIENCE: Duration = Duration::from_millis(500);

/// How often is looked whether it has.
const PAUSE: Duration = Duration::from_millis(5);

/// What operators and a system without memory end processes with; by others, processes end themselves.
const KILLS: [Signal; 2] = [Signal::KILL, Signal::TERM];

/// What a worker is started with.
pub(super) struct Launch {
    /// How Python is run.
    pub(super) options: PythonOptions,
    /// The model's folder.
    pub(super) model: PathBuf,
    /// That it computes with.
    pub(super) n_threads: Threads,
    /// Whether the signature tells of params; MLflow takes none where it does not.
    pub(super) has_params: bool,
}

/// A worker that was started.
pub(super) struct Worker {
    pid: Pid,
    child: Mutex<Process>,
    output: Output,
}

/// A child, and how it ended once that is known. Until then its number belongs to no other process.
struct Process {
    child: Child,
    status: Option<ExitStatus>,
}

impl Worker {
    /// Starts a worker and waits until it has loaded its model; gives the socket on which it can be asked.
    pub(super) fn start(launch: &Launch) -> Result<(Self, UnixStream), LoadError> {
        let python = &launch.options.python;
        let (own, other) = UnixStream::pair().map_err(|error| unstarted(python, &error))?;
        let mut child = command(launch, other).spawn().map_err(|error| unstarted(python, &error))?;
        let output = Output::of(&mut child);
        let pid = Pid::from_child(&child);
        let worker = Worker { pid, child: Mutex::new(Process { child, status: None }), output };
        let started = worker.wait_for_model(&own, launch);
        if started.is_err() {
            worker.kill();
        }
        started.map(|()| (worker, own))
    }

    fn wait_for_model(&self, mut connection: &UnixStream, launch: &Launch) -> Result<(), LoadError> {
        let PythonOptions { python, start_timeout, .. } = &launch.options;
        let limit = |limit| connection.set_read_timeout(limit).map_err(|error| unstarted(python, &error));
        limit(Some(*start_timeout))?;
        let answer =
            frame::receive(&mut connection).map_err(|error| self.not_loaded(&error, *start_timeout))?;
        limit(None)?;
        let header = Header::deserialize(&answer.header).map_err(|error| unstarted(python, &error.into()))?;
        let python = python.display();
        match header.kind {
            Kind::Ready => Ok(()),
            Kind::Missing => Err(LoadError::Missing(format!(
                "the Python {python} lacks what the model needs ({}): install its requirements there, \
                 or name another with --python",
                header.message
            ))),
            _ => Err(LoadError::Model(format!("{python} could not load the model: {}", header.message))),
        }
    }

    /// Why a worker did not get as far as to say anything.
    fn not_loaded(&self, error: &io::Error, start_timeout: Duration) -> LoadError {
        let timed_out = matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
        let own_end = if timed_out { None } else { self.own_end() };
        let what = if timed_out {
            self.kill();
            format!("Python did not load the model within {start_timeout:?}")
        } else {
            in_words(own_end, error)
        };
        let what = match self.output.last_lines() {
            lines if lines.is_empty() => what,
            lines => format!("{what}; its last lines:\n{lines}"),
        };
        let signal = own_end.and_then(|status| status.signal());
        let was_killed = signal.is_some_and(|signal| KILLS.map(Signal::as_raw).contains(&signal));
        if was_killed { LoadError::Killed(what) } else { LoadError::Model(what) }
    }

    /// Ends a worker that can no longer be talked to, and says how it ended.
    pub(super) fn end(&self, error: &io::Error) -> String {
        in_words(self.own_end(), error)
    }

    /// Ends a worker that can no longer be talked to; how it ended, if it did so without us.
    fn own_end(&self) -> Option<ExitStatus> {
        let start = Instant::now();
        while !self.has_ended() && start.elapsed() < PATIENCE {
            thread::sleep(PAUSE);
        }
        let ended_itself = self.has_ended();
        self.kill().filter(|_| ended_itself)
    }

    /// Whether it has ended, by itself or killed.
    pub(super) fn has_ended(&self) -> bool {
        let process = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        process.status.is_some() || !matches!(waitid(WaitId::Pid(self.pid), look), Ok(None))
    }

    /// Kills the worker and all that it started, and does not wait. Whoever talks to it will see its end.
    pub(super) fn signal(&self) {
        // Another that holds it is about to end it.
        if let Ok(process) = self.child.try_lock()
            && process.status.is_none()
        {
            let _ = kill_process_group(self.pid, Signal::KILL);
        }
    }

    /// Kills the worker and all that it started, and waits until it has ended.
    pub(super) fn kill(&self) -> Option<ExitStatus> {
        let mut process = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        if process.status.is_none() {
            // It leads its group, and nobody has asked how it ended: the number is still its own.
            let _ = kill_process_group(self.pid, Signal::KILL);
            process.status = process.child.wait().ok();
        }
        process.status
    }
}

fn in_words(own_end: Option<ExitStatus>, error: &io::Error) -> String {
    match own_end {
        Some(status) => format!("its Python ended with {status}"),
        None => format!("its Python was ended: {error}"),
    }
}

/// Variables with passwords of the registry, which a model has no use for.
const SECRETS: [&str; 6] = [
    "MLFLOW_BACKEND_STORE_URI",
    "MLFLOW_REGISTRY_STORE_URI",
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
    "MLFLOW_TRACKING_USERNAME",
    "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY",
];

fn command(launch: &Launch, socket: UnixStream) -> Command {
    let mut command = Command::new(&launch.options.python);
    command
        .args(["-c", WORKER])
        .arg(std::path::absolute(&launch.model).unwrap_or_else(|_| launch.model.clone()))
        .env("OMP_NUM_THREADS", launch.n_threads.to_string())
        .env("PYTHONUNBUFFERED", "1")
        .stdin(Stdio::from(OwnedFd::from(socket)))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    // Forebay's own settings, such as the address of its database, are none of the model's business.
    for (name, _) in env::vars_os() {
        let is_own = name.as_encoded_bytes().starts_with(b"FOREBAY_");
        if is_own || SECRETS.iter().any(|secret| name == *secret) {
            command.env_remove(name);
        }
    }
    command
}

fn unstarted(python: &Path, error: &io::Error) -> LoadError {
    LoadError::Missing(format!(
        "the Python {} cannot be run ({error}): name one that has mlflow with --python",
        python.display()
    ))
}
