//! An engine that doubles numbers when it may, and the queue before it.

use super::*;

/// Says how many rows it got, then waits for leave.
struct Doubler {
    cancellation: Arc<Mutex<Cancellation>>,
    seen: Sender<usize>,
    leave: Arc<Mutex<Receiver<()>>>,
}

impl Engine for Doubler {
    fn score(
        &mut self,
        batch: &Batch,
        _: &Params,
        cancellation: &Cancellation,
    ) -> Result<Predictions, EngineError> {
        *self.cancellation.lock().unwrap() = cancellation.clone();
        let Batch::Tensors(tensors) = batch else { unreachable!("the tests send tensors") };
        let Elements::Int64(values) = tensors[0].1.elements() else { unreachable!("of integers") };
        self.seen.send(values.len()).unwrap();
        self.leave.lock().unwrap().recv().unwrap();
        assert!(!values.contains(&13), "thirteen");
        if values.contains(&-1) {
            return Err(EngineError::Invalid("x: -1 is negative".to_owned()));
        }
        let doubled = values.iter().map(|value| value * 2).collect();
        Ok(Predictions::Array(Tensor::of_rows(Elements::Int64(doubled))))
    }
}

pub(super) struct Fixture {
    pub(super) endpoint: Arc<Endpoint>,
    /// Of the batch that was begun last.
    pub(super) cancellation: Arc<Mutex<Cancellation>>,
    pub(super) seen: Receiver<usize>,
    leave: Sender<()>,
}

impl Fixture {
    pub(super) fn new(sharing: Sharing) -> Self {
        let (tell, seen) = channel();
        let (leave, may) = channel();
        let may = Arc::new(Mutex::new(may));
        let cancellation = Arc::new(Mutex::default());
        let last = Arc::clone(&cancellation);
        let open = move |_| -> Result<Box<dyn Engine>, LoadError> {
            let (cancellation, leave) = (Arc::clone(&last), Arc::clone(&may));
            Ok(Box::new(Doubler { cancellation, seen: tell.clone(), leave }))
        };
        let loaded = Loaded { open: Box::new(open), ..loaded(sharing) };
        let endpoint = Arc::new(Endpoint::start(loaded, LIMITS, clock()).unwrap());
        Fixture { endpoint, cancellation, seen, leave }
    }

    /// Sends a request and returns when it has its place.
    pub(super) async fn send(&self, values: &[i64]) -> tokio::task::JoinHandle<Result<Scored, ScoreError>> {
        self.send_for(values, LONG).await
    }

    pub(super) async fn send_for(
        &self,
        values: &[i64],
        patience: Duration,
    ) -> tokio::task::JoinHandle<Result<Scored, ScoreError>> {
        let (endpoint, batch) = (Arc::clone(&self.endpoint), rows(values));
        let task = tokio::spawn(async move { endpoint.score(batch, Params::default(), patience).await });
        tokio::task::yield_now().await;
        task
    }

    /// The rows of the next batch, which the engine has begun.
    pub(super) fn begun(&self) -> usize {
        self.seen.recv_timeout(LONG).unwrap()
    }

    pub(super) fn let_go(&self, n_batches: usize) {
        (0..n_batches).for_each(|_| self.leave.send(()).unwrap());
    }
}

pub(super) fn clock() -> Arc<dyn Clock> {
    Arc::new(FixedClock::new(7))
}

/// A model without an engine.
pub(super) fn loaded(sharing: Sharing) -> Loaded {
    Loaded {
        platform: "test",
        device: "cpu".to_owned(),
        inputs: None,
        outputs: None,
        sharing,
        open: Box::new(|_| Err(LoadError::Model("there is none".to_owned()))),
        lanes: Lanes { n_lanes: 1, n_threads: 1 },
    }
}

pub(super) fn rows(values: &[i64]) -> Batch {
    Batch::Tensors(vec![("x".to_owned(), Tensor::of_rows(Elements::Int64(values.to_vec())))])
}

pub(super) fn numbers(scored: Result<Scored, ScoreError>) -> Vec<i64> {
    match scored.unwrap().predictions {
        Predictions::Array(array) => match array.into_parts().1 {
            Elements::Int64(values) => values,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}
