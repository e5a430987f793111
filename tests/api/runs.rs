//! Runs: which fields are there, in which order, at each point of a run's life.

use forebay_db::{Db, for_each_db};
use serde_json::json;

use crate::server::TestServer;

async fn a_run_without_a_name_gets_one(db: Db) {
    let server = TestServer::start(db).await;
    assert_answer_snapshot!(server.post("runs/create", json!({"experiment_id": "0"})).await, @r#"
    200
    {
      "run": {
        "info": {
          "run_uuid": "00000000000000000000000000000002",
          "experiment_id": "0",
          "run_name": "calm-otter-1",
          "user_id": "",
          "status": "RUNNING",
          "start_time": 0,
          "artifact_uri": "mlflow-artifacts:/0/00000000000000000000000000000002/artifacts",
          "lifecycle_stage": "active",
          "run_id": "00000000000000000000000000000002"
        },
        "data": {
          "tags": [
            {
              "key": "mlflow.runName",
              "value": "calm-otter-1"
            }
          ]
        },
        "inputs": {}
      }
    }
    "#);
    server.stop().await;
}

async fn a_run_is_created_with_its_tags_in_their_order_and_finished(db: Db) {
    let server = TestServer::start(db).await;
    let message = json!({"experiment_id": "0", "user_id": "ann", "run_name": "r", "start_time": 5,
        "tags": [{"key": "z", "value": ""}, {"key": "mlflow.user", "value": "ann"}]});
    assert_answer_snapshot!(server.post("runs/create", message).await, @r#"
    200
    {
      "run": {
        "info": {
          "run_uuid": "00000000000000000000000000000001",
          "experiment_id": "0",
          "run_name": "r",
          "user_id": "ann",
          "status": "RUNNING",
          "start_time": 5,
          "artifact_uri": "mlflow-artifacts:/0/00000000000000000000000000000001/artifacts",
          "lifecycle_stage": "active",
          "run_id": "00000000000000000000000000000001"
        },
        "data": {
          "tags": [
            {
              "key": "z",
              "value": ""
            },
            {
              "key": "mlflow.user",
              "value": "ann"
            },
            {
              "key": "mlflow.runName",
              "value": "r"
            }
          ]
        },
        "inputs": {}
      }
    }
    "#);
    let id = "00000000000000000000000000000001";
    let update = json!({"run_id": id, "status": "FINISHED", "end_time": 20});
    assert_answer_snapshot!(server.post("runs/update", update).await, @r#"
    200
    {
      "run_info": {
        "run_uuid": "00000000000000000000000000000001",
        "experiment_id": "0",
        "run_name": "r",
        "user_id": "ann",
        "status": "FINISHED",
        "start_time": 5,
        "end_time": 20,
        "artifact_uri": "mlflow-artifacts:/0/00000000000000000000000000000001/artifacts",
        "lifecycle_stage": "active",
        "run_id": "00000000000000000000000000000001"
      }
    }
    "#);
    server.stop().await;
}

async fn a_run_tells_everything_that_was_logged_on_it(db: Db) {
    let server = TestServer::start(db).await;
    let id = server.create_run("r").await;
    let batch = json!({
        "run_id": id,
        "metrics": [
            {"key": "loss", "value": 0.5, "timestamp": 10, "step": 0},
            {"key": "loss", "value": "NaN", "timestamp": 11, "step": 1},
            {"key": "acc", "value": 1, "timestamp": "12", "step": -1},
            {"key": "big", "value": "Infinity", "timestamp": 13},
        ],
        "params": [{"key": "rate", "value": "0.1"}, {"key": "empty", "value": ""}],
        "tags": [{"key": "z", "value": "ü"}],
    });
    server.post("runs/log-batch", batch).await.ok();
    assert_answer_snapshot!(server.get(&format!("runs/get?run_id={id}")).await, @r#"
    200
    {
      "run": {
        "info": {
          "run_uuid": "00000000000000000000000000000001",
          "experiment_id": "0",
          "run_name": "r",
          "user_id": "",
          "status": "RUNNING",
          "start_time": 1700000000000,
          "artifact_uri": "mlflow-artifacts:/0/00000000000000000000000000000001/artifacts",
          "lifecycle_stage": "active",
          "run_id": "00000000000000000000000000000001"
        },
        "data": {
          "metrics": [
            {
              "key": "acc",
              "value": 1.0,
              "timestamp": 12,
              "step": -1
            },
            {
              "key": "big",
              "value": 1.7976931348623157e+308,
              "timestamp": 13,
              "step": 0
            },
            {
              "key": "loss",
              "value": "NaN",
              "timestamp": 11,
              "step": 1
            }
          ],
          "params": [
            {
              "key": "empty",
              "value": ""
            },
            {
              "key": "rate",
              "value": "0.1"
            }
          ],
          "tags": [
            {
              "key": "mlflow.runName",
              "value": "r"
            },
            {
              "key": "z",
              "value": "\u00fc"
            }
          ]
        },
        "inputs": {},
        "outputs": {}
      }
    }
    "#);
    server.stop().await;
}

async fn each_way_of_logging_one_thing_answers_with_nothing(db: Db) {
    let server = TestServer::start(db).await;
    let id = server.create_run("r").await;
    let metric = json!({"run_id": id, "key": "m", "value": 1.5, "timestamp": 1, "step": 2});
    assert_answer_snapshot!(server.post("runs/log-metric", metric).await, @r"
    200
    {}
    ");
    let param = json!({"run_uuid": id, "key": "p", "value": "1"});
    assert_answer_snapshot!(server.post("runs/log-parameter", param).await, @r"
    200
    {}
    ");
    assert_answer_snapshot!(server.post("runs/set-tag", json!({"run_id": id, "key": "t", "value": "x"})).await, @r"
    200
    {}
    ");
    assert_answer_snapshot!(server.post("runs/delete-tag", json!({"run_id": id, "key": "t"})).await, @r"
    200
    {}
    ");
    assert_answer_snapshot!(server.post("runs/delete-tag", json!({"run_id": id, "key": "t"})).await, @r#"
    404
    {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "No tag with name: t in run with id 00000000000000000000000000000001"}
    "#);
    assert_eq!(
        server.run(&id).await["data"],
        json!({
            "metrics": [{"key": "m", "value": 1.5, "timestamp": 1, "step": 2}],
            "params": [{"key": "p", "value": "1"}],
            "tags": [{"key": "mlflow.runName", "value": "r"}],
        })
    );
    server.stop().await;
}

async fn a_deleted_run_can_be_read_and_restored_but_not_written(db: Db) {
    let server = TestServer::start(db).await;
    let id = server.create_run("r").await;
    assert_answer_snapshot!(server.post("runs/delete", json!({"run_id": id})).await, @r"
    200
    {}
    ");
    assert_eq!(server.run(&id).await["info"]["lifecycle_stage"], "deleted");
    let metric = json!({"run_id": id, "key": "m", "value": 1.5, "timestamp": 1, "step": 2});
    assert_answer_snapshot!(server.post("runs/log-metric", metric.clone()).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "The run 00000000000000000000000000000001 must be in the 'active' state. Current state is deleted."}
    "#);
    assert_answer_snapshot!(server.post("runs/update", json!({"run_id": id, "status": "FAILED"})).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "The run 00000000000000000000000000000001 must be in the 'active' state. Current state is deleted."}
    "#);
    assert_answer_snapshot!(server.post("runs/restore", json!({"run_id": id})).await, @r"
    200
    {}
    ");
    server.post("runs/log-metric", metric).await.ok();
    server.stop().await;
}

for_each_db!(
    a_run_without_a_name_gets_one,
    a_run_is_created_with_its_tags_in_their_order_and_finished,
    a_run_tells_everything_that_was_logged_on_it,
    each_way_of_logging_one_thing_answers_with_nothing,
    a_deleted_run_can_be_read_and_restored_but_not_written,
);
