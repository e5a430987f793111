//! Writes, in an experiment of their own.

use anyhow::Result;

use super::{Amount, REQUESTS, Scenario};
use crate::bench::api::Api;
use crate::bench::load::Check;
use crate::bench::requests::{Draft, Requests};

const EXPERIMENT: &str = "bench-logging";
const KEYS: [&str; 10] =
    ["loss", "accuracy", "auc", "f1", "precision", "recall", "lr", "grad_norm", "val_loss", "val_accuracy"];
const STEPS_PER_BATCH: u64 = 100;
const METRICS: Amount = Amount { per_request: 1000.0, unit: "metrics/s" };

pub(super) fn scenarios() -> Vec<Scenario> {
    let logging = |name, n_connections, floor, prepare| Scenario {
        name,
        n_connections,
        amount: REQUESTS,
        floor,
        check: Check::Status,
        prepare,
    };
    vec![
        logging("log-metric", 16, 60.0, log_metric),
        Scenario { amount: METRICS, ..logging("log-batch", 1, 25.0, log_batch) },
        Scenario { amount: METRICS, ..logging("log-batch-4", 4, 25.0, log_batch) },
        logging("create-run", 16, 50.0, create_run),
    ]
}

/// One metric, step after step, of a run of this connection's own.
fn log_metric(api: Api) -> Result<Requests> {
    let run = api.run(&api.experiment(EXPERIMENT)?)?;
    let draft =
        Draft::default().push(&format!(r#"{{"run_id":"{run}","key":"loss","value":0.4137,"timestamp":"#));
    let draft = draft.push_time().push(r#","step":"#).push_step(0).push("}");
    Ok(draft.post("/api/2.0/mlflow/runs/log-metric", 1))
}

/// A thousand points: ten metrics over a hundred steps, which go on in the next batch.
fn log_batch(api: Api) -> Result<Requests> {
    let run = api.run(&api.experiment(EXPERIMENT)?)?;
    let mut draft = Draft::default().push(&format!(r#"{{"run_id":"{run}","metrics":["#));
    for offset in 0..STEPS_PER_BATCH {
        for (n, key) in KEYS.iter().enumerate() {
            let comma = if (offset, n) == (0, 0) { "" } else { "," };
            draft = draft.push(&format!(r#"{comma}{{"key":"{key}","value":0.{offset}{n}7,"timestamp":"#));
            draft = draft.push_time().push(r#","step":"#).push_step(offset).push("}");
        }
    }
    Ok(draft.push("]}").post("/api/2.0/mlflow/runs/log-batch", STEPS_PER_BATCH))
}

/// A run as the Python client creates it.
fn create_run(api: Api) -> Result<Requests> {
    let experiment = api.experiment(EXPERIMENT)?;
    let draft = Draft::default().push(&format!(r#"{{"experiment_id":"{experiment}","start_time":"#));
    let draft = draft.push_time().push(r#","run_name":"run-"#).push_step(0);
    let tag = |key: &str, value: &str| format!(r#"{{"key":"mlflow.{key}","value":"{value}"}}"#);
    let tags = [tag("user", "nightly"), tag("source.name", "train.py"), tag("source.type", "LOCAL")];
    let draft = draft.push(&format!(r#"","user_id":"nightly","tags":[{}]}}"#, tags.join(",")));
    Ok(draft.post("/api/2.0/mlflow/runs/create", 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_a_thousand_points() {
        assert_eq!(KEYS.len() * usize::try_from(STEPS_PER_BATCH).unwrap(), 1000);
    }
}
