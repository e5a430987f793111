//! `cargo xtask bench`: Forebay and what it stands in for, under the same load.

mod api;
mod facts;
mod http;
mod latencies;
mod load;
mod peers;
mod processes;
mod report;
mod requests;
mod rounds;
mod scenarios;
mod seed;
mod tracking;

use std::process::ExitCode;

use anyhow::Result;

/// Measure Forebay against the original server
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    subject: Subject,
}

#[derive(clap::Subcommand)]
enum Subject {
    Tracking(Box<tracking::Args>),
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    match &args.subject {
        Subject::Tracking(args) => tracking::run(args),
    }
}
