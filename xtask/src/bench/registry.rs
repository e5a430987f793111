//! `cargo xtask bench registry`: the same rounds over a seeded model registry.

use std::process::ExitCode;

use anyhow::Result;

use super::content::{Content, N_MODELS};
use super::options::{Options, Subject};
use super::rounds::LOADED_MEMORY;
use super::scenarios;

/// Load both model registries and print what each made of it
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    options: Options,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    args.options.run(Subject {
        name: "registry",
        size: N_MODELS,
        content: Content::Registry,
        scenarios: scenarios::of_registry(),
        // The start and the memory at rest are tracking's to measure: it is the same server.
        figures: vec![LOADED_MEMORY],
    })
}
