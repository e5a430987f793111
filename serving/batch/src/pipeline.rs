//! Reading, scoring and writing at the same time, in order: one thread reads, one per lane scores, the caller's writes.
//!
//! A batch may be read only when there is a permit for it, and its permit comes back when it is written. So what is in
//! memory is bounded, however long one of the three takes, and no channel can be full.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use forebay_lake::Rows;

use crate::Error;
use crate::scorer::{Manner, Scored, Scorer};

/// Rows to score, and the part of the output that they belong to.
pub(crate) struct Task {
    pub(crate) part: u64,
    pub(crate) rows: Rows,
}

/// Something with its place in the order.
type Numbered<T> = (u64, T);

/// What a lane made of a task, or why there is none.
type Outcome = Numbered<Result<(u64, Scored), Error>>;

/// Scores all tasks and writes what comes out of them in their order. The first error in that order ends it.
pub(crate) fn run(
    tasks: impl Iterator<Item = Result<Task, Error>> + Send,
    lanes: Vec<Scorer>,
    manner: &Manner,
    n_permits: usize,
    write: &mut dyn FnMut(u64, Scored) -> Result<(), Error>,
) -> Result<(), Error> {
    let (permit, permits) = sync_channel(n_permits);
    for _ in 0..n_permits {
        let _ = permit.send(());
    }
    let (give, given) = channel();
    let (finish, finished) = channel();
    let given = &Mutex::new(given);
    thread::scope(move |scope| {
        for lane in lanes {
            let finish = finish.clone();
            scope.spawn(move || score(lane, manner, given, &finish));
        }
        scope.spawn(move || read(tasks, &permits, &give, &finish));
        // Its ends of the channels go when it returns, and with them the other threads.
        write_in_order(finished, &permit, write)
    })
}

fn read(
    tasks: impl Iterator<Item = Result<Task, Error>>,
    permits: &Receiver<()>,
    give: &Sender<Numbered<Task>>,
    finish: &Sender<Outcome>,
) {
    let mut tasks = tasks.zip(0..);
    while permits.recv().is_ok() {
        let Some((task, number)) = tasks.next() else { return };
        let sent = match task {
            Ok(task) => give.send((number, task)).is_ok(),
            Err(error) => {
                let _ = finish.send((number, Err(error)));
                false
            }
        };
        if !sent {
            return;
        }
    }
}

fn score(
    mut lane: Scorer,
    manner: &Manner,
    given: &Mutex<Receiver<Numbered<Task>>>,
    finish: &Sender<Outcome>,
) {
    loop {
        let next = given.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, Task { part, rows })) = next else { return };
        // A thread that panics must not leave the others waiting for its rows.
        let scored = catch_unwind(AssertUnwindSafe(|| lane.score(&rows, manner)));
        let outcome = scored.unwrap_or(Err(Error::Lost)).map(|scored| (part, scored));
        let failed = outcome.is_err();
        if finish.send((number, outcome)).is_err() || failed {
            return;
        }
    }
}

fn write_in_order(
    finished: Receiver<Outcome>,
    permit: &SyncSender<()>,
    write: &mut dyn FnMut(u64, Scored) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut waiting = BTreeMap::new();
    let mut next = 0;
    for (number, outcome) in finished {
        waiting.insert(number, outcome);
        while let Some(outcome) = waiting.remove(&next) {
            let (part, scored) = outcome?;
            write(part, scored)?;
            next += 1;
            let _ = permit.try_send(());
        }
    }
    match waiting.into_values().find_map(Result::err) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}
