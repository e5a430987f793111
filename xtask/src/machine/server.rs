//! A Forebay server, of tracking or of a model, as a child process, its output in a log file.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::readiness::{Patience, wait_until_ready};

const POLL: Duration = Duration::from_millis(50);
const START: Patience = Patience { limit: Duration::from_secs(30), poll: POLL };
/// A model that Python runs brings mlflow and its framework with it.
const LOAD: Patience = Patience { limit: Duration::from_mins(3), poll: POLL };
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// A running server; dropping it ends it.
pub(crate) struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Starts `binary` on SQLite and an artifact folder inside `folder`, with the web UI of the `mlflow` in
    /// `virtual_env` and leave to read and write tables in `folder`, and waits until it answers.
    pub(crate) fn start(binary: &Path, folder: &Path, port: u16, virtual_env: &Path) -> Result<Self> {
        let mut command = Command::new(binary);
        command.args(["server", "--backend-store-uri"]);
        command.arg(format!("sqlite:///{}", folder.join("mlflow.db").display()));
        command.arg("--artifacts-destination").arg(folder.join("artifacts"));
        command.arg("--features-location").arg(folder);
        command.env("VIRTUAL_ENV", virtual_env);
        Self::spawn(&mut command, &folder.join("server.log"), port, START)
    }

    /// Starts `forebay serve` with what `command` says, and waits until its models answer.
    pub(crate) fn start_models(command: &mut Command, log: &Path, port: u16) -> Result<Self> {
        Self::spawn(command, log, port, LOAD)
    }

    fn spawn(command: &mut Command, log: &Path, port: u16, patience: Patience) -> Result<Self> {
        let output = File::create(log)?;
        command.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let child = command
            .spawn()
            .with_context(|| format!("cannot run {}", command.get_program().to_string_lossy()))?;
        let mut server = Self { child, port };
        wait_until_ready(&mut server.child, log, patience, || is_healthy(port))?;
        Ok(server)
    }

    /// `http://…`, what a client's tracking URI is set to.
    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Waits until the server ends by itself, as it does on Ctrl-C.
    pub(crate) fn wait(&mut self) -> Result<()> {
        self.child.wait()?;
        Ok(())
    }

    fn has_ended_within(&mut self, limit: Duration) -> bool {
        let started = Instant::now();
        while started.elapsed() < limit {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return true;
            }
            std::thread::sleep(POLL);
        }
        false
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Asked first, so that the server closes its database as it would for a user.
        let _ =
            Command::new("kill").args(["-TERM", &self.child.id().to_string()]).stderr(Stdio::null()).status();
        if !self.has_ended_within(STOP_TIMEOUT) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn is_healthy(port: u16) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        write!(stream, "GET /health HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_that_ends_at_once_is_an_error_and_not_a_wait() {
        let folder = tempfile::tempdir().unwrap();
        let error = Server::start(Path::new("/bin/false"), folder.path(), 1, folder.path()).err().unwrap();
        assert!(error.to_string().contains("ended at once"));
    }
}
