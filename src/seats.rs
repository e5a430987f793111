//! How many connections there may be at one time.
//!
//! A connection costs a file descriptor, and the one whose request reads or writes a file costs two. Those for
//! which there is no room are told so, by a few seats of their own; beyond those they are closed unheard.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections that are served at most, however many descriptors there are.
const MAX_SERVED: usize = 16_384;

/// Connections that are told at one time that there is no room.
const NO_ROOM: usize = 256;

/// What is left to take.
pub(crate) struct Seats {
    served: Arc<Semaphore>,
    no_room: Arc<Semaphore>,
    /// Whether the last to ask found no room, so that a rush is logged once.
    is_full: AtomicBool,
}

/// Held for as long as the connection is there.
pub(crate) struct Seat {
    pub(crate) kind: Kind,
    _permit: OwnedSemaphorePermit,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// To be served.
    Served,
    /// To be told that there is no room.
    NoRoom,
}

impl Seats {
    /// Seats for as many connections as the system lets this process have, after asking it for more descriptors.
    pub(crate) fn as_many_as_possible() -> io::Result<Self> {
        let descriptors = rlimit::increase_nofile_limit(u64::MAX)?;
        let served = served_with(descriptors);
        tracing::info!(connections = served, descriptors, "connections are bounded");
        Ok(Self::new(served))
    }

    pub(crate) fn new(served: usize) -> Self {
        Self {
            served: Arc::new(Semaphore::new(served)),
            no_room: Arc::new(Semaphore::new(NO_ROOM)),
            is_full: AtomicBool::new(false),
        }
    }

    /// A seat, if there is one of either kind.
    pub(crate) fn take(&self) -> Option<Seat> {
        let served = Arc::clone(&self.served).try_acquire_owned();
        let was_full = self.is_full.swap(served.is_err(), Ordering::Relaxed);
        if served.is_err() && !was_full {
            tracing::warn!("there are as many connections as there may be; more are turned away");
        }
        let (kind, permit) = match served {
            Ok(permit) => (Kind::Served, permit),
            Err(_) => (Kind::NoRoom, Arc::clone(&self.no_room).try_acquire_owned().ok()?),
        };
        Some(Seat { kind, _permit: permit })
    }
}

/// Three quarters of the descriptors; the rest is for files and the database.
fn served_with(descriptors: u64) -> usize {
    usize::try_from(descriptors / 4 * 3).unwrap_or(MAX_SERVED).min(MAX_SERVED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_the_descriptors_is_left_for_files() {
        let served = [1_024, 20_000, 1_048_576, u64::MAX].map(served_with);
        assert_eq!(served, [768, 15_000, MAX_SERVED, MAX_SERVED]);
    }

    #[test]
    fn a_seat_that_was_left_can_be_taken_again() {
        let seats = Seats::new(1);
        let first = seats.take().unwrap();
        let kind = || seats.take().unwrap().kind;
        assert_eq!((first.kind, kind()), (Kind::Served, Kind::NoRoom));
        drop(first);
        assert_eq!(kind(), Kind::Served);
        let all: Vec<_> = std::iter::from_fn(|| seats.take()).collect();
        assert_eq!(all.len(), 1 + NO_ROOM);
    }
}
