//! Building the server.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::command::{announce, cargo};
use super::folders::Folders;
use crate::tree;

/// How the server is built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Release,
    Debug,
}

/// Builds `forebay`; the path of the binary.
pub(crate) fn forebay(profile: Profile, folders: &Folders) -> Result<PathBuf> {
    announce("building forebay (the first build takes some minutes)");
    let (words, folder): (&[&str], _) = match profile {
        Profile::Release => (&["--release"], "release"),
        Profile::Debug => (&[], "debug"),
    };
    let status =
        cargo().args(["build", "--package", "forebay"]).args(words).current_dir(tree::root()).status();
    ensure!(status.context("cannot run cargo")?.success(), "the build failed");
    Ok(folders.target().join(folder).join("forebay"))
}
