//! Experiments: the whole of every answer.

use forebay_db::{Db, for_each_db};
use serde_json::json;

use crate::server::TestServer;

async fn a_new_database_holds_the_default_experiment(db: Db) {
    let server = TestServer::start(db).await;
    assert_answer_snapshot!(server.get("experiments/get?experiment_id=0").await, @r#"
    200
    {
      "experiment": {
        "experiment_id": "0",
        "name": "Default",
        "artifact_location": "mlflow-artifacts:/0",
        "lifecycle_stage": "active",
        "last_update_time": 1700000000000,
        "creation_time": 1700000000000,
        "workspace": "default"
      }
    }
    "#);
    assert_answer_snapshot!(server.post("experiments/search", json!({"max_results": 5})).await, @r#"
    200
    {
      "experiments": [
        {
          "experiment_id": "0",
          "name": "Default",
          "artifact_location": "mlflow-artifacts:/0",
          "lifecycle_stage": "active",
          "last_update_time": 1700000000000,
          "creation_time": 1700000000000,
          "workspace": "default"
        }
      ]
    }
    "#);
    server.stop().await;
}

async fn an_experiment_is_created_found_and_tagged(db: Db) {
    let server = TestServer::start(db).await;
    let message = json!({"name": "flights", "tags": [{"key": "b", "value": "2"}, {"key": "a", "value": ""}]});
    assert_answer_snapshot!(server.post("experiments/create", message).await, @r#"
    200
    {
      "experiment_id": "1"
    }
    "#);
    assert_answer_snapshot!(server.get("experiments/get-by-name?experiment_name=flights").await, @r#"
    200
    {
      "experiment": {
        "experiment_id": "1",
        "name": "flights",
        "artifact_location": "mlflow-artifacts:/1",
        "lifecycle_stage": "active",
        "last_update_time": 1700000000000,
        "creation_time": 1700000000000,
        "tags": [
          {
            "key": "a",
            "value": ""
          },
          {
            "key": "b",
            "value": "2"
          }
        ],
        "workspace": "default"
      }
    }
    "#);
    let tag = json!({"experiment_id": "1", "key": "b", "value": "3"});
    assert_answer_snapshot!(server.post("experiments/set-experiment-tag", tag).await, @r"
    200
    {}
    ");
    let tag = json!({"experiment_id": "1", "key": "a"});
    assert_answer_snapshot!(server.post("experiments/delete-experiment-tag", tag.clone()).await, @r"
    200
    {}
    ");
    assert_answer_snapshot!(server.post("experiments/delete-experiment-tag", tag).await, @r#"
    404
    {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "No tag with name: a in experiment with id 1"}
    "#);
    assert_answer_snapshot!(server.get("experiments/get?experiment_id=1").await, @r#"
    200
    {
      "experiment": {
        "experiment_id": "1",
        "name": "flights",
        "artifact_location": "mlflow-artifacts:/1",
        "lifecycle_stage": "active",
        "last_update_time": 1700000000000,
        "creation_time": 1700000000000,
        "tags": [
          {
            "key": "b",
            "value": "3"
          }
        ],
        "workspace": "default"
      }
    }
    "#);
    server.stop().await;
}

async fn a_deleted_experiment_keeps_its_name_and_its_runs_go_with_it(db: Db) {
    let server = TestServer::start(db).await;
    server.post("experiments/create", json!({"name": "flights"})).await.ok();
    let run = json!({"experiment_id": "1", "run_name": "r", "start_time": 1});
    server.post("runs/create", run.clone()).await.ok();
    assert_answer_snapshot!(server.post("experiments/delete", json!({"experiment_id": "1"})).await, @r"
    200
    {}
    ");
    assert_answer_snapshot!(server.post("experiments/create", json!({"name": "flights"})).await, @r#"
    400
    {"error_code": "RESOURCE_ALREADY_EXISTS", "message": "Experiment(name=flights) already exists. Error: the name is taken, possibly by a deleted experiment; restore that one, delete it permanently or choose another name"}
    "#);
    assert_answer_snapshot!(server.post("experiments/delete", json!({"experiment_id": "1"})).await, @r#"
    404
    {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "No Experiment with id=1 exists"}
    "#);
    assert_answer_snapshot!(server.post("runs/create", run).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "The experiment 1 must be in the 'active' state. Current state is deleted."}
    "#);
    let found = server.post("runs/search", json!({"experiment_ids": ["1"]})).await;
    assert_answer_snapshot!(found, @r"
    200
    {}
    ");
    server.post("experiments/restore", json!({"experiment_id": "1"})).await.ok();
    let found = server.post("runs/search", json!({"experiment_ids": ["1"]})).await.ok();
    assert_eq!(found["runs"][0]["info"]["lifecycle_stage"], "active");
    server.stop().await;
}

async fn a_new_name_is_refused_while_another_has_it(db: Db) {
    let server = TestServer::start(db).await;
    server.post("experiments/create", json!({"name": "a"})).await.ok();
    let rename = |name: &str| json!({"experiment_id": "1", "new_name": name});
    assert_answer_snapshot!(server.post("experiments/update", rename("Default")).await, @r#"
    400
    {"error_code": "BAD_REQUEST", "message": "Cannot rename the experiment: the name 'Default' is taken, possibly by a deleted experiment"}
    "#);
    assert_answer_snapshot!(server.post("experiments/update", rename("b")).await, @r"
    200
    {}
    ");
    assert_answer_snapshot!(server.get("experiments/get-by-name?experiment_name=a").await, @r#"
    404
    {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Could not find experiment with name 'a'"}
    "#);
    server.stop().await;
}

async fn a_search_without_a_page_size_is_refused(db: Db) {
    let server = TestServer::start(db).await;
    assert_answer_snapshot!(server.post("experiments/search", json!({})).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer"}
    "#);
    assert_answer_snapshot!(server.get("experiments/search?max_results=50001").await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid value 50001 for parameter 'max_results' supplied. It must be at most 50000"}
    "#);
    server.stop().await;
}

for_each_db!(
    a_new_database_holds_the_default_experiment,
    an_experiment_is_created_found_and_tagged,
    a_deleted_experiment_keeps_its_name_and_its_runs_go_with_it,
    a_new_name_is_refused_while_another_has_it,
    a_search_without_a_page_size_is_refused,
);
