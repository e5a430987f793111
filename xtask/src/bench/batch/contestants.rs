//! Who scores a table, and what each makes of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::bench::peers::Programs;
use crate::bench::processes;
use crate::bench::sheet::Cell;
use crate::machine::command::run_quiet;

/// The columns of the table.
pub(super) const COLUMNS: [&str; 4] =
    ["raw onnxruntime", "mlflow.pyfunc, ONNX", "mlflow.pyfunc, scikit-learn", "Forebay"];
pub(super) const RAW: usize = 0;
pub(super) const MLFLOW: usize = 1;
pub(super) const SKLEARN: usize = 2;
pub(super) const FOREBAY: usize = 3;

const SCRIPTS: &str = "xtask/src/bench/batch";
const POLL: Duration = Duration::from_millis(10);
const EXCERPT: usize = 600;

/// One model over one table.
pub(super) struct Task<'a> {
    pub(super) table: &'static str,
    /// As in `trees`.
    pub(super) model: &'static str,
    pub(super) n_rows: u64,
    pub(super) folder: &'a Path,
}

/// What one contestant made.
pub(super) struct Scored {
    pub(super) rate: Cell,
    pub(super) peak_mib: f64,
}

/// Which columns of the table the scored one has too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Nothing,
    All,
}

impl Task<'_> {
    /// As in `flights-trees`.
    pub(super) fn name(&self) -> String {
        format!("{}-{}", self.table, self.model)
    }

    /// The model's file, in MiB.
    pub(super) fn model_mib(&self) -> Result<f64> {
        let n_bytes = fs::metadata(self.model_folder("onnx").join("model.onnx"))?.len();
        Ok(f64::from(u32::try_from(n_bytes / 1024)?) / 1024.0)
    }

    /// Raw onnxruntime on an array, each size of chunks for `seconds`.
    pub(super) fn limit(&self, programs: &Programs, seconds: f64) -> Result<Scored> {
        let mut command = script(programs, "limit.py");
        command.arg(self.folder).args([self.table, &self.name(), &seconds.to_string()]);
        Scored::read(&run_quiet(&mut command)?)
    }

    /// `mlflow.pyfunc` over the first `n_rows`.
    pub(super) fn pyfunc(&self, programs: &Programs, flavor: &str, n_rows: u64) -> Result<Scored> {
        let output = self.file("pyfunc.parquet");
        let mut command = script(programs, "pyfunc.py");
        command
            .args([self.model_folder(flavor), self.input(), output.clone()])
            .arg(self.file(&format!("{}.json", self.table)))
            .arg(n_rows.to_string());
        let mut scored = Scored::read(&run_quiet(&mut command)?)?;
        scored.rate.n_wrong = self.n_wrong(programs, &output, n_rows)?;
        scored.rate.remark = Some(format!("{n_rows} rows"));
        Ok(scored)
    }

    /// Forebay's `score`, from the start of the process to its end.
    pub(super) fn forebay(&self, programs: &Programs, library: &str, keep: Keep) -> Result<Scored> {
        let output = self.file("forebay.parquet");
        let _ = fs::remove_file(&output);
        let mut command = Command::new(&programs.forebay);
        command.args(["score", "--onnxruntime", library, "--model"]).arg(self.model_folder("onnx"));
        command.arg("--input").arg(self.input()).arg("--output").arg(&output);
        if keep == Keep::Nothing {
            command.args(["--keep", ""]);
        }
        let (seconds, peak_mib) = watch(&mut command, &self.file("forebay.log"))?;
        let figure = f64::from(u32::try_from(self.n_rows)?) / seconds;
        let n_wrong = self.n_wrong(programs, &output, self.n_rows)?;
        Ok(Scored { rate: Cell { n_wrong, n_answers: 1, ..Cell::of(figure) }, peak_mib })
    }

    fn n_wrong(&self, programs: &Programs, output: &Path, n_rows: u64) -> Result<u32> {
        let mut command = script(programs, "check.py");
        let answers = self.file(&format!("{}-answers.npy", self.name()));
        command.arg(answers).arg(output).arg(n_rows.to_string());
        run_quiet(&mut command)?.trim().parse().context("check.py")
    }

    fn model_folder(&self, flavor: &str) -> PathBuf {
        self.file(&format!("{}-{flavor}", self.name()))
    }

    fn input(&self) -> PathBuf {
        self.file(&format!("{}.parquet", self.table))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

impl Scored {
    fn read(text: &str) -> Result<Self> {
        // Libraries may have printed something before.
        let line = text.lines().last().unwrap_or_default();
        let found: Value = serde_json::from_str(line).context("the script's answer")?;
        let number = |name: &str| found.get(name).and_then(Value::as_f64).context("the script's answer");
        let remark = found.get("remark").and_then(Value::as_str).map(str::to_owned);
        Ok(Self { rate: Cell { remark, ..Cell::of(number("rate")?) }, peak_mib: number("peak_mib")? })
    }
}

/// A script of this folder, which leaves no bytecode among the sources.
pub(super) fn script(programs: &Programs, name: &str) -> Command {
    let mut command = programs.python.command();
    command.arg("-B").arg(format!("{SCRIPTS}/{name}"));
    command
}

/// Runs a program to its end: seconds, and its peak memory in MiB.
fn watch(command: &mut Command, log: &Path) -> Result<(f64, f64)> {
    let output = fs::File::create(log)?;
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
    let started = Instant::now();
    let mut child = command.spawn().context("cannot run forebay")?;
    let mut peak_mib: f64 = 0.0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        peak_mib = peak_mib.max(processes::peak_mib(child.id()).unwrap_or_default());
        std::thread::sleep(POLL);
    };
    let seconds = started.elapsed().as_secs_f64();
    let said = || {
        let text = fs::read_to_string(log).unwrap_or_default();
        text.chars().rev().take(EXCERPT).collect::<Vec<_>>().into_iter().rev().collect::<String>()
    };
    ensure!(status.success(), "{status}: {}", said());
    Ok((seconds, peak_mib))
}
