//! Installing Debian and Ubuntu packages, with sudo when the user is not root.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::command::{announce, run_quiet, run_shown};

/// Whether this process runs as root.
pub(crate) fn is_root() -> Result<bool> {
    Ok(run_quiet(Command::new("id").arg("-u"))?.trim() == "0")
}

/// Installs `packages`; asks for a password if sudo does.
pub(crate) fn install(packages: &[&str], log: &Path) -> Result<()> {
    ensure!(
        Path::new("/usr/bin/apt-get").exists(),
        "this machine has no apt-get; please install these yourself: {}",
        packages.join(" ")
    );
    announce(&format!("installing {} (apt-get)", packages.join(" ")));
    run_shown(apt_get()?.arg("update"), log).context("apt-get update")?;
    run_shown(apt_get()?.args(["install", "--yes", "--no-install-recommends"]).args(packages), log)
}

fn apt_get() -> Result<Command> {
    let mut command = Command::new(if is_root()? { "env" } else { "sudo" });
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]);
    Ok(command)
}
