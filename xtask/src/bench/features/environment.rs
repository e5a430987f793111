//! The Python environment of the peers: Feast asks for other versions than the client tests do.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::PathBuf;

use anyhow::Result;

use crate::machine::command::{announce, run_quiet, run_shown};
use crate::machine::folders::Folders;
use crate::machine::python::Python;
use crate::tree;

const REQUIREMENTS: &str = "xtask/src/bench/features/requirements.txt";

/// Opens the environment in the cache, or makes it with `maker` (a few minutes, a gigabyte).
pub(super) fn ensure(maker: &Python, folders: &Folders) -> Result<Python> {
    let wanted = fs::read_to_string(tree::root().join(REQUIREMENTS))?;
    let version = run_quiet(maker.command().arg("--version"))?;
    let mut hasher = DefaultHasher::new();
    (wanted, version).hash(&mut hasher);
    let folder: PathBuf = folders.cache().join(format!("venv-features-{:016x}", hasher.finish()));
    let complete = folder.join("complete");
    if !complete.exists() {
        announce(&format!("making a Python environment in {}", folder.display()));
        run_quiet(maker.command().args(["-m", "venv", "--clear"]).arg(&folder))?;
        let python = Python::given(&folder.join("bin/python"))?;
        let install = ["-m", "pip", "install", "--disable-pip-version-check", "--progress-bar=off"];
        let mut pip = python.command();
        run_shown(pip.args(install).args(["--requirement", REQUIREMENTS]), &folders.log("pip-features"))?;
        // Written last: an environment that was interrupted on the way is made anew.
        fs::write(&complete, "")?;
    }
    Python::given(&folder.join("bin/python"))
}
