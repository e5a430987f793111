//! What a figure means nothing without: the machine, and what was measured on it.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::machine::command::run_quiet;
use crate::tree;

/// Facts as pairs of a name and a value, in the order they are printed.
pub(super) fn collect(
    forebay: &Path,
    origin: &str,
    about: (&'static str, String),
) -> Result<Vec<(&'static str, String)>> {
    let run = |program: &str, words: &[&str]| run_quiet(Command::new(program).args(words));
    let version = run_quiet(Command::new(forebay).arg("--version"))?;
    let cores = std::thread::available_parallelism()?;
    Ok(vec![
        ("date", run("date", &["-u", "+%F"])?.trim().to_owned()),
        ("processor", field("/proc/cpuinfo", "model name").unwrap_or("unknown".to_owned())),
        ("cores", cores.to_string()),
        ("memory", memory(&field("/proc/meminfo", "MemTotal").unwrap_or_default())),
        ("kernel", run("uname", &["-sr"])?.trim().to_owned()),
        ("Forebay", format!("{} ({origin})", version.trim())),
        ("MLflow", mlflow_version()?),
        about,
    ])
}

/// The commit of this tree; nothing outside of a repository.
pub(super) fn commit() -> String {
    let describe = ["describe", "--always", "--dirty", "--exclude=*"];
    let commit = run_quiet(Command::new("git").args(describe).current_dir(tree::root()));
    commit.unwrap_or_default().trim().to_owned()
}

/// The value behind `name` and a colon.
fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':'));
    value.map(|value| value.trim().to_owned())
}

/// `8048576 kB` in GiB.
fn memory(total: &str) -> String {
    let kib: u32 = total.trim_end_matches(" kB").parse().unwrap_or_default();
    format!("{:.1} GiB", f64::from(kib) / 1024.0 / 1024.0)
}

/// As it is pinned for the tests.
fn mlflow_version() -> Result<String> {
    let requirements = fs::read_to_string(tree::root().join("tests/clients/requirements.txt"))?;
    let version = requirements.lines().find_map(|line| line.strip_prefix("mlflow=="));
    Ok(version.unwrap_or("unknown").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_told_in_gib() {
        assert_eq!(memory("8388608 kB"), "8.0 GiB");
    }

    #[test]
    fn the_pinned_version_is_found() {
        assert!(mlflow_version().unwrap().starts_with('3'));
    }
}
