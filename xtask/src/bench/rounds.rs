//! The rounds: scenario by scenario, first one server and then the other is loaded in the same way, while its
//! peer stands still. The figures of a server that nobody calls are taken before and after.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;

use super::api::Api;
use super::load::{self, Measured, Times};
use super::peers::{Peer, Programs, Running};
use super::processes;
use super::report::{Cell, Row, Wanted};
use super::scenarios::Scenario;
use super::seed::Seed;
use crate::machine::command::announce;
use crate::machine::interrupt::Interrupt;

/// What is measured beside the scenarios.
pub(super) const READY: &str = "ready";
pub(super) const IDLE_MEMORY: &str = "memory-idle";
pub(super) const LOADED_MEMORY: &str = "memory-loaded";

/// Starts, of which the middle one counts: the first finds the files of a program on the disk alone.
const N_STARTS: usize = 3;
/// After this, a server that nobody calls has settled.
const SETTLE: Duration = Duration::from_secs(10);

/// What to measure.
pub(super) struct Choice {
    pub(super) peers: Vec<Peer>,
    pub(super) scenarios: Vec<Scenario>,
    pub(super) figures: Vec<&'static str>,
    pub(super) times: Times,
    /// Where the copies of the database lie meanwhile: on a real disk.
    pub(super) folder: PathBuf,
}

/// A server in its rounds; dropped in this order.
struct Contestant {
    peer: Peer,
    running: Running,
    _folder: TempDir,
}

/// Measures what was chosen; an interrupt ends it early, with the rows so far.
pub(super) fn measure(
    choice: &Choice,
    programs: &Programs,
    seed: &Seed,
    interrupt: &Interrupt,
) -> Result<Vec<Row>> {
    let mut resting: Vec<_> = choice.figures.iter().map(|name| row_of_figure(name)).collect();
    let mut contestants = Vec::new();
    for peer in &choice.peers {
        announce(&format!("starting {}", peer.name()));
        contestants.push(Contestant::start(*peer, choice, programs, seed, &mut resting)?);
    }
    let mut rows = Vec::new();
    for scenario in &choice.scenarios {
        if interrupt.came() {
            break;
        }
        announce(scenario.name);
        rows.push(round(scenario, &contestants, choice.times)?);
    }
    if let Some(row) = find(&mut resting, LOADED_MEMORY) {
        for contestant in &contestants {
            *row.cell(contestant.peer) = Some(contestant.memory()?);
        }
    }
    rows.append(&mut resting);
    Ok(rows)
}

impl Contestant {
    /// Starts a server on its copy, fills in what is measured then, and leaves it standing still.
    fn start(
        peer: Peer,
        choice: &Choice,
        programs: &Programs,
        seed: &Seed,
        resting: &mut [Row],
    ) -> Result<Self> {
        std::fs::create_dir_all(&choice.folder)?;
        let folder = tempfile::Builder::new().prefix("copy-").tempdir_in(&choice.folder)?;
        let database = seed.copy(peer, folder.path())?;
        let start = || Running::start(programs, peer, &database, folder.path());
        if let Some(row) = find(resting, READY) {
            *row.cell(peer) = Some(middle_start(start)?);
        }
        let contestant = Self { peer, running: start()?, _folder: folder };
        if let Some(row) = find(resting, IDLE_MEMORY) {
            thread::sleep(SETTLE);
            *row.cell(peer) = Some(contestant.memory()?);
        }
        contestant.running.pause()?;
        Ok(contestant)
    }

    fn memory(&self) -> Result<Cell> {
        Ok(Cell::of_figure(processes::memory_mib(&self.running.tree())?))
    }

    fn load(&self, scenario: &Scenario, times: Times) -> Result<Measured> {
        let api = Api::new(self.running.port());
        let n_connections = scenario.n_connections;
        let prepare = |number| Ok((scenario.prepare)(api)?.share(number, n_connections));
        let requests = (0..n_connections).map(prepare).collect::<Result<_>>()?;
        load::run(self.running.port(), requests, scenario.check, times)
    }
}

/// Starts and ends a server several times; the seconds that the middle one took.
fn middle_start(start: impl Fn() -> Result<Running>) -> Result<Cell> {
    let starts = (0..N_STARTS).map(|_| Ok(start()?.ready_after.as_secs_f64()));
    let mut seconds = starts.collect::<Result<Vec<_>>>()?;
    seconds.sort_by(f64::total_cmp);
    Ok(Cell::of_figure(seconds[N_STARTS / 2]))
}

/// One scenario against each server in turn. What goes wrong is part of the row.
fn round(scenario: &Scenario, contestants: &[Contestant], times: Times) -> Result<Row> {
    let mut row = row_of(scenario);
    let mut n_entries = Vec::new();
    for contestant in contestants {
        contestant.running.resume()?;
        let measured = contestant.load(scenario, times);
        contestant.running.pause()?;
        let name = contestant.peer.name();
        let measured = match measured {
            Ok(measured) => measured,
            Err(error) => {
                row.complaints.push(format!("{name}: {error:#}"));
                continue;
            }
        };
        row.complaints.extend(measured.first_error.as_ref().map(|error| format!("{name}: {error}")));
        n_entries.extend(measured.n_entries.map(|n_entries| (name, n_entries)));
        *row.cell(contestant.peer) = Some(Cell::of_load(&measured, scenario.amount.per_request));
    }
    row.complaints.extend(disagreement(&n_entries));
    println!("    {}", row.summary());
    Ok(row)
}

fn disagreement(n_entries: &[(&str, usize)]) -> Option<String> {
    let [(first, n_first), (second, n_second)] = n_entries else { return None };
    (n_first != n_second).then(|| format!("{first} answers {n_first} entries, {second} {n_second}"))
}

fn find<'a>(rows: &'a mut [Row], name: &str) -> Option<&'a mut Row> {
    rows.iter_mut().find(|row| row.name == name)
}

fn row_of(scenario: &Scenario) -> Row {
    Row {
        name: scenario.name,
        n_connections: scenario.n_connections,
        unit: scenario.amount.unit,
        wanted: Wanted::Times(scenario.floor),
        mlflow: None,
        forebay: None,
        complaints: Vec::new(),
    }
}

fn row_of_figure(name: &'static str) -> Row {
    let (unit, wanted) = match name {
        READY => ("s", Wanted::AtMost(1.0)),
        IDLE_MEMORY => ("MiB", Wanted::AtMost(40.0)),
        _ => ("MiB", Wanted::Nothing),
    };
    Row { name, n_connections: 0, unit, wanted, mlflow: None, forebay: None, complaints: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_that_answer_other_entries_disagree() {
        assert_eq!(disagreement(&[("mlflow", 50), ("forebay", 50)]), None);
        assert_eq!(disagreement(&[("forebay", 50)]), None);
        let complaint = disagreement(&[("mlflow", 50), ("forebay", 49)]);
        assert_eq!(complaint.as_deref(), Some("mlflow answers 50 entries, forebay 49"));
    }
}
