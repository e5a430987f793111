//! `cargo xtask bench batch`: tables of many rows, scored by raw onnxruntime on arrays, by `mlflow.pyfunc` with pandas
//! and by `forebay score`. Every scored row is compared with raw onnxruntime's.

mod contestants;

use std::fs;
use std::process::ExitCode;

use anyhow::Result;

use self::contestants::{COLUMNS, FOREBAY, Keep, MLFLOW, RAW, SKLEARN, Scored, Task, script};
use super::facts;
use super::peers::Programs;
use super::sheet::{Cell, Floor, Line, Sheet};
use super::under_test::{UnderTest, onnxruntime_library};
use crate::machine::command::{announce, run_quiet};
use crate::machine::interrupt::Interrupt;

/// Score tables of many rows and print what each contestant made of it
#[derive(clap::Args)]
pub(super) struct Args {
    /// Rows of each table
    #[arg(long, default_value_t = 10_000_000)]
    rows: u64,
    /// Rows of it that `mlflow.pyfunc` scores
    #[arg(long, default_value_t = 500_000)]
    pyfunc_rows: u64,
    /// How long raw onnxruntime runs for each size of chunks
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    #[command(flatten)]
    under_test: UnderTest,
}

const TABLES: [&str; 2] = ["flights", "wide"];
const MODELS: [&str; 2] = ["trees", "linear"];
/// Memory that scoring may take, beside the model.
const MEMORY_MIB: f64 = 512.0;

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let interrupt = Interrupt::watch()?;
    let (programs, origin) = args.under_test.programs()?;
    // On a real disk: the tables are some gigabytes.
    let place = args.under_test.folders.cache().join("bench");
    fs::create_dir_all(&place)?;
    let folder = tempfile::Builder::new().prefix("batch-").tempdir_in(place)?;
    announce(&format!("making tables of {} rows", args.rows));
    run_quiet(script(&programs, "data.py").arg(folder.path()).arg(args.rows.to_string()))?;
    let library = onnxruntime_library(&programs.python)?;
    let mut lines = Vec::new();
    let tasks = TABLES.into_iter().flat_map(|table| MODELS.map(|model| (table, model)));
    for (table, model) in tasks.take_while(|_| !interrupt.came()) {
        let task = Task { table, model, n_rows: args.rows, folder: folder.path() };
        announce(&task.name());
        lines.extend(Measuring { args, programs: &programs, library: &library, task }.lines()?);
    }
    let about = format!("{} rows, {} of them by mlflow.pyfunc", args.rows, args.pyfunc_rows.min(args.rows));
    let facts = facts::collect(&programs.forebay, &origin, ("tables", about))?;
    let sheet = Sheet { facts, columns: COLUMNS.to_vec(), lines, absent: Vec::new() };
    args.under_test.publish("batch", &sheet.markdown(), &sheet.json())?;
    let complete = sheet.is_clean() && !interrupt.came();
    Ok(if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One task with what it is done by.
struct Measuring<'a> {
    args: &'a Args,
    programs: &'a Programs,
    library: &'a str,
    task: Task<'a>,
}

impl Measuring<'_> {
    /// The rate, the same with all columns kept, and the peak memory.
    fn lines(&self) -> Result<[Line; 3]> {
        let name = self.task.name();
        let line = |what: &str, unit| Line::new(format!("{name}, {what}"), unit, COLUMNS.len());
        let mut rate = Line { floors: self.floors(), ..line("predictions alone", "rows/s") };
        let mut kept = line("all columns kept", "rows/s");
        let mut memory = line("peak memory", "MiB");
        memory.floors.push(Floor::AtMost(MEMORY_MIB + self.task.model_mib()?));
        let n_rows = self.args.pyfunc_rows.min(self.args.rows);
        for column in [RAW, MLFLOW, SKLEARN, FOREBAY] {
            let scored = match column {
                RAW => self.task.limit(self.programs, self.args.seconds),
                MLFLOW => self.task.pyfunc(self.programs, "onnx", n_rows),
                SKLEARN => self.task.pyfunc(self.programs, "sklearn", n_rows),
                _ => self.task.forebay(self.programs, self.library, Keep::Nothing),
            };
            memory.cells[column] = fill(&mut rate, column, scored).map(Cell::of);
            println!("    {}", rate.said(&COLUMNS, column));
        }
        fill(&mut kept, FOREBAY, self.task.forebay(self.programs, self.library, Keep::All));
        println!("    {}", kept.said(&COLUMNS, FOREBAY));
        Ok([rate, kept, memory])
    }

    fn floors(&self) -> Vec<Floor> {
        match self.task.model {
            "trees" => vec![Floor::Times(0.8, RAW), Floor::Times(20.0, SKLEARN), Floor::Times(4.0, MLFLOW)],
            _ => Vec::new(),
        }
    }
}

/// Puts a figure into its cell, or what went wrong beside the line; the peak memory.
fn fill(line: &mut Line, column: usize, scored: Result<Scored>) -> Option<f64> {
    match scored {
        Ok(scored) => {
            line.cells[column] = Some(scored.rate);
            Some(scored.peak_mib)
        }
        Err(error) => {
            line.complaints.push(format!("{}: {error:#}", COLUMNS[column]));
            None
        }
    }
}
