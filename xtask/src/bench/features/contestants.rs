//! Who joins, and what each makes of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use super::watched::{Limits, Took, watch};
use crate::bench::sheet::Cell;
use crate::machine::command::run_quiet;
use crate::machine::python::Python;

/// The columns of the table.
pub(super) const COLUMNS: [&str; 6] =
    ["Feast, default store", "Feast, DuckDB store", "pandas", "DuckDB", "polars", "Forebay"];
pub(super) const FEAST: usize = 0;
pub(super) const FEAST_DUCKDB: usize = 1;
pub(super) const DUCKDB: usize = 3;
pub(super) const POLARS: usize = 4;
pub(super) const FOREBAY: usize = 5;

/// The same for the command line.
pub(super) const NAMES: [&str; 6] = ["feast", "feast-duckdb", "pandas", "duckdb", "polars", "forebay"];

const SCRIPTS: &str = "xtask/src/bench/features";

/// After this a contestant is not waited for.
const PATIENCE: Duration = Duration::from_mins(20);

/// One spine and one table of features.
pub(super) struct Task<'a> {
    pub(super) folder: &'a Path,
    pub(super) python: &'a Python,
    pub(super) forebay: &'a Path,
    pub(super) n_rows: u64,
    pub(super) n_spine_rows: u64,
    pub(super) size: Size,
    /// A contestant that takes more is ended. For a large task it is told three quarters of it, since limits are of what an
    /// engine counts, and not of all that its process has.
    pub(super) memory_mib: u64,
}

/// Who takes part.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// All contestants, as they are without options.
    Small,
    /// Those that may manage with less memory than the features have, and are told how much there is.
    Large,
}

impl Size {
    /// Keys of the features.
    pub(super) fn n_entities(self) -> u64 {
        match self {
            Size::Small => 2_000,
            Size::Large => 100_000,
        }
    }
}

/// What one contestant made.
pub(super) struct Joined {
    seconds: f64,
    pub(super) peak_mib: f64,
    pub(super) n_lost: u64,
    n_wrong: u32,
}

impl Joined {
    /// Rows of the spine a second.
    pub(super) fn rate(&self, n_spine_rows: u64) -> Cell {
        let figure = super::figure(n_spine_rows) / self.seconds;
        let remark = Some(format!("{:.2} s", self.seconds));
        Cell { n_answers: 1, n_wrong: self.n_wrong, remark, ..Cell::of(figure) }
    }
}

impl Task<'_> {
    /// As in `1000000 × 20000`.
    pub(super) fn name(&self) -> String {
        format!("{} × {}", self.n_rows, self.n_spine_rows)
    }

    /// Whether the contestant takes part.
    pub(super) fn takes(&self, column: usize) -> bool {
        self.size == Size::Small || [DUCKDB, POLARS, FOREBAY].contains(&column)
    }

    pub(super) fn join(&self, column: usize) -> Result<Joined> {
        let output = self.output(column);
        let _ = fs::remove_file(&output);
        let took = if column == FOREBAY { self.forebay(&output) } else { self.peer(column, &output) };
        let took = took.inspect_err(|_| {
            // Half an output is none, and nothing to compare with.
            let _ = fs::remove_file(&output);
        })?;
        let mut check = script(self.python, "check.py");
        check.args([self.spine(), self.reference(&output), output]);
        let found = last_json(&run_quiet(&mut check)?)?;
        let count = |name: &str| found.get(name).and_then(Value::as_u64).context("check.py");
        let n_wrong = u32::try_from(count("wrong")?)?;
        Ok(Joined { seconds: took.seconds, peak_mib: took.peak_mib, n_lost: count("lost")?, n_wrong })
    }

    /// What `output` is compared with.
    fn reference(&self, output: &Path) -> PathBuf {
        let references = [DUCKDB, POLARS].map(|column| self.output(column));
        references.into_iter().find(|path| path.exists()).unwrap_or_else(|| output.to_owned())
    }

    fn peer(&self, column: usize, output: &Path) -> Result<Took> {
        let log = self.file(&format!("{}.log", NAMES[column]));
        let mut command = script(self.python, "run.py");
        command.arg(NAMES[column].replace('-', "_")).args([self.file("features.parquet"), self.spine()]);
        command.arg(output).arg((self.told_mib().unwrap_or(0) << 20).to_string());
        let took = watch(&mut command, &log, self.limits())?;
        let answer = last_json(&fs::read_to_string(log)?)?;
        let seconds = answer.get("seconds").and_then(Value::as_f64).context("run.py")?;
        Ok(Took { seconds, ..took })
    }

    /// From the start of the process to its end.
    fn forebay(&self, output: &Path) -> Result<Took> {
        let database = format!("sqlite:///{}", self.file("forebay.db").display());
        let features = |words: &[&str]| {
            let mut command = Command::new(self.forebay);
            command.arg("features").args(words).args(["--backend-store-uri", &database]);
            command
        };
        run_quiet(Command::new(self.forebay).args(["db", "upgrade", &database]))?;
        run_quiet(features(&["apply"]).arg("--file").arg(self.file("definitions.yaml")))?;
        let mut command = features(&["training-set", "--service", "all"]);
        command.arg("--spine").arg(self.spine()).arg("--output").arg(output);
        if let Some(told_mib) = self.told_mib() {
            command.args(["--memory", &format!("{told_mib}MiB")]);
        }
        watch(&mut command, &self.file("forebay.log"), self.limits())
    }

    fn told_mib(&self) -> Option<u64> {
        (self.size == Size::Large).then_some(self.memory_mib / 4 * 3)
    }

    fn limits(&self) -> Limits {
        Limits { time: PATIENCE, memory_mib: super::figure(self.memory_mib) }
    }

    fn spine(&self) -> PathBuf {
        self.file(&format!("spine-{}.parquet", self.n_spine_rows))
    }

    fn output(&self, column: usize) -> PathBuf {
        self.file(&format!("{}.parquet", NAMES[column]))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// A script of this folder, which leaves no bytecode among the sources.
pub(super) fn script(python: &Python, name: &str) -> Command {
    let mut command = python.command();
    command.arg("-B").arg(format!("{SCRIPTS}/{name}"));
    command
}

/// Libraries may have printed something before.
fn last_json(text: &str) -> Result<Value> {
    serde_json::from_str(text.trim_end().lines().last().unwrap_or_default()).context("the script's answer")
}
