//! A writer: takes jobs in order, merges those that can share statements, answers after the commit.
//!
//! SQLite lets one connection write at a time. Instead of letting requests fight for the lock, they queue
//! here; what waited while the last transaction was committed becomes the next one. The queue is bounded: a
//! full one makes callers wait, which is the back-pressure that a client sees. SQLite's writer has a thread of its own,
//! since its statements and commits wait for the disk.
//!
//! PostgreSQL's writer takes only those jobs that are worth sharing there, too, for the sake of fewer round trips and
//! commits; all others run beside it. A group that cannot get a lock at once is taken apart, and each of its members waits
//! by itself.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures_util::FutureExt as _;
use tokio::sync::{mpsc, oneshot};

use crate::database::{MAX_ATTEMPTS, PAUSE};
use crate::job::{Job, Outcome};
use crate::metrics::{Access, Metrics};
use crate::tx::Arm;
use crate::usage::Queue;
use crate::{Engine, Error, OpenError, Tx, postgres, sqlite};

/// Jobs that may wait.
const QUEUE: usize = 1_024;

/// The writer's end that callers hold.
#[derive(Clone)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Message>,
    metrics: Metrics,
}

enum Message {
    Run(Queued),
    Stop(oneshot::Sender<()>),
}

/// A job, and since when it waits if that is measured.
struct Queued {
    job: Box<dyn Job>,
    since: Option<Instant>,
}

/// Where a writer's transactions are.
enum Target {
    /// A pool of one connection, which the writer closes at its end.
    Sqlite(sqlite::Pool),
    /// A pool that others use as well.
    Postgres(postgres::Pool),
}

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// For all members of a job, while others wait behind it.
    Shared,
    /// For one, beside others.
    Alone,
}

impl Target {
    async fn begin(&self, scope: Scope) -> Result<Arm, Error> {
        let begin = |engine: Engine| match scope {
            Scope::Shared => engine.begin_shared_write(),
            Scope::Alone => engine.begin_write(),
        };
        Ok(match self {
            Target::Sqlite(pool) => {
                Arm::Sqlite(sqlite::Transaction::begin(pool, begin(Engine::Sqlite)).await?)
            }
            Target::Postgres(pool) => Arm::Postgres(pool.begin(begin(Engine::Postgres)).await?),
        })
    }

    async fn close(&self) {
        if let Target::Sqlite(pool) = self {
            pool.close().await;
        }
    }
}

impl Writer {
    /// Starts the writer of a SQLite file on a pool of one connection, which it closes at its end.
    pub(crate) fn start(pool: sqlite::Pool, metrics: Metrics) -> Result<Self, OpenError> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(OpenError::Thread)?;
        let thread = std::thread::Builder::new().name("sqlite-writer".to_owned());
        let run = run(Target::Sqlite(pool), waiting, metrics.clone());
        thread.spawn(move || runtime.block_on(run)).map_err(OpenError::Thread)?;
        Ok(Writer { queue, metrics })
    }

    /// Starts a writer beside others on a pool of connections to PostgreSQL, as a task of this runtime.
    pub(crate) fn spawn(pool: postgres::Pool, metrics: Metrics) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(run(Target::Postgres(pool), waiting, metrics.clone()));
        Writer { queue, metrics }
    }

    /// Queues a job; waits while the queue is full.
    pub(crate) async fn submit(&self, job: Box<dyn Job>) -> Result<(), Error> {
        let queued = Queued { job, since: self.metrics.queued() };
        self.queue.send(Message::Run(queued)).await.map_err(|_| Error::Stopped)
    }

    /// How full the queue is.
    pub(crate) fn queue(&self) -> Queue {
        let capacity = self.queue.max_capacity();
        Queue { waiting: capacity - self.queue.capacity(), capacity }
    }

    /// Returns when all that is queued has been run and the connection is closed. Later jobs are refused.
    pub(crate) async fn stop(&self) {
        let (stopped, wait) = oneshot::channel();
        if self.queue.send(Message::Stop(stopped)).await.is_ok() {
            // The sender is dropped when the writer ends, whichever way.
            let _ = wait.await;
        }
    }
}

async fn run(target: Target, mut waiting: mpsc::Receiver<Message>, metrics: Metrics) {
    let mut stopped = Vec::new();
    let mut next = None;
    loop {
        let message = match next.take() {
            Some(queued) => Message::Run(queued),
            None => match waiting.recv().await {
                Some(message) => message,
                None => break,
            },
        };
        match message {
            Message::Run(Queued { mut job, since }) => {
                metrics.waited(since);
                next = gather(job.as_mut(), &mut waiting, &mut stopped, &metrics);
                if let Err(Outage { job, error }) = run_job(&target, job, &metrics).await {
                    let next = next.take().map(|queued| queued.job);
                    // All are taken out before the first is told: who comes after that may fare better.
                    let refused: Vec<_> = next.into_iter().chain(drain(&mut waiting, &mut stopped)).collect();
                    for job in [job].into_iter().chain(refused) {
                        job.answer(Err(error.clone()));
                    }
                }
            }
            Message::Stop(reply) => stopped.push(reply),
        }
        if !stopped.is_empty() {
            waiting.close();
        }
    }
    target.close().await;
}

/// Merges into `job` whatever waits and is like it; returns the first that is not, which comes next.
fn gather(
    job: &mut dyn Job,
    waiting: &mut mpsc::Receiver<Message>,
    stopped: &mut Vec<oneshot::Sender<()>>,
    metrics: &Metrics,
) -> Option<Queued> {
    while let Ok(message) = waiting.try_recv() {
        match message {
            Message::Run(Queued { job: other, since }) => {
                if let Err(unlike) = job.absorb(other) {
                    return Some(Queued { job: unlike, since });
                }
                metrics.waited(since);
            }
            Message::Stop(reply) => stopped.push(reply),
        }
    }
    None
}

/// Takes out all that waits. In an outage they are refused with what the first found: if each were to find it again,
/// the last would wait for all of them.
fn drain(waiting: &mut mpsc::Receiver<Message>, stopped: &mut Vec<oneshot::Sender<()>>) -> Vec<Box<dyn Job>> {
    let mut jobs = Vec::new();
    while let Ok(message) = waiting.try_recv() {
        match message {
            Message::Run(queued) => jobs.push(queued.job),
            Message::Stop(reply) => stopped.push(reply),
        }
    }
    jobs
}

/// A job that found an outage, in which no other would fare better, and is not answered yet.
struct Outage {
    job: Box<dyn Job>,
    error: Error,
}

/// Runs a job. When a statement of a merged one fails, its members run again each by itself, so that a bad write
/// costs only itself.
async fn run_job(target: &Target, mut job: Box<dyn Job>, metrics: &Metrics) -> Result<(), Outage> {
    if job.is_abandoned() {
        return Ok(());
    }
    metrics.grouped(job.len());
    match try_job(target, Scope::Shared, job.as_mut(), metrics).await {
        Err(error) if error.is_outage() => return Err(Outage { job, error }),
        Err(Error::Contended(_)) => {}
        ended if job.len() == 1 || ended.is_ok() => {
            job.answer(ended);
            return Ok(());
        }
        _ => {}
    }
    metrics.split();
    for member in job.split() {
        match target {
            Target::Sqlite(_) => run_alone(target, member, metrics).await,
            Target::Postgres(pool) => {
                let (target, metrics) = (Target::Postgres(pool.clone()), metrics.clone());
                tokio::spawn(async move { run_alone(&target, member, &metrics).await });
            }
        }
    }
    Ok(())
}

async fn run_alone(target: &Target, mut job: Box<dyn Job>, metrics: &Metrics) {
    if !job.is_abandoned() {
        let ended = try_job(target, Scope::Alone, job.as_mut(), metrics).await;
        job.answer(ended);
    }
}

/// One transaction, which is tried again when PostgreSQL gave it up for another's sake. `Err` means that nothing of the
/// job is in the database, or that its file is not the database's any more.
async fn try_job(target: &Target, scope: Scope, job: &mut dyn Job, metrics: &Metrics) -> Result<(), Error> {
    let mut attempt = 1;
    loop {
        let mut tx: Tx = metrics.begin(Access::Write, target.begin(scope)).await?.into();
        let outcome = AssertUnwindSafe(job.run(&mut tx)).catch_unwind().await;
        let outcome =
            outcome.unwrap_or_else(|panic| Outcome::Failed(Error::Panicked(text_of(panic.as_ref()))));
        let (error, lost_a_race) = match outcome {
            Outcome::Commit => return metrics.commit(tx).await,
            Outcome::RollBack => {
                tx.roll_back().await;
                return Ok(());
            }
            Outcome::Failed(error) => (error, tx.lost_a_race()),
        };
        tx.roll_back().await;
        if !lost_a_race || attempt == MAX_ATTEMPTS {
            return Err(error);
        }
        metrics.retried();
        tokio::time::sleep(PAUSE * attempt).await;
        attempt += 1;
    }
}

/// What `panic!` was given; a panic with something other than text tells nothing.
fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a message").to_owned()
}
