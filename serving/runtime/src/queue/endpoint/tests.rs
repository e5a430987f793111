//! The queue with an engine that doubles numbers, and waits for leave to do so.

mod doubler;
mod reopening;

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

use forebay_core::clock::FixedClock;

use self::doubler::{Fixture, clock, loaded, numbers, rows};
use super::*;
use crate::engines::cancellation::Cancellation;
use crate::engines::{EngineError, Lanes, Sharing};
use crate::model::predictions::Predictions;
use crate::model::tensor::{Elements, Tensor};

const LONG: Duration = Duration::from_mins(1);
const LIMITS: Limits = Limits { batch_rows: 4, waiting_rows: 6, waiting_bytes: 1 << 20 };

#[tokio::test]
async fn what_waits_while_a_batch_runs_is_the_next_batch() {
    let fixture = Fixture::new(Sharing::Shared);
    let first = fixture.send(&[1]).await;
    assert_eq!(fixture.begun(), 1);
    let (second, third, fourth) =
        (fixture.send(&[2]).await, fixture.send(&[3, 4]).await, fixture.send(&[5, 6]).await);
    fixture.let_go(3);
    // Four rows are the most of a batch, so that the last two come later.
    assert_eq!((fixture.begun(), fixture.begun()), (3, 2));
    assert_eq!(numbers(first.await.unwrap()), [2]);
    assert_eq!(numbers(second.await.unwrap()), [4]);
    assert_eq!(numbers(third.await.unwrap()), [6, 8]);
    assert_eq!(numbers(fourth.await.unwrap()), [10, 12]);
}

#[tokio::test]
async fn rows_of_a_model_that_looks_at_the_whole_batch_are_not_shared() {
    let fixture = Fixture::new(Sharing::Alone);
    let first = fixture.send(&[1]).await;
    assert_eq!(fixture.begun(), 1);
    let others = [fixture.send(&[2]).await, fixture.send(&[3]).await];
    fixture.let_go(3);
    assert_eq!((fixture.begun(), fixture.begun()), (1, 1));
    first.await.unwrap().unwrap();
    for other in others {
        other.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_a_request_that_never_fits_says_so() {
    let fixture = Fixture::new(Sharing::Shared);
    let first = fixture.send(&[1]).await;
    assert_eq!(fixture.begun(), 1);
    let waiting = fixture.send(&[0; 6]).await;
    let full = fixture.endpoint.score(rows(&[1]), Params::default(), LONG).await.unwrap_err();
    assert!(matches!(full, ScoreError::Full { waiting_rows: 6, .. }), "{full}");
    let too_large = fixture.endpoint.score(rows(&[0; 7]), Params::default(), LONG).await.unwrap_err();
    assert_eq!(too_large, ScoreError::TooLarge { found: 7, limit: 6, unit: "rows" });
    fixture.let_go(2);
    first.await.unwrap().unwrap();
    waiting.await.unwrap().unwrap();
    assert_eq!(fixture.endpoint.n_waiting_rows(), 0);
}

#[tokio::test]
async fn a_caller_that_goes_away_frees_its_place() {
    let fixture = Fixture::new(Sharing::Shared);
    let first = fixture.send(&[1]).await;
    assert_eq!(fixture.begun(), 1);
    let gone = fixture.send(&[0; 6]).await;
    assert_eq!(fixture.endpoint.n_waiting_rows(), 6);
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    assert_eq!(fixture.endpoint.n_waiting_rows(), 0);
    fixture.let_go(1);
    first.await.unwrap().unwrap();
    assert!(fixture.seen.try_recv().is_err());
}

#[tokio::test]
async fn a_deadline_that_passes_is_told_and_the_rows_are_not_scored() {
    let fixture = Fixture::new(Sharing::Shared);
    let first = fixture.send(&[1]).await;
    assert_eq!(fixture.begun(), 1);
    let patience = Duration::from_millis(20);
    let late = fixture.send_for(&[2], patience).await;
    assert_eq!(late.await.unwrap(), Err(ScoreError::DeadlinePassed(patience)));
    fixture.let_go(1);
    assert_eq!(numbers(first.await.unwrap()), [2]);
    assert!(fixture.seen.try_recv().is_err());
}

#[tokio::test]
async fn a_caller_that_hangs_up_at_the_moment_of_its_answer_is_counted_once() {
    const ROUNDS: u64 = 3_000;
    let (begun, leave) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let spinning = Spinning { begun: Arc::clone(&begun), leave: Arc::clone(&leave) };
    let open = move |_| -> Result<Box<dyn Engine>, LoadError> { Ok(Box::new(spinning.clone())) };
    let loaded = Loaded { open: Box::new(open), ..loaded(Sharing::Alone) };
    let endpoint = Arc::new(Endpoint::start(loaded, LIMITS, clock()).unwrap());
    for round in 0..ROUNDS {
        let mut request = Box::pin(endpoint.score(rows(&[1]), Params::default(), LONG));
        assert!(futures_util::poll!(&mut request).is_pending());
        await_flag(&begun);
        leave.store(true, Ordering::Release);
        // It leaves a little later every time, so that some leave while the lane gives the answer.
        (0..round % 300).for_each(|_| std::hint::spin_loop());
        drop(request);
    }
    endpoint.close().await;
    let counts = endpoint.statistics().counts();
    assert_eq!(counts.success.count + counts.fail.count, ROUNDS);
}

#[tokio::test]
async fn a_request_is_counted_by_whoever_decides_on_it() {
    let fixture = Fixture::new(Sharing::Alone);
    let place = || {
        let outcome = Outcome::default();
        (outcome.clone(), Place { endpoint: &fixture.endpoint, id: 0, since: Instant::now(), outcome })
    };
    let n_failed = || fixture.endpoint.statistics().counts().fail.count;
    let (lane, caller) = place();
    assert!(lane.decide());
    assert!(!caller.leave());
    drop(caller);
    assert_eq!(n_failed(), 0);
    let (lane, caller) = place();
    drop(caller);
    assert!(!lane.decide());
    assert_eq!(n_failed(), 1);
}

/// Scores as soon as it may, without a thread that has to wake up.
#[derive(Clone)]
struct Spinning {
    begun: Arc<AtomicBool>,
    leave: Arc<AtomicBool>,
}

impl Engine for Spinning {
    fn score(&mut self, _: &Batch, _: &Params, _: &Cancellation) -> Result<Predictions, EngineError> {
        self.begun.store(true, Ordering::Release);
        await_flag(&self.leave);
        Ok(Predictions::Json(serde_json::Value::Null))
    }
}

fn await_flag(flag: &AtomicBool) {
    while !flag.swap(false, Ordering::AcqRel) {
        thread::yield_now();
    }
}

#[tokio::test]
async fn a_bad_request_costs_only_itself() {
    let fixture = Fixture::new(Sharing::Shared);
    let first = fixture.send(&[1]).await;
    assert_eq!(fixture.begun(), 1);
    let (good, bad) = (fixture.send(&[2]).await, fixture.send(&[-1]).await);
    fixture.let_go(4);
    first.await.unwrap().unwrap();
    assert_eq!(numbers(good.await.unwrap()), [4]);
    let invalid = EngineError::Invalid("x: -1 is negative".to_owned());
    assert_eq!(bad.await.unwrap(), Err(ScoreError::Engine(invalid)));
    let counts = fixture.endpoint.statistics().counts();
    assert_eq!((counts.success.count, counts.fail.count, counts.n_rows), (2, 1, 2));
}

#[tokio::test]
async fn a_deadline_that_passed_is_told_and_not_that_the_engine_failed() {
    const SHORT: Duration = Duration::from_millis(20);
    let fixture = Fixture::new(Sharing::Alone);
    let late = fixture.send_for(&[-1], SHORT).await;
    let next = fixture.send(&[1]).await;
    let sent = Instant::now();
    assert_eq!(fixture.begun(), 1);
    while sent.elapsed() < SHORT {
        std::hint::spin_loop();
    }
    fixture.let_go(1);
    // That a lane begins the next says that it is done with the first, and no caller was looked at meanwhile.
    assert_eq!(fixture.begun(), 1);
    fixture.let_go(1);
    assert_eq!(late.await.unwrap(), Err(ScoreError::DeadlinePassed(SHORT)));
    assert_eq!(numbers(next.await.unwrap()), [2]);
    assert_eq!(fixture.endpoint.statistics().counts().fail.count, 1);
}

#[tokio::test]
async fn an_engine_that_panics_is_opened_anew() {
    let fixture = Fixture::new(Sharing::Shared);
    fixture.let_go(2);
    let unlucky = fixture.endpoint.score(rows(&[13]), Params::default(), LONG).await.unwrap_err();
    let lost = EngineError::Lost("it panicked: thirteen".to_owned());
    assert_eq!(unlucky, ScoreError::Engine(lost));
    assert_eq!(numbers(fixture.endpoint.score(rows(&[14]), Params::default(), LONG).await), [28]);
    assert_eq!(fixture.endpoint.trouble(), None);
}

#[tokio::test]
async fn an_empty_request_is_scored_with_others_and_changes_nothing_for_them() {
    let fixture = Fixture::new(Sharing::Shared);
    let first = fixture.send(&[1]).await;
    assert_eq!(fixture.begun(), 1);
    let (empty, other) = (fixture.send(&[]).await, fixture.send(&[2]).await);
    fixture.let_go(2);
    assert_eq!(fixture.begun(), 1);
    first.await.unwrap().unwrap();
    assert!(numbers(empty.await.unwrap()).is_empty());
    assert_eq!(numbers(other.await.unwrap()), [4]);
    assert!(!fixture.endpoint.shared.has_no_rows.load(Ordering::Relaxed));
}

#[tokio::test]
async fn a_model_that_was_stopped_for_nobody_is_not_in_trouble() {
    let opened = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&opened);
    let loaded = Loaded {
        open: Box::new(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            Ok(Box::new(Endless))
        }),
        ..loaded(Sharing::Alone)
    };
    let endpoint = Endpoint::start(loaded, LIMITS, clock()).unwrap();
    for _ in 0..4 {
        let late = endpoint.score(rows(&[1]), Params::default(), Duration::from_millis(20)).await;
        assert!(matches!(late, Err(ScoreError::DeadlinePassed(_))), "{late:?}");
    }
    endpoint.close().await;
    assert_eq!(endpoint.trouble(), None);
    assert!(opened.load(Ordering::Relaxed) > 1);
    let counts = endpoint.statistics().counts();
    assert_eq!((counts.success.count, counts.fail.count), (0, 4));
}

/// Scores until it is stopped, and is gone then.
struct Endless;

impl Engine for Endless {
    fn score(
        &mut self,
        _: &Batch,
        _: &Params,
        cancellation: &Cancellation,
    ) -> Result<Predictions, EngineError> {
        let (stop, stopped) = channel();
        cancellation.stop_with(move || stop.send(()).unwrap());
        stopped.recv_timeout(LONG).unwrap();
        Err(EngineError::Lost("it was stopped".to_owned()))
    }
}

#[tokio::test]
async fn what_is_computed_for_two_ends_when_both_are_gone() {
    let fixture = Fixture::new(Sharing::Shared);
    let first = fixture.send(&[1]).await;
    assert_eq!(fixture.begun(), 1);
    let (second, third) = (fixture.send(&[2]).await, fixture.send(&[3]).await);
    fixture.let_go(1);
    assert_eq!(fixture.begun(), 2);
    let is_cancelled = || fixture.cancellation.lock().unwrap().check().is_err();
    second.abort();
    assert!(second.await.unwrap_err().is_cancelled());
    assert!(!is_cancelled());
    third.abort();
    assert!(third.await.unwrap_err().is_cancelled());
    assert!(is_cancelled());
    fixture.let_go(1);
    first.await.unwrap().unwrap();
}

#[tokio::test]
async fn every_lane_scores_an_example_though_the_queue_is_small() {
    let (tell, scored) = channel();
    let n_opened = AtomicU64::new(0);
    let open = move |_| -> Result<Box<dyn Engine>, LoadError> {
        Ok(Box::new(Numbered { number: n_opened.fetch_add(1, Ordering::Relaxed), tell: tell.clone() }))
    };
    let lanes = Lanes { n_lanes: 8, n_threads: 1 };
    let loaded = Loaded { open: Box::new(open), lanes, ..loaded(Sharing::Shared) };
    let endpoint = Endpoint::start(loaded, LIMITS, clock()).unwrap();
    endpoint.score_on_each_lane(&rows(&[1; 5]), &Params::default(), LONG).await.unwrap();
    let mut numbers: Vec<_> = scored.try_iter().collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7]);
}

/// Tells its number when it scores.
struct Numbered {
    number: u64,
    tell: Sender<u64>,
}

impl Engine for Numbered {
    fn score(&mut self, _: &Batch, _: &Params, _: &Cancellation) -> Result<Predictions, EngineError> {
        self.tell.send(self.number).unwrap();
        Ok(Predictions::Json(serde_json::Value::Null))
    }
}

#[tokio::test]
async fn closing_waits_for_what_is_in_the_queue() {
    let fixture = Fixture::new(Sharing::Shared);
    let endpoint = Arc::clone(&fixture.endpoint);
    let (first, second) = (fixture.send(&[1]).await, fixture.send(&[2]).await);
    fixture.let_go(2);
    endpoint.shared.waiting.close();
    assert_eq!(numbers(first.await.unwrap()), [2]);
    assert_eq!(numbers(second.await.unwrap()), [4]);
    let refused = endpoint.score(rows(&[3]), Params::default(), LONG).await;
    assert_eq!(refused, Err(ScoreError::Closed));
}
