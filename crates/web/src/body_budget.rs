//! How many bytes of JSON bodies all requests together may hold, so that many long ones cannot use up the memory.
//!
//! What counts is what has arrived and not what was announced: who announces much and sends nothing keeps nobody
//! out. A request gives its bytes back when it is answered, because until then its message lives.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::limits::Limits;

/// What is left for the bodies of all requests.
#[derive(Debug, Clone)]
pub(crate) struct BodyBudget {
    limits: Limits,
    left: Arc<AtomicUsize>,
}

/// What one request takes of the budget; what was taken goes back when this is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    budget: BodyBudget,
    taken: AtomicUsize,
}

impl BodyBudget {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, left: Arc::new(AtomicUsize::new(limits.json_bytes_in_flight)) }
    }
}

impl Share {
    /// Longest body of one request, in bytes.
    pub(crate) fn body_limit(&self) -> usize {
        self.budget.limits.json_bytes
    }

    /// Takes bytes, or says that they are not there.
    pub(crate) fn take(&self, n_bytes: usize) -> bool {
        let less = |left: usize| left.checked_sub(n_bytes);
        let is_taken = self.budget.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok();
        if is_taken {
            self.taken.fetch_add(n_bytes, Ordering::Relaxed);
        }
        is_taken
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.left.fetch_add(*self.taken.get_mut(), Ordering::Relaxed);
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

    #[test]
    fn what_a_request_took_is_there_again_once_it_is_answered() {
        let budget = BodyBudget::new(Limits { json_bytes: 10, json_bytes_in_flight: 10 });
        let share = || Share { budget: budget.clone(), taken: AtomicUsize::new(0) };
        let (first, second) = (share(), share());
        assert!(first.take(3) && first.take(3) && !second.take(5) && second.take(4));
        drop(first);
        assert!(second.take(6) && !second.take(1));
    }
}
