//! Running programs so that a reader sees what happens: either shown on the terminal and kept in a log file,
//! or kept quiet and shown only when it fails.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, bail};

/// Says what happens next.
pub(crate) fn announce(what: &str) {
    println!("==> {what}");
}

/// A cargo that builds as one from the shell would. What the cargo that runs this program says of its package is taken
/// away: build scripts look at it, and all that depends on them would be built again each time the other asks.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new("cargo");
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs a program, its output shown and also written to `log`.
pub(crate) fn run_shown(command: &mut Command, log: &Path) -> Result<()> {
    if let Some(folder) = log.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let file = Arc::new(Mutex::new(File::create(log).with_context(|| log.display().to_string())?));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {}", name(command)))?;
    std::thread::scope(|scope| {
        if let Some(stderr) = child.stderr.take() {
            scope.spawn(|| copy(stderr, &file));
        }
        if let Some(stdout) = child.stdout.take() {
            copy(stdout, &file);
        }
    });
    let status = child.wait()?;
    if !status.success() {
        bail!("{} failed ({status}); its output is in {}", name(command), log.display());
    }
    Ok(())
}

/// Runs a program silently; its output is part of the error when it fails.
pub(crate) fn run_quiet(command: &mut Command) -> Result<String> {
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("cannot run {}", name(command)))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("{} failed ({}):\n{stdout}{stderr}", name(command), output.status);
    }
    Ok(stdout)
}

fn copy(from: impl Read, log: &Mutex<File>) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    // A program may print bytes that are no text, so lines are bytes here.
    while from.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        // A closed terminal or a full disk must not stop the program that is being watched.
        let _ = std::io::stdout().write_all(&line);
        if let Ok(mut file) = log.lock() {
            let _ = file.write_all(&line);
        }
        line.clear();
    }
}

fn name(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_program_reports_its_output() {
        let error = run_quiet(Command::new("sh").args(["-c", "echo broken >&2; exit 3"])).unwrap_err();
        assert!(error.to_string().contains("broken"));
    }

    #[test]
    fn shown_output_is_also_kept() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("logs/echo.log");
        run_shown(Command::new("sh").args(["-c", "echo one; echo two >&2"]), &log).unwrap();
        let mut lines: Vec<_> = std::fs::read_to_string(log).unwrap().lines().map(str::to_owned).collect();
        lines.sort();
        assert_eq!(lines, ["one", "two"]);
    }
}
