//! How many bytes of JSON bodies all requests together may hold, so that many long ones cannot use up the memory.
//!
//! What counts is what has arrived and not what was announced: who announces much and sends nothing keeps nobody
//! out. A request gives its bytes back when it is answered, because until then its message lives.
//!
//! The beginnings of bodies have a budget to themselves. Most bodies are no more than that, so a few long ones that
//! come slowly keep out only others like them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::limits::Limits;

/// How many beginnings fill the longest body: at 64 MiB a beginning of 64 KiB holds most hot writes.
const BEGINNINGS_PER_BODY: usize = 1_024;

/// The budget of beginnings is this part of that of all else.
const PART_OF_BEGINNINGS: usize = 8;

/// What is left for the bodies of all requests.
#[derive(Debug, Clone)]
pub(crate) struct BodyBudget {
    limits: Limits,
    beginnings: Arc<AtomicUsize>,
    rests: Arc<AtomicUsize>,
}

/// What one request takes of the budget; what was taken goes back when this is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    budget: BodyBudget,
    taken: AtomicUsize,
}

impl BodyBudget {
    pub(crate) fn new(limits: Limits) -> Self {
        let pool = |n_bytes| Arc::new(AtomicUsize::new(n_bytes));
        let beginnings = pool(limits.json_bytes_in_flight / PART_OF_BEGINNINGS);
        Self { limits, beginnings, rests: pool(limits.json_bytes_in_flight) }
    }

    /// How a body of so many bytes is divided: its beginning and the rest.
    fn divide(&self, n_bytes: usize) -> (usize, usize) {
        let beginning = n_bytes.min(self.limits.json_bytes / BEGINNINGS_PER_BODY);
        (beginning, n_bytes - beginning)
    }
}

impl Share {
    /// Longest body of one request, in bytes.
    pub(crate) fn body_limit(&self) -> usize {
        self.budget.limits.json_bytes
    }

    /// Takes bytes, or says that they are not there.
    pub(crate) fn take(&self, n_bytes: usize) -> bool {
        let taken = self.taken.load(Ordering::Relaxed);
        let (had, will_have) = (self.budget.divide(taken), self.budget.divide(taken + n_bytes));
        if !take(&self.budget.beginnings, will_have.0 - had.0) {
            return false;
        }
        if !take(&self.budget.rests, will_have.1 - had.1) {
            self.budget.beginnings.fetch_add(will_have.0 - had.0, Ordering::Relaxed);
            return false;
        }
        self.taken.store(taken + n_bytes, Ordering::Relaxed);
        true
    }
}

fn take(left: &AtomicUsize, n_bytes: usize) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(n_bytes)).is_ok()
}

impl Drop for Share {
    fn drop(&mut self) {
        let (beginning, rest) = self.budget.divide(*self.taken.get_mut());
        self.budget.beginnings.fetch_add(beginning, Ordering::Relaxed);
        self.budget.rests.fetch_add(rest, Ordering::Relaxed);
    }
}

/// Gives the request its share, and keeps it until the answer is there.
pub(crate) async fn share(State(budget): State<BodyBudget>, mut request: Request, next: Next) -> Response {
    let share = Arc::new(Share { budget, taken: AtomicUsize::new(0) });
    request.extensions_mut().insert(Arc::clone(&share));
    let response = next.run(request).await;
    drop(share);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGINNING: usize = 100;
    const LONGEST: usize = BEGINNING * BEGINNINGS_PER_BODY;

    fn share(budget: &BodyBudget) -> Share {
        Share { budget: budget.clone(), taken: AtomicUsize::new(0) }
    }

    fn budget() -> BodyBudget {
        BodyBudget::new(Limits { json_bytes: LONGEST, json_bytes_in_flight: LONGEST })
    }

    #[test]
    fn what_a_request_took_is_there_again_once_it_is_answered() {
        let budget = budget();
        let (first, second) = (share(&budget), share(&budget));
        assert!(first.take(BEGINNING) && first.take(LONGEST - 1));
        assert!(!second.take(BEGINNING + 2) && second.take(BEGINNING + 1) && !second.take(1));
        drop(first);
        assert!(second.take(LONGEST - 1) && !second.take(1));
    }

    #[test]
    fn long_bodies_leave_room_for_short_ones() {
        let budget = budget();
        let long = share(&budget);
        assert!(long.take(LONGEST + BEGINNING));
        let n_beginnings = LONGEST / PART_OF_BEGINNINGS / BEGINNING - 1;
        let short: Vec<Share> = (0..n_beginnings).map(|_| share(&budget)).collect();
        assert!(short.iter().all(|share| share.take(BEGINNING) && !share.take(1)));
        assert!(!share(&budget).take(1));
    }
}
