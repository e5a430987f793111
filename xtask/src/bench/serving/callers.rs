//! The load on a scoring server: connections that send one body again and again, either as soon as the answer is
//! there (closed loop), or at times that were set beforehand (open loop), whether the server keeps up or not.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};

use super::answers;
use super::manifest::Body;
use crate::bench::http::{Connection, Outgoing};
use crate::bench::latencies::Latencies;
use crate::bench::load::Times;
use crate::bench::sheet::Cell;

/// A connection gives up after so many failures in a row.
const PATIENCE: u32 = 10;
/// Bytes of a refusal that are shown.
const EXCERPT: usize = 300;

/// When requests are sent.
#[derive(Clone, Copy)]
pub(super) enum Pace {
    /// One after the other.
    Closed,
    /// So many a second, of all connections together. Latencies count from the time that was set, so that a
    /// server that stalls is charged for those who wait.
    Open(f64),
}

/// How to load.
#[derive(Clone, Copy)]
pub(super) struct Load {
    pub(super) n_connections: u32,
    pub(super) pace: Pace,
    pub(super) times: Times,
}

/// Loads the server on `port`; what went wrong first comes with the cell, whose figure is requests per second.
pub(super) fn run(port: u16, body: &Body, load: Load) -> Result<(Cell, Option<String>)> {
    let barrier = Barrier::new(load.n_connections as usize);
    let seen: Vec<Result<Seen>> = thread::scope(|scope| {
        let start = |number| {
            let barrier = &barrier;
            scope.spawn(move || Caller { body, seen: Seen::default() }.call(port, load, number, barrier))
        };
        let callers: Vec<_> = (0..load.n_connections).map(start).collect();
        let join = |caller: thread::ScopedJoinHandle<'_, Result<Seen>>| {
            caller.join().unwrap_or_else(|_| Err(anyhow!("a connection's thread panicked")))
        };
        callers.into_iter().map(join).collect()
    });
    let mut all = Seen::default();
    for seen in seen {
        all.add(seen?);
    }
    let mut latencies = Latencies::default();
    latencies.append(all.latencies);
    latencies.sort();
    let cell = Cell {
        figure: all.rate,
        p50_ms: latencies.percentile_ms(50),
        p99_ms: latencies.percentile_ms(99),
        n_answers: latencies.len(),
        n_errors: all.n_errors,
        n_wrong: all.n_wrong,
        remark: None,
    };
    Ok((cell, all.first_error))
}

/// One request on a connection of its own: whether the answer is right.
pub(super) fn answers_right(port: u16, body: &Body) -> bool {
    let mut caller = Caller { body, seen: Seen::default() };
    Connection::open(port).is_ok_and(|mut connection| matches!(caller.exchange(&mut connection), Ok(true)))
}

#[derive(Default)]
struct Seen {
    rate: f64,
    latencies: Vec<Duration>,
    n_errors: u32,
    n_wrong: u32,
    first_error: Option<String>,
}

impl Seen {
    fn add(&mut self, mut other: Self) {
        self.rate += other.rate;
        self.latencies.append(&mut other.latencies);
        self.n_errors += other.n_errors;
        self.n_wrong += other.n_wrong;
        self.first_error = self.first_error.take().or(other.first_error);
    }
}

struct Caller<'a> {
    body: &'a Body,
    seen: Seen,
}

impl Caller<'_> {
    fn call(mut self, port: u16, load: Load, number: u32, barrier: &Barrier) -> Result<Seen> {
        let opened = self.warm_up(port, load.times.warm_up);
        // Reached also after a failure, or the others would wait for ever.
        barrier.wait();
        let mut connection = opened?;
        let mut schedule = Schedule::new(load, number);
        let (started, mut n_right, mut n_failed_in_a_row) = (Instant::now(), 0_u32, 0);
        while started.elapsed() < load.times.measure && n_failed_in_a_row < PATIENCE {
            let due = schedule.wait();
            match self.exchange(&mut connection) {
                Ok(true) => {
                    self.seen.latencies.push(due.elapsed());
                    n_right += 1;
                    n_failed_in_a_row = 0;
                }
                Ok(false) => self.wrong(),
                Err(error) => {
                    n_failed_in_a_row += 1;
                    self.seen.n_errors += 1;
                    self.seen.first_error.get_or_insert(format!("{error:#}"));
                }
            }
        }
        self.seen.rate = f64::from(n_right) / started.elapsed().as_secs_f64();
        Ok(self.seen)
    }

    fn wrong(&mut self) {
        self.seen.n_wrong += 1;
        self.seen.first_error.get_or_insert("other predictions than raw onnxruntime's".to_owned());
    }

    /// Calls for a while, at least twice; a first refusal ends it.
    fn warm_up(&mut self, port: u16, at_least: Duration) -> Result<Connection> {
        let started = Instant::now();
        let mut connection = Connection::open(port)?;
        self.exchange(&mut connection)?;
        while started.elapsed() < at_least {
            let _ = self.exchange(&mut connection);
        }
        Ok(connection)
    }

    /// Whether the answer is right; a refusal is an error.
    fn exchange(&mut self, connection: &mut Connection) -> Result<bool> {
        let request = Outgoing { head: &self.body.request, block: &[], n_blocks: 0 };
        let mut answer = Vec::new();
        match connection.exchange(&request, &mut |piece| answer.extend_from_slice(piece)) {
            Ok(head) if head.status == 200 => {
                Ok(answers::is_right(self.body.kind, &answer, &self.body.wanted))
            }
            Ok(head) => {
                answer.truncate(EXCERPT);
                bail!("an answer of status {}: {}", head.status, String::from_utf8_lossy(&answer))
            }
            Err(error) => {
                connection.reopen()?;
                Err(error.into())
            }
        }
    }
}

/// When the next request of a connection is due.
struct Schedule {
    next: Option<Instant>,
    every: Duration,
}

impl Schedule {
    /// The connections take turns.
    fn new(load: Load, number: u32) -> Self {
        match load.pace {
            Pace::Closed => Self { next: None, every: Duration::ZERO },
            Pace::Open(per_second) => {
                let between = Duration::from_secs_f64(1.0 / per_second.max(0.01));
                Self { next: Some(Instant::now() + between * number), every: between * load.n_connections }
            }
        }
    }

    /// Waits until the next request is due; when that is, or was.
    fn wait(&mut self) -> Instant {
        let Some(due) = self.next else { return Instant::now() };
        self.next = Some(due + self.every);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        due
    }
}
