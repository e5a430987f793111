//! `cargo xtask test`: every test there is. The Rust tests and the Python client tests run on SQLite and on a
//! private PostgreSQL; the client tests run once more against the original server, which proves that what
//! they expect of Forebay is what MLflow does. It is asked on SQLite, and on PostgreSQL where the two may differ:
//! its servers take half a minute to start. `--target mlflow` asks it everything on both.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::machine::command::{announce, cargo, run_quiet, run_shown};
use crate::machine::folders::Folders;
use crate::machine::interrupt::Interrupt;
use crate::machine::postgres::{Cluster, Durability};
use crate::machine::python::Python;
use crate::machine::{azurite, chromium};
use crate::tree;

/// Run all tests, PostgreSQL and the Python clients included; installs what they need
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Server under the client tests [default: both]
    #[arg(long, value_enum)]
    target: Option<Target>,
    /// Rust tests, and the client tests against Forebay on SQLite alone
    #[arg(long, conflicts_with = "target")]
    quick: bool,
    #[command(flatten)]
    folders: Folders,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Target {
    Forebay,
    Mlflow,
}

impl Target {
    fn name(self) -> &'static str {
        match self {
            Target::Forebay => "forebay",
            Target::Mlflow => "mlflow",
        }
    }
}

/// One line of the closing summary.
struct Outcome {
    step: String,
    result: Result<()>,
    took: Duration,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let interrupt = Interrupt::watch()?;
    let cluster = Cluster::start(Durability::None, &args.folders.log("apt"))?;
    chromium::ensure(&args.folders.log("apt"))?;
    let azurite = azurite::ensure(&args.folders)?;
    let python = Python::ensure(&args.folders)?;
    let suite = Suite { folders: &args.folders, cluster, azurite, python };
    let mut outcomes = Vec::new();
    for step in steps(args) {
        if interrupt.came() {
            break;
        }
        let started = Instant::now();
        announce(&step.title());
        let result = suite.run(&step);
        outcomes.push(Outcome { step: step.title(), result, took: started.elapsed() });
    }
    let passed = outcomes.iter().all(|outcome| outcome.result.is_ok()) && !interrupt.came();
    print_summary(&outcomes);
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

enum Step {
    Rust,
    Build,
    /// Without `files`, all of them.
    Clients {
        target: Target,
        database: &'static str,
        files: &'static [&'static str],
    },
}

/// Where the original's answers may depend on the database: its schema, its rows and its SQL.
const SQL_FILES: [&str; 4] = [
    "tests/clients/test_schema.py",
    "tests/clients/test_round_trip.py",
    "tests/clients/test_search_runs.py",
    "tests/clients/test_registry_search.py",
];

impl Step {
    fn title(&self) -> String {
        match self {
            Step::Rust => "Rust tests".to_owned(),
            Step::Build => "building the server for the client tests".to_owned(),
            Step::Clients { target, database, .. } => {
                format!("Python clients against {} (databases: {database})", target.name())
            }
        }
    }
}

fn steps(args: &Args) -> Vec<Step> {
    let clients = |target, database| Step::Clients { target, database, files: &[] };
    let sql = Step::Clients { target: Target::Mlflow, database: "postgres", files: &SQL_FILES };
    let mut steps = vec![Step::Rust, Step::Build];
    match (args.quick, args.target) {
        (true, _) => steps.push(clients(Target::Forebay, "sqlite")),
        (false, Some(target)) => steps.push(clients(target, "both")),
        (false, None) => {
            steps.extend([clients(Target::Forebay, "both"), clients(Target::Mlflow, "sqlite"), sql]);
        }
    }
    steps
}

struct Suite<'a> {
    folders: &'a Folders,
    cluster: Cluster,
    azurite: PathBuf,
    python: Python,
}

impl Suite<'_> {
    fn run(&self, step: &Step) -> Result<()> {
        match step {
            Step::Rust => self.rust_tests(),
            Step::Build => self.cargo(&["build", "--package", "forebay"], &mut cargo(), "cargo-build"),
            Step::Clients { target, database, files } => self.pytest(*target, database, files),
        }
    }

    /// With what the engines need: a Python with mlflow and ONNX Runtime, and the weights of a real encoder.
    fn rust_tests(&self) -> Result<()> {
        let mut command = cargo();
        command.env("PATH", self.python.path()).env("FOREBAY_TEST_PYTHON", self.python.interpreter());
        command.env("FOREBAY_REQUIRE_PYTHON", "1").env("FOREBAY_REQUIRE_ONNXRUNTIME", "1");
        command.env("FOREBAY_MINILM", self.minilm()?);
        self.cargo(&["test", "--workspace", "--no-fail-fast"], &mut command, "cargo-test")
    }

    /// The folder of the encoder with texts and their embeddings, written anew: it takes seconds.
    fn minilm(&self) -> Result<PathBuf> {
        let folder = self.folders.cache().join("minilm");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        run_quiet(self.python.command().arg("tests/clients/minilm.py").arg(&folder))?;
        Ok(folder)
    }

    fn cargo(&self, words: &[&str], command: &mut Command, log: &str) -> Result<()> {
        command.args(words).current_dir(tree::root());
        run_shown(self.with_databases(command), &self.folders.log(log))
    }

    fn pytest(&self, target: Target, database: &str, files: &[&str]) -> Result<()> {
        let files = if files.is_empty() { &["tests/clients"] } else { files };
        let mut command = self.python.command();
        command.args(["-m", "pytest", "-p", "no:cacheprovider", "--durations=10"]);
        // A worker takes a file with all of its databases, and so starts servers for each file, which is quick with ours.
        if (target, database) != (Target::Mlflow, "both") {
            command.args(["-n", "2", "--dist", "loadfile"]);
        }
        command.args(files);
        command.args(["--target", target.name(), "--database", database]).env("FOREBAY_BIN", self.binary());
        command.env("FOREBAY_REQUIRE_CHROMIUM", "1").env("FOREBAY_AZURITE", &self.azurite);
        run_shown(
            self.with_databases(&mut command),
            &self.folders.log(&format!("clients-{}-{database}", target.name())),
        )
    }

    fn binary(&self) -> PathBuf {
        self.folders.target().join("debug/forebay")
    }

    fn with_databases<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env("FOREBAY_TEST_POSTGRES", self.cluster.url()).env("FOREBAY_REQUIRE_POSTGRES", "1")
    }
}

fn print_summary(outcomes: &[Outcome]) {
    println!();
    announce("summary");
    for Outcome { step, result, took } in outcomes {
        match result {
            Ok(()) => println!("  passed  {step}  ({} s)", took.as_secs()),
            Err(error) => println!("  FAILED  {step}  ({} s)\n          {error:#}", took.as_secs()),
        }
    }
}
