//! `cargo xtask bench`: Forebay and what it stands in for, under the same load.

mod api;
mod batch;
mod content;
mod facts;
mod features;
mod http;
mod latencies;
mod load;
mod options;
mod peers;
mod processes;
mod registry;
mod report;
mod requests;
mod rounds;
mod scenarios;
mod seed;
mod serving;
mod sheet;
mod tracking;
mod under_test;

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
    Registry(Box<registry::Args>),
    Serving(Box<serving::Args>),
    Batch(Box<batch::Args>),
    Features(Box<features::Args>),
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    match &args.subject {
        Subject::Tracking(args) => tracking::run(args),
        Subject::Registry(args) => registry::run(args),
        Subject::Serving(args) => serving::run(args),
        Subject::Batch(args) => batch::run(args),
        Subject::Features(args) => features::run(args),
    }
}
