//! `cargo xtask bench tracking`: both servers on copies of one seeded database. Scenario by scenario, first one
//! and then the other is loaded in the same way, while its peer stands still.

use std::process::ExitCode;

use anyhow::Result;

use super::content::{Content, Size};
use super::options::{Options, Subject};
use super::rounds::{IDLE_MEMORY, LOADED_MEMORY, READY};
use super::scenarios;

/// Load both tracking servers and print what each made of it
#[derive(clap::Args)]
pub(super) struct Args {
    /// Runs in the database
    #[arg(long, default_value_t = 20_000)]
    runs: u32,
    #[command(flatten)]
    options: Options,
}

/// Points of the long history.
const N_POINTS: u32 = 200_000;

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    args.options.run(Subject {
        name: "tracking",
        size: args.runs,
        content: Content::Runs(Size { n_runs: args.runs, n_points: N_POINTS }),
        scenarios: scenarios::of_tracking(),
        figures: vec![READY, IDLE_MEMORY, LOADED_MEMORY],
    })
}
