//! The flags that all subjects have, and the way from them to a report: build, fill a database, measure, publish.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::content::Content;
use super::facts;
use super::load::Times;
use super::peers::{Peer, Programs};
use super::report::Report;
use super::rounds::{self, Choice};
use super::scenarios::Scenario;
use super::seed::Seed;
use super::under_test::UnderTest;
use crate::machine::interrupt::Interrupt;

/// What can be measured at all.
pub(super) struct Subject {
    /// In the names of the report's files.
    pub(super) name: &'static str,
    /// Of the database, in those names.
    pub(super) size: u32,
    pub(super) content: Content,
    pub(super) scenarios: Vec<Scenario>,
    pub(super) figures: Vec<&'static str>,
}

#[derive(clap::Args)]
pub(super) struct Options {
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
    #[command(flatten)]
    under_test: UnderTest,
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

impl Options {
    /// Measures what was chosen of `subject`, prints the table, and leaves it in the build folder.
    pub(super) fn run(&self, subject: Subject) -> Result<ExitCode> {
        let (content, file) = (subject.content, self.report_file(&subject));
        let choice = self.choice(subject)?;
        let interrupt = Interrupt::watch()?;
        let (programs, origin) = self.under_test.programs()?;
        let seed = self.seed(content, &programs)?;
        let rows = rounds::measure(&choice, &programs, &seed, &interrupt)?;
        let facts = facts::collect(&programs.forebay, &origin, ("database", content.description()))?;
        let report = Report { facts, rows };
        self.under_test.publish(&file, &report.markdown(), &report.json())?;
        let complete = report.is_clean() && !interrupt.came();
        Ok(if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn choice(&self, subject: Subject) -> Result<Choice> {
        let Subject { mut scenarios, mut figures, .. } = subject;
        let known: Vec<_> =
            scenarios.iter().map(|scenario| scenario.name).chain(figures.iter().copied()).collect();
        for name in &self.only {
            ensure!(known.contains(&name.as_str()), "--only: no {name}; there are {}", known.join(", "));
        }
        let is_chosen = |name: &str| self.only.is_empty() || self.only.iter().any(|only| only == name);
        scenarios.retain(|scenario| is_chosen(scenario.name));
        figures.retain(|name| is_chosen(name));
        let peers = match self.peer {
            Which::Mlflow => vec![Peer::Mlflow],
            Which::Forebay => vec![Peer::Forebay],
            Which::Both => vec![Peer::Mlflow, Peer::Forebay],
        };
        let folder = self.under_test.folders.cache().join("bench");
        Ok(Choice { peers, scenarios, figures, times: self.times(), folder })
    }

    fn times(&self) -> Times {
        let measure = Duration::from_secs_f64(self.seconds.clamp(0.1, 3600.0));
        Times { warm_up: measure / 5, measure }
    }

    fn seed(&self, content: Content, programs: &Programs) -> Result<Seed> {
        match self.database {
            Database::Sqlite => Seed::sqlite(content, programs, &self.under_test.folders),
            Database::Postgres => Seed::postgres(content, programs, &self.under_test.folders),
        }
    }

    fn report_file(&self, subject: &Subject) -> String {
        let database = match self.database {
            Database::Sqlite => "sqlite",
            Database::Postgres => "postgres",
        };
        format!("{}-{database}-{}", subject.name, subject.size)
    }
}
