//! A graph that is computed for nobody, on a lane of a queue.

use std::sync::Arc;
use std::time::Duration;

use forebay_core::clock::FixedClock;

use super::*;
use crate::engines::Lanes;
use crate::queue::endpoint::Endpoint;
use crate::queue::error::ScoreError;
use crate::queue::limits::Limits;

#[tokio::test]
async fn a_graph_that_computes_for_nobody_ends_and_its_lane_is_free() {
    let Some(loaded) = loaded("loops") else { return };
    let limits = Limits { batch_rows: 1, waiting_rows: 1, waiting_bytes: 1 << 20 };
    let lanes = Lanes { n_lanes: 1, n_threads: 1 };
    let endpoint = Endpoint::start(Loaded { lanes, ..loaded }, limits, Arc::new(FixedClock::new(7))).unwrap();
    let count_to = |n: i64| {
        let steps = Tensor::of_rows(Elements::Int64(vec![n]));
        Batch::Tensors(vec![("n".to_owned(), steps)])
    };
    let (short, long) = (Duration::from_millis(50), Duration::from_mins(1));
    for _ in 0..2 {
        let endless = endpoint.score(count_to(i64::MAX), Params::default(), short).await;
        assert_eq!(endless, Err(ScoreError::DeadlinePassed(short)));
        let counted = endpoint.score(count_to(3), Params::default(), long).await.unwrap();
        let expected = Tensor::of_rows(Elements::Int64(vec![3]));
        assert_eq!(counted.predictions, Predictions::Arrays(vec![("counted".to_owned(), expected)]));
    }
    // The session was kept.
    assert_eq!(endpoint.trouble(), None);
}
