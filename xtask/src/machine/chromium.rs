//! Debian's Chromium, with which the client tests look at the web UI.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use super::apt;
use super::command::run_quiet;

/// As the tests look for it, in `tests/clients/browser.py`.
const PROGRAMS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Installs a Chromium if there is none.
pub(crate) fn ensure(apt_log: &Path) -> Result<()> {
    if is_there() {
        return Ok(());
    }
    apt::install(&["chromium"], apt_log)?;
    ensure!(is_there(), "no Chromium was found, although it is installed");
    Ok(())
}

fn is_there() -> bool {
    PROGRAMS.iter().any(|name| run_quiet(Command::new(name).arg("--version")).is_ok())
}
