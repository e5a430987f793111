//! Azurite, Microsoft's server that answers as Azure Blob Storage does: what the client tests keep artifacts in. It
//! is a package for Node.js, installed once per version into the cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::command::{announce, run_quiet, run_shown};
use super::{apt, folders::Folders};
use crate::tree;

/// What npm needs to install the same packages each time.
const MANIFESTS: [&str; 2] = ["package.json", "package-lock.json"];

/// Installs Azurite if it is not there, and what runs it; the folder, which is that of the pinned version. The tests
/// look there too, in `tests/clients/test_azure.py`.
pub(crate) fn ensure(folders: &Folders) -> Result<PathBuf> {
    let pinned = tree::root().join("tests/clients/azurite");
    let manifest = fs::read_to_string(pinned.join("package.json")).context("azurite/package.json")?;
    let folder = folders.cache().join(format!("azurite-{}", version(&manifest)?));
    ensure_node(&folders.log("apt"))?;
    let complete = folder.join("complete");
    if !complete.exists() {
        install(&pinned, &folder, &folders.log("npm"))?;
        // Written last: an installation that was interrupted on the way is made anew.
        fs::write(complete, "")?;
    }
    Ok(folder)
}

fn install(pinned: &Path, folder: &Path, log: &Path) -> Result<()> {
    announce(&format!("installing Azurite in {}", folder.display()));
    fs::create_dir_all(folder)?;
    for name in MANIFESTS {
        fs::copy(pinned.join(name), folder.join(name)).with_context(|| name.to_owned())?;
    }
    let quiet = ["--no-audit", "--no-fund", "--no-update-notifier"];
    // No package needs its scripts, and a test's packages should run nothing on this machine.
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts"]).args(quiet).current_dir(folder);
    run_shown(&mut npm, log)
}

fn version(manifest: &str) -> Result<String> {
    let manifest: Value = serde_json::from_str(manifest)?;
    let version = manifest["dependencies"]["azurite"].as_str();
    Ok(version.context("package.json does not name a version of azurite")?.to_owned())
}

fn ensure_node(apt_log: &Path) -> Result<()> {
    if !is_there() {
        apt::install(&["nodejs", "npm"], apt_log)?;
        ensure!(is_there(), "no Node.js was found, although it is installed");
    }
    Ok(())
}

fn is_there() -> bool {
    ["node", "npm"].iter().all(|name| run_quiet(Command::new(name).arg("--version")).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_one_that_is_pinned() {
        assert_eq!(version(r#"{"dependencies": {"azurite": "3.35.0"}}"#).unwrap(), "3.35.0");
        assert!(version("{}").is_err());
    }
}
