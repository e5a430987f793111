//! The rounds of one model: server by server, body by body, first as fast as it goes, then one connection alone,
//! then at 70 % of what that server made.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use super::callers::{self, Load, Pace};
use super::manifest::{Body, Model};
use super::servers::{COLUMNS, FOREBAY, Launcher, MLFLOW, RAW, SKLEARN, Server};
use crate::bench::load::Times;
use crate::bench::peers::Running;
use crate::bench::processes;
use crate::bench::sheet::{Cell, Floor, Line};
use crate::machine::command::{announce, run_quiet};
use crate::machine::interrupt::Interrupt;

/// Starts of Forebay, of which the middle one counts. The others start so slowly that one tells enough.
const N_STARTS: usize = 3;
const OPEN_SHARE: f64 = 0.7;
/// Shown of a server's last words.
const EXCERPT: usize = 600;
const RAW_SCRIPT: &str = "xtask/src/bench/serving/raw.py";

/// How to measure.
pub(super) struct Rounds<'a> {
    pub(super) launcher: &'a Launcher,
    pub(super) folder: &'a Path,
    pub(super) n_connections: u32,
    pub(super) times: Times,
    pub(super) interrupt: &'a Interrupt,
}

/// The lines of one body: from several connections, from one alone, and at set times.
struct BodyLines {
    closed: Line,
    alone: Line,
    open: Line,
}

/// The lines of one model in the making.
struct Lines {
    /// As many as the model has bodies.
    bodies: Vec<BodyLines>,
    first_answer: Line,
    memory: Line,
}

impl Rounds<'_> {
    /// All of one model; raw onnxruntime's version beside it.
    pub(super) fn model(&self, model: &Model) -> Result<(Vec<Line>, String)> {
        let mut lines = Lines::new(model, self.n_connections);
        let raw = self.raw(model)?;
        lines.fill_raw(model, &raw)?;
        for server in self.launcher.servers(model) {
            if self.interrupt.came() {
                break;
            }
            announce(&format!("{}: {}", model.name, COLUMNS[server.column]));
            if let Err(error) = self.server(&server, model, &mut lines) {
                let said: Vec<_> = format!("{error:#}").chars().collect();
                let last: String = said[said.len().saturating_sub(EXCERPT)..].iter().collect();
                let words: Vec<_> = last.split_whitespace().collect();
                lines.first_answer.complaints.push(format!(
                    "{}: {}",
                    COLUMNS[server.column],
                    words.join(" ")
                ));
            }
        }
        // Once more: on a machine that others use too, one of the two may have been disturbed.
        lines.fill_raw(model, &self.raw(model)?)?;
        let version = raw.get("version").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok((lines.into_all(), version))
    }

    fn raw(&self, model: &Model) -> Result<Value> {
        announce(&format!("{}: raw onnxruntime", model.name));
        let seconds = self.times.measure.as_secs_f64().to_string();
        let n_threads = std::thread::available_parallelism()?.to_string();
        let mut command = self.launcher.programs.python.command();
        command.args(["-B", RAW_SCRIPT]).arg(self.folder).args([&model.name, &seconds, &n_threads]);
        serde_json::from_str(&run_quiet(&mut command)?).context("raw.py")
    }

    fn server(&self, server: &Server<'_>, model: &Model, lines: &mut Lines) -> Result<()> {
        let first = model.bodies.iter().find(|body| server.takes(body)).context("nothing to ask")?;
        let running = self.start(server, first, lines)?;
        for (body, lines) in model.bodies.iter().zip(&mut lines.bodies).filter(|(body, _)| server.takes(body))
        {
            self.body(server, &running, body, lines);
        }
        if server.is_main {
            lines.memory.cells[server.column] = Some(Cell::of(processes::memory_mib(&running.tree())?));
        }
        Ok(())
    }

    /// Starts it as often as needed for the time that takes; the last one goes on.
    fn start(&self, server: &Server<'_>, first: &Body, lines: &mut Lines) -> Result<Running> {
        let n_starts = if server.column == FOREBAY && server.is_main { N_STARTS } else { 1 };
        let mut seconds = Vec::new();
        loop {
            let running = self.launcher.start(server, first, self.folder)?;
            seconds.push(running.ready_after.as_secs_f64());
            if seconds.len() == n_starts {
                seconds.sort_by(f64::total_cmp);
                if server.is_main {
                    lines.first_answer.cells[server.column] = Some(Cell::of(seconds[n_starts / 2]));
                }
                return Ok(running);
            }
        }
    }

    /// What goes wrong with one body is part of its lines.
    fn body(&self, server: &Server<'_>, running: &Running, body: &Body, lines: &mut BodyLines) {
        let load = |n_connections, pace| Load { n_connections, pace, times: self.times };
        let run = |line: &mut Line, load: Load, per_request: f64| {
            let name = COLUMNS[server.column];
            let (mut cell, error) = callers::run(running.port(), body, load).unwrap_or_else(|error| {
                (Cell { n_errors: 1, ..Cell::default() }, Some(format!("{error:#}")))
            });
            line.complaints.extend(error.map(|error| format!("{name}: {error}")));
            let per_second = cell.figure;
            cell.figure *= per_request;
            line.cells[server.column] = Some(cell);
            println!("    {}", line.said(&COLUMNS, server.column));
            per_second
        };
        let per_request = worth(&lines.closed, body);
        let saturated = run(&mut lines.closed, load(self.n_connections, Pace::Closed), per_request);
        run(&mut lines.alone, load(1, Pace::Closed), 1.0);
        if saturated > 0.0 {
            run(&mut lines.open, load(self.n_connections, Pace::Open(OPEN_SHARE * saturated)), 1.0);
        }
    }
}

/// What one request counts for in the line's unit.
fn worth(line: &Line, body: &Body) -> f64 {
    if line.unit == REQUESTS { 1.0 } else { body.amount }
}

const REQUESTS: &str = "requests/s";
const BULK: &str = "arrow-10000";
/// The encoder's body that saturates.
const TEXTS: &str = "oip-8";

impl Lines {
    fn new(model: &Model, n_connections: u32) -> Self {
        let name = &model.name;
        let line = |name: String, unit| Line::new(name, unit, COLUMNS.len());
        let mut first_answer = line(format!("{name}, start to first right answer"), "s");
        if !model.is_encoder {
            first_answer.floors.push(Floor::AtMost(0.3));
        }
        let lines_of = |body: &Body| BodyLines {
            closed: Line {
                floors: floors(model, body),
                ..line(format!("{name} {}, {n_connections} connections", body.name), unit(model, body))
            },
            alone: Line {
                floors: if body.amount > 1.0 { Vec::new() } else { vec![Floor::Adds(0.15, RAW)] },
                ..line(format!("{name} {}, 1 connection", body.name), REQUESTS)
            },
            open: line(format!("{name} {}, open loop at 70 %", body.name), REQUESTS),
        };
        Self {
            bodies: model.bodies.iter().map(lines_of).collect(),
            first_answer,
            memory: line(format!("{name}, memory after that"), "MiB"),
        }
    }

    fn fill_raw(&mut self, model: &Model, raw: &Value) -> Result<()> {
        for (body, lines) in model.bodies.iter().zip(&mut self.bodies) {
            let of_body = raw.pointer(&format!("/bodies/{}", body.name)).context("raw.py left a body out")?;
            let number = |name: &str| of_body.get(name).and_then(Value::as_f64);
            let chunk = of_body.get("chunk").and_then(Value::as_u64);
            let remark = chunk.filter(|_| body.name == BULK).map(|chunk| format!("chunks of {chunk}"));
            let figure = number("rate").unwrap_or_default() * worth(&lines.closed, body);
            keep_better(&mut lines.closed.cells[RAW], Cell { remark, ..Cell::of(figure) });
            let p50_ms = number("p50_ms");
            let figure = p50_ms.map_or(0.0, |p50_ms| 1000.0 / p50_ms);
            let alone = Cell { p50_ms, p99_ms: number("p99_ms"), ..Cell::of(figure) };
            keep_better(&mut lines.alone.cells[RAW], alone);
        }
        let figure = |name: &str| raw.get(name).and_then(Value::as_f64).map(Cell::of);
        self.first_answer.cells[RAW] = figure("first_answer_s");
        self.memory.cells[RAW] = figure("memory_mib");
        Ok(())
    }

    fn into_all(self) -> Vec<Line> {
        let mut all = Vec::new();
        for lines in self.bodies {
            all.extend([lines.closed, lines.alone, lines.open]);
        }
        all.extend([self.first_answer, self.memory]);
        all
    }
}

fn keep_better(known: &mut Option<Cell>, found: Cell) {
    if known.as_ref().is_none_or(|known| found.figure > known.figure) {
        *known = Some(found);
    }
}

fn unit(model: &Model, body: &Body) -> &'static str {
    match (model.is_encoder, body.name == BULK) {
        (true, _) => "tokens/s",
        (false, true) => "rows/s",
        (false, false) => REQUESTS,
    }
}

fn floors(model: &Model, body: &Body) -> Vec<Floor> {
    match (model.is_encoder, body.name.as_str()) {
        (true, TEXTS) => vec![Floor::Times(0.9, RAW)],
        (false, "json-1") => vec![Floor::Times(15.0, MLFLOW), Floor::Times(100.0, SKLEARN)],
        (false, BULK) => vec![Floor::Times(0.8, RAW)],
        _ => Vec::new(),
    }
}

/// A load of `seconds`, after a warm-up of a fifth of it.
pub(super) fn times(seconds: f64) -> Times {
    let measure = Duration::from_secs_f64(seconds.clamp(0.1, 3600.0));
    Times { warm_up: measure / 5, measure }
}
