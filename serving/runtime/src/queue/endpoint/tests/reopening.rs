//! Engines that end and are opened again: who may wait meanwhile, and what callers are told.

use super::*;

/// A model whose engines end when they are told, and are opened again as the test says.
struct Reopened {
    endpoint: Arc<Endpoint>,
    is_alive: Arc<AtomicBool>,
    /// One for each time that an engine is to be opened again.
    attempts: Receiver<()>,
    outcomes: Sender<Result<(), LoadError>>,
}

impl Reopened {
    fn with(n_lanes: usize) -> Self {
        let (tell, attempts) = channel();
        let (outcomes, outcome) = channel::<Result<(), LoadError>>();
        let (outcome, n_opened) = (Mutex::new(outcome), AtomicU64::new(0));
        let is_alive = Arc::new(AtomicBool::new(true));
        let lives = Arc::clone(&is_alive);
        let open = move |_| -> Result<Box<dyn Engine>, LoadError> {
            if n_opened.fetch_add(1, Ordering::Relaxed) >= n_lanes as u64 {
                let _ = tell.send(());
                // Closed at the end of the test.
                outcome.lock().unwrap().recv().unwrap_or(Err(LoadError::Model(String::new())))?;
                lives.store(true, Ordering::Relaxed);
            }
            Ok(Box::new(Mortal(Arc::clone(&lives))))
        };
        let lanes = Lanes { n_lanes, n_threads: 1 };
        let loaded = Loaded { open: Box::new(open), lanes, ..loaded(Sharing::Alone) };
        let endpoint = Arc::new(Endpoint::start(loaded, LIMITS, clock()).unwrap());
        Reopened { endpoint, is_alive, attempts, outcomes }
    }

    /// Lets all engines end.
    fn end(&self) {
        self.is_alive.store(false, Ordering::Relaxed);
    }
}

/// Lives as long as it is told.
struct Mortal(Arc<AtomicBool>);

impl Engine for Mortal {
    fn score(&mut self, _: &Batch, _: &Params, _: &Cancellation) -> Result<Predictions, EngineError> {
        Ok(Predictions::Json(serde_json::Value::Null))
    }

    fn is_alive(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[tokio::test]
async fn a_model_is_not_ready_while_its_only_engine_is_opened_again() {
    let model = Reopened::with(1);
    assert_eq!(model.endpoint.absence(), None);
    model.end();
    // Nobody has asked it: it is noticed that its engine is gone.
    model.attempts.recv_timeout(LONG).unwrap();
    let absence = model.endpoint.absence();
    assert_eq!(absence.as_deref(), Some("its engine was lost, and another is started"));
    assert_eq!(model.endpoint.trouble(), None, "whoever asks now may wait");
    let asked = {
        let endpoint = Arc::clone(&model.endpoint);
        tokio::spawn(async move { endpoint.score(rows(&[1]), Params::default(), LONG).await })
    };
    model.outcomes.send(Ok(())).unwrap();
    asked.await.unwrap().unwrap();
    assert_eq!(model.endpoint.absence(), None);
}

#[tokio::test]
async fn engines_that_end_unasked_one_after_the_other_are_not_opened_without_a_pause() {
    let model = Reopened::with(1);
    for trouble in [None, Some("its engine was lost several times in a row".to_owned())] {
        model.end();
        model.attempts.recv_timeout(LONG).unwrap();
        assert_eq!(model.endpoint.trouble(), trouble);
        model.outcomes.send(Ok(())).unwrap();
        while model.endpoint.absence().is_some() {
            thread::yield_now();
        }
    }
    assert!(model.endpoint.score(rows(&[1]), Params::default(), LONG).await.is_ok());
}

#[tokio::test]
async fn callers_are_not_told_what_stands_in_the_servers_files() {
    let model = Reopened::with(1);
    model.end();
    for error in
        [LoadError::Model("Traceback: /srv/models/m".to_owned()), LoadError::Gone("/srv/models/m".into())]
    {
        model.attempts.recv_timeout(LONG).unwrap();
        model.outcomes.send(Err(error)).unwrap();
    }
    // It tries anew, so both errors are known.
    model.attempts.recv_timeout(LONG).unwrap();
    let reason = "the files of the model are gone from the server".to_owned();
    assert_eq!(model.endpoint.trouble(), Some(reason.clone()));
    assert_eq!(model.endpoint.absence(), Some(reason));
    let told = LoadError::Model("Traceback: /srv/models/m".to_owned()).for_callers();
    assert_eq!(told, "it cannot be started again; the server's log says why");
}
