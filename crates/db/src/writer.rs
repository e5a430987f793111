//! SQLite's one writer: takes jobs in order, merges those that can share statements, answers after the commit.
//!
//! SQLite lets one connection write at a time. Instead of letting requests fight for the lock, they queue
//! here; what waited while the last transaction was committed becomes the next one. The queue is bounded: a
//! full one makes callers wait, which is the back-pressure that a client sees. The writer has a thread of its own,
//! since its statements and commits wait for the disk.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures_util::FutureExt as _;
use tokio::sync::{mpsc, oneshot};

use crate::job::{Job, Outcome};
use crate::metrics::{Access, Metrics};
use crate::sqlite::{Pool, Transaction};
use crate::tx::Arm;
use crate::usage::Queue;
use crate::{Engine, Error, OpenError, Tx};

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

impl Writer {
    /// Starts the writer on a pool of one connection, which it closes at its end.
    pub(crate) fn start(pool: Pool, metrics: Metrics) -> Result<Self, OpenError> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(OpenError::Thread)?;
        let thread = std::thread::Builder::new().name("sqlite-writer".to_owned());
        let run = run(pool, waiting, metrics.clone());
        thread.spawn(move || runtime.block_on(run)).map_err(OpenError::Thread)?;
        Ok(Writer { queue, metrics })
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

async fn run(pool: Pool, mut waiting: mpsc::Receiver<Message>, metrics: Metrics) {
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
                if let Err(Outage { job, error }) = run_job(&pool, job, &metrics).await {
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
    pool.close().await;
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

/// Runs a job. When a statement of a merged one fails, its members run again one by one, so that a bad write
/// costs only itself.
async fn run_job(pool: &Pool, mut job: Box<dyn Job>, metrics: &Metrics) -> Result<(), Outage> {
    if job.is_abandoned() {
        return Ok(());
    }
    metrics.grouped(job.len());
    match try_job(pool, job.as_mut(), metrics).await {
        Err(error) if error.is_outage() => return Err(Outage { job, error }),
        ended if job.len() == 1 || ended.is_ok() => {
            job.answer(ended);
            return Ok(());
        }
        _ => {}
    }
    metrics.split();
    for mut member in job.split() {
        if !member.is_abandoned() {
            let ended = try_job(pool, member.as_mut(), metrics).await;
            member.answer(ended);
        }
    }
    Ok(())
}

/// One transaction. `Err` means that nothing of the job is in the database, or that its file is not the database's
/// any more.
async fn try_job(pool: &Pool, job: &mut dyn Job, metrics: &Metrics) -> Result<(), Error> {
    let begin = Transaction::begin(pool, Engine::Sqlite.begin_write());
    let mut tx: Tx = Arm::Sqlite(metrics.begin(Access::Write, begin).await?).into();
    let outcome = AssertUnwindSafe(job.run(&mut tx)).catch_unwind().await;
    match outcome {
        Ok(Outcome::Commit) => metrics.commit(tx).await,
        Ok(Outcome::RollBack) => {
            tx.roll_back().await;
            Ok(())
        }
        Ok(Outcome::Failed(error)) => {
            tx.roll_back().await;
            Err(error)
        }
        Err(panic) => {
            tx.roll_back().await;
            Err(Error::Panicked(text_of(panic.as_ref())))
        }
    }
}

/// What `panic!` was given; a panic with something other than text tells nothing.
fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a message").to_owned()
}
