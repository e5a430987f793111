//! `cargo xtask bench features`: one point-in-time join by Feast, pandas, `DuckDB`, polars and Forebay, each in a process
//! of its own. Every joined row is compared with `DuckDB`'s, or with polars' where `DuckDB` did not end.

mod contestants;
mod environment;
mod watched;

use std::fs;
use std::process::ExitCode;

use anyhow::Result;

use self::contestants::{COLUMNS, DUCKDB, FEAST, FEAST_DUCKDB, FOREBAY, POLARS, Size, Task};
use super::facts;
use super::sheet::{Cell, Floor, Line, Sheet};
use super::under_test::UnderTest;
use crate::machine::command::{announce, run_quiet};
use crate::machine::interrupt::Interrupt;

/// Join features to spines as they were known, and print what each contestant made of it
#[derive(clap::Args)]
pub(super) struct Args {
    /// Rows of features, for all contestants
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// Rows of the spines that they are joined to, separated by commas
    #[arg(long, value_delimiter = ',', default_values_t = [20_000, 200_000])]
    spine_rows: Vec<u64>,
    /// Rows of features of the large join, which is told how much memory it may have; 0 leaves it out
    #[arg(long, default_value_t = 100_000_000)]
    large_rows: u64,
    /// Rows of its spine
    #[arg(long, default_value_t = 1_000_000)]
    large_spine_rows: u64,
    /// Memory for a contestant, in MiB; one that takes more is ended
    #[arg(long, default_value_t = 8192)]
    memory: u64,
    /// Contestants to measure, of feast, feast-duckdb, pandas, duckdb, polars and forebay [default: all]
    #[arg(long, value_delimiter = ',', value_name = "NAME", value_parser = contestants::NAMES)]
    only: Vec<String>,
    #[command(flatten)]
    under_test: UnderTest,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let interrupt = Interrupt::watch()?;
    let (programs, origin) = args.under_test.programs()?;
    let python = environment::ensure(&programs.python, &args.under_test.folders)?;
    // On a real disk: the large tables are some gigabytes.
    let place = args.under_test.folders.cache().join("bench");
    fs::create_dir_all(&place)?;
    let (mut lines, mut absent) = (Vec::new(), Vec::new());
    let small = (args.rows, args.spine_rows.clone(), Size::Small);
    let large = (args.large_rows, vec![args.large_spine_rows], Size::Large);
    for (n_rows, n_spine_rows, size) in [small, large] {
        if n_rows == 0 || interrupt.came() {
            continue;
        }
        let folder = tempfile::Builder::new().prefix("features-").tempdir_in(&place)?;
        announce(&format!("making {n_rows} rows of features"));
        let mut data = contestants::script(&python, "data.py");
        data.arg(folder.path()).arg(n_rows.to_string()).args(n_spine_rows.iter().map(u64::to_string));
        run_quiet(data.args(["--entities", &size.n_entities().to_string()]))?;
        for n_spine_rows in n_spine_rows {
            let forebay = programs.forebay.as_path();
            let (folder, python, memory_mib) = (folder.path(), &python, args.memory);
            let task = Task { folder, python, forebay, n_rows, n_spine_rows, size, memory_mib };
            announce(&task.name());
            lines.extend(measure(&task, &args.only, &interrupt, &mut absent));
        }
    }
    let about = "Feast 0.67.0, ten columns, a time to live of one day; seconds without the start of Python";
    let facts = facts::collect(&programs.forebay, &origin, ("joins", about.to_owned()))?;
    let sheet = Sheet { facts, columns: COLUMNS.to_vec(), lines, absent };
    args.under_test.publish("features", &sheet.markdown(), &sheet.json())?;
    let complete = sheet.is_clean() && !interrupt.came();
    Ok(if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Rate, peak memory and lost rows; into `absent` what peers could not do. `DuckDB` comes first and whoever else is measured: the others are compared with it.
fn measure(task: &Task<'_>, only: &[String], interrupt: &Interrupt, absent: &mut Vec<String>) -> [Line; 3] {
    let line = |what: &str, unit| Line::new(format!("{}, {what}", task.name()), unit, COLUMNS.len());
    let mut rate = Line { floors: floors(task), ..line("time", "rows/s") };
    let mut memory = line("peak memory", "MiB");
    let mut lost = line("rows lost", "rows");
    lost.floors.push(Floor::AtMost(0.0));
    if task.size == Size::Large {
        memory.floors.push(Floor::AtMost(figure(task.memory_mib)));
    }
    let others = (0..COLUMNS.len()).filter(|column| *column != DUCKDB);
    for column in std::iter::once(DUCKDB).chain(others) {
        let is_wanted = only.is_empty() || only.iter().any(|name| name == contestants::NAMES[column]);
        if interrupt.came() || !(is_wanted || column == DUCKDB) || !task.takes(column) {
            continue;
        }
        match task.join(column) {
            Ok(joined) => {
                rate.cells[column] = Some(joined.rate(task.n_spine_rows));
                memory.cells[column] = Some(Cell::of(joined.peak_mib));
                lost.cells[column] = Some(Cell::of(figure(joined.n_lost)));
            }
            Err(error) => {
                let what = format!("{}: {error:#}", COLUMNS[column]);
                println!("    {what}");
                // That a peer cannot do it is a finding, not a defect of the measurement.
                if column == FOREBAY {
                    rate.complaints.push(what);
                } else {
                    absent.push(format!("{}, {what}", task.name()));
                }
            }
        }
        println!("    {}", rate.said(&COLUMNS, column));
        println!("    {}", lost.said(&COLUMNS, column));
    }
    [rate, memory, lost]
}

fn floors(task: &Task<'_>) -> Vec<Floor> {
    if task.size == Size::Large {
        return Vec::new();
    }
    // At most 1.3 times the time of polars.
    vec![Floor::Times(20.0, FEAST), Floor::Times(5.0, FEAST_DUCKDB), Floor::Times(1.0 / 1.3, POLARS)]
}

#[expect(clippy::cast_precision_loss, reason = "a figure to be read, of far less than 2^53")]
fn figure(count: u64) -> f64 {
    count as f64
}
