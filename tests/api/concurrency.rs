//! Many callers at once: no faults, nothing lost, and one truth about every value.

use std::sync::Arc;

use forebay_db::testing::TestDb;
use forebay_db::{Db, Error, for_each_db};
use futures_util::future::join_all;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::server::{Answer, TestServer};

const N_TASKS: usize = 200;
const N_RUNS: usize = 4;

async fn two_hundred_callers_log_on_four_runs_and_nothing_is_lost(db: Db) {
    let server = TestServer::start(db).await;
    let mut runs = Vec::new();
    for n in 0..N_RUNS {
        runs.push(server.create_run(&format!("r{n}")).await);
    }
    let answers = join_all((0..N_TASKS).map(|n| {
        let batch = json!({
            "run_id": runs[n % N_RUNS],
            "metrics": [
                {"key": "shared", "value": n, "timestamp": 1, "step": n},
                {"key": "shared", "value": -1, "timestamp": 1, "step": n},
                {"key": format!("own{n}"), "value": n, "timestamp": 1, "step": 0},
            ],
            "params": [{"key": format!("p{n}"), "value": "1"}, {"key": "same", "value": "1"}],
            "tags": [{"key": format!("t{n}"), "value": "x"}, {"key": "last", "value": n.to_string()}],
        });
        server.post("runs/log-batch", batch)
    }))
    .await;
    for answer in answers {
        assert_eq!(answer.status, 200, "{answer}");
    }
    for (position, id) in runs.iter().enumerate() {
        let per_run = N_TASKS / N_RUNS;
        assert_eq!(server.n_points(id, "shared").await, 2 * per_run);
        let data = server.run(id).await["data"].clone();
        let sizes = ["metrics", "params", "tags"].map(|list| data[list].as_array().unwrap().len());
        assert_eq!(sizes, [per_run + 1, per_run + 1, per_run + 2]);
        let latest =
            data["metrics"].as_array().unwrap().iter().find(|metric| metric["key"] == "shared").unwrap();
        let last = N_TASKS - N_RUNS + position;
        assert_eq!((&latest["step"], latest["value"].as_f64()), (&json!(last), json!(last).as_f64()));
    }
    server.stop().await;
}

async fn of_many_values_for_one_param_exactly_one_is_kept(db: Db) {
    let server = TestServer::start(db).await;
    let id = server.create_run("r").await;
    let answers = join_all((0..50).map(|n| {
        let batch = json!({
            "run_id": id,
            "params": [{"key": "p", "value": n.to_string()}],
            "metrics": [{"key": "m", "value": n, "timestamp": 1, "step": n}],
        });
        server.post("runs/log-batch", batch)
    }))
    .await;
    let winners: Vec<usize> = positions(&answers, 200);
    assert_eq!((winners.len(), positions(&answers, 400).len()), (1, 49));
    let data = server.run(&id).await["data"].clone();
    assert_eq!(data["params"], json!([{"key": "p", "value": winners[0].to_string()}]));
    assert_eq!(server.n_points(&id, "m").await, 1);
    server.stop().await;
}

fn positions(answers: &[Answer], status: u16) -> Vec<usize> {
    (0..answers.len()).filter(|position| answers[*position].status == status).collect()
}

/// Holds the writer of SQLite until it is released, so that what is sent meanwhile becomes one group.
#[derive(Default)]
struct Gate {
    is_held: Notify,
    release: Notify,
}

async fn a_conflict_within_one_group_of_writes_costs_only_the_later_one(db: Db) {
    let server = TestServer::start(db).await;
    let id = server.create_run("r").await;
    let gate = Arc::new(Gate::default());
    let held = server.db.write(Arc::clone(&gate), |_, gate| {
        Box::pin(async {
            gate.is_held.notify_one();
            gate.release.notified().await;
            Ok::<(), Error>(())
        })
    });
    let param =
        |value: &str| server.post("runs/log-parameter", json!({"run_id": id, "key": "p", "value": value}));
    let tag = server.post("runs/set-tag", json!({"run_id": id, "key": "t", "value": "x"}));
    let release = async {
        gate.is_held.notified().await;
        // Requests are taken in their order here, so these come after the others have reached the writer.
        for _ in 0..3 {
            server.get("/health").await;
        }
        gate.release.notify_one();
    };
    let (held, first, second, tag, ()) = tokio::join!(held, param("1"), param("2"), tag, release);
    held.unwrap();
    tag.ok();
    let mut statuses = [first.status, second.status];
    let kept = if first.status == 200 { "1" } else { "2" };
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400], "{first} {second}");
    let data = server.run(&id).await["data"].clone();
    assert_eq!(data["params"], json!([{"key": "p", "value": kept}]));
    assert_eq!(data["tags"].as_array().unwrap().len(), 2);
    server.stop().await;
}

async fn a_run_deleted_while_others_log_on_it_keeps_what_was_acknowledged(db: Db) {
    let server = TestServer::start(db).await;
    let id = server.create_run("r").await;
    let log = |step: i64| {
        server.post(
            "runs/log-metric",
            json!({"run_id": id, "key": "m", "value": 1, "timestamp": 1, "step": step}),
        )
    };
    let before = join_all((0..20).map(log));
    let after = join_all((20..40).map(log));
    let delete = server.post("runs/delete", json!({"run_id": id}));
    let (before, deleted, after) = tokio::join!(before, delete, after);
    deleted.ok();
    let answers: Vec<Answer> = before.into_iter().chain(after).collect();
    let (logged, refused) = (positions(&answers, 200), positions(&answers, 400));
    assert_eq!(logged.len() + refused.len(), 40, "{answers:?}");
    assert_eq!(log(99).await.status, 400);
    assert_eq!(server.n_points(&id, "m").await, logged.len());
    server.stop().await;
}

async fn of_many_that_create_one_experiment_exactly_one_does(db: Db) {
    let server = TestServer::start(db).await;
    let answers = join_all((0..20).map(|_| server.post("experiments/create", json!({"name": "e"})))).await;
    assert_eq!((positions(&answers, 200).len(), positions(&answers, 400).len()), (1, 19), "{answers:?}");
    let found = server.post("experiments/search", json!({"max_results": 10})).await.ok();
    assert_eq!(found["experiments"].as_array().map(Vec::len), Some(2));
    server.stop().await;
}

async fn renames_and_logs_of_the_same_runs_do_not_lock_each_other_out(db: Db) {
    let server = TestServer::start(db).await;
    let runs = [server.create_run("a").await, server.create_run("b").await];
    let name = |n: usize| json!({"key": "mlflow.runName", "value": format!("n{n}")});
    let message = |n: usize| -> (&str, Value) {
        let id = &runs[n % 2];
        match n % 3 {
            0 => ("runs/log-batch", json!({"run_id": id, "tags": [name(n)]})),
            1 => ("runs/update", json!({"run_id": id, "run_name": format!("n{n}")})),
            _ => {
                ("runs/log-metric", json!({"run_id": id, "key": "m", "value": 1, "timestamp": 1, "step": n}))
            }
        }
    };
    let answers = join_all((0..60).map(message).map(|(path, message)| server.post(path, message))).await;
    assert_eq!(positions(&answers, 200).len(), 60, "{answers:?}");
    for id in &runs {
        let run = server.run(id).await;
        assert_eq!(run["data"]["tags"][0]["value"], run["info"]["run_name"]);
    }
    server.stop().await;
}

/// Two callers name the same keys in opposite orders, again and again.
async fn log_in_opposite_orders(server: &TestServer) {
    const N_ROUNDS: usize = 10;
    let model = json!({"experiment_id": "0", "name": "m"});
    let model = server.post("logged-models", model).await.ok()["model"]["info"]["model_id"].clone();
    let model = model.as_str().unwrap();
    for round in 0..N_ROUNDS {
        let id = server.create_run("r").await;
        let keys: Vec<String> = (0..90).map(|n| format!("k{round}.{n}")).collect();
        let batch = |keys: Vec<&String>| {
            let entry = |key: &&String| json!({"key": key, "value": "1"});
            let metric =
                |key: &&String| json!({"key": key, "value": 1, "timestamp": 1, "step": 0, "model_id": model});
            let entries: Vec<Value> = keys.iter().map(entry).collect();
            let metrics: Vec<Value> = keys.iter().map(metric).collect();
            json!({"run_id": id, "params": entries, "tags": entries, "metrics": metrics})
        };
        let (there, back) = (batch(keys.iter().collect()), batch(keys.iter().rev().collect()));
        let answers =
            join_all([&there, &back].map(|batch| server.post("runs/log-batch", batch.clone()))).await;
        assert_eq!(positions(&answers, 200), [0, 1], "{answers:?}");
        let params = |batch: &Value| json!({"model_id": model, "params": batch["params"]});
        let path = format!("logged-models/{model}/params");
        let answers = join_all([&there, &back].map(|batch| server.post(&path, params(batch)))).await;
        assert_eq!((positions(&answers, 200).len(), positions(&answers, 500).len()), (1, 0), "{answers:?}");
    }
}

async fn callers_that_log_the_same_things_in_opposite_orders_are_all_answered(db: Db) {
    let server = TestServer::start(db).await;
    log_in_opposite_orders(&server).await;
    server.stop().await;
}

/// If the rows went in as they came, each caller would hold what the other waits for, and PostgreSQL would give one of
/// them up; its write would be tried again.
#[tokio::test]
async fn callers_that_log_the_same_things_in_opposite_orders_do_not_lock_each_other_out() {
    let Some(test) = TestDb::postgres().await else { return };
    let mut registry = Registry::default();
    let db = test.reopen_measured(&mut registry).await;
    test.db.close().await;
    let server = TestServer::start(db).await;
    log_in_opposite_orders(&server).await;
    let mut counts = String::new();
    encode(&mut counts, &registry).unwrap();
    assert!(counts.contains("\nforebay_db_retries_total 0\n"), "{counts}");
    server.stop().await;
}

for_each_db!(
    two_hundred_callers_log_on_four_runs_and_nothing_is_lost,
    of_many_values_for_one_param_exactly_one_is_kept,
    a_conflict_within_one_group_of_writes_costs_only_the_later_one,
    a_run_deleted_while_others_log_on_it_keeps_what_was_acknowledged,
    of_many_that_create_one_experiment_exactly_one_does,
    renames_and_logs_of_the_same_runs_do_not_lock_each_other_out,
    callers_that_log_the_same_things_in_opposite_orders_are_all_answered,
);
