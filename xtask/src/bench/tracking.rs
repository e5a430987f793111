//! `cargo xtask bench tracking`: both servers on copies of one seeded database. Scenario by scenario, first one
//! and then the other is loaded in the same way, while its peer stands still.

use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::facts;
use super::load::Times;
use super::peers::{Peer, Programs};
use super::report::Report;
use super::rounds::{self, Choice};
use super::scenarios;
use super::seed::{Seed, Size};
use crate::machine::build::{self, Profile};
use crate::machine::folders::Folders;
use crate::machine::interrupt::Interrupt;
use crate::machine::python::Python;

/// Load both tracking servers and print what each made of it
#[derive(clap::Args)]
pub(super) struct Args {
    /// Scenarios and figures to measure, separated by commas [default: all]
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    only: Vec<String>,
    /// How long each server is loaded per scenario, after a warm-up of a fifth of it
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Which server to measure
    #[arg(long, value_enum, default_value_t)]
    peer: Which,
    #[arg(long, value_enum, default_value_t)]
    database: Database,
    /// Runs in the database
    #[arg(long, default_value_t = 20_000)]
    runs: u32,
    #[command(flatten)]
    folders: Folders,
}

#[derive(Clone, Copy, Default, clap::ValueEnum)]
enum Which {
    Mlflow,
    Forebay,
    #[default]
    Both,
}

#[derive(Clone, Copy, Default, clap::ValueEnum)]
enum Database {
    #[default]
    Sqlite,
    Postgres,
}

/// Points of the long history.
const N_POINTS: u32 = 200_000;

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let choice = args.choice()?;
    let interrupt = Interrupt::watch()?;
    let forebay = build::forebay(Profile::Release, &args.folders)?;
    let programs = Programs { python: Python::ensure(&args.folders)?, forebay };
    let seed = args.seed(&programs)?;
    let rows = rounds::measure(&choice, &programs, &seed, &interrupt)?;
    let report = Report { facts: facts::collect(&programs.forebay, args.size())?, rows };
    args.publish(&report)?;
    let complete = report.is_clean() && !interrupt.came();
    Ok(if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Args {
    fn choice(&self) -> Result<Choice> {
        let is_chosen = |name: &str| self.only.is_empty() || self.only.iter().any(|only| only == name);
        let known: Vec<_> =
            scenarios::all().iter().map(|scenario| scenario.name).chain(rounds::FIGURES).collect();
        for name in &self.only {
            ensure!(known.contains(&name.as_str()), "--only: no {name}; there are {}", known.join(", "));
        }
        let peers = match self.peer {
            Which::Mlflow => vec![Peer::Mlflow],
            Which::Forebay => vec![Peer::Forebay],
            Which::Both => vec![Peer::Mlflow, Peer::Forebay],
        };
        Ok(Choice {
            peers,
            scenarios: scenarios::all().into_iter().filter(|scenario| is_chosen(scenario.name)).collect(),
            figures: rounds::FIGURES.into_iter().filter(|name| is_chosen(name)).collect(),
            times: self.times(),
            folder: self.folders.cache().join("bench"),
        })
    }

    fn times(&self) -> Times {
        let measure = Duration::from_secs_f64(self.seconds.clamp(0.1, 3600.0));
        Times { warm_up: measure / 5, measure }
    }

    fn size(&self) -> Size {
        Size { n_runs: self.runs, n_points: N_POINTS }
    }

    fn seed(&self, programs: &Programs) -> Result<Seed> {
        match self.database {
            Database::Sqlite => Seed::sqlite(self.size(), programs, &self.folders),
            Database::Postgres => Seed::postgres(self.size(), programs, &self.folders),
        }
    }

    /// Prints the table, and leaves it in the build folder.
    fn publish(&self, report: &Report) -> Result<()> {
        let database = match self.database {
            Database::Sqlite => "sqlite",
            Database::Postgres => "postgres",
        };
        let folder = self.folders.target().join("bench");
        fs::create_dir_all(&folder)?;
        let file = folder.join(format!("tracking-{database}-{}", self.runs));
        fs::write(file.with_extension("json"), report.json())?;
        fs::write(file.with_extension("md"), report.markdown())?;
        println!("\n{}\nalso in {}.md and .json", report.markdown(), file.display());
        Ok(())
    }
}
