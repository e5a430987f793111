//! What is refused, in which words, and that it leaves no trace.

use forebay_db::{Db, for_each_db};
use serde_json::{Value, json};

use crate::server::TestServer;

async fn a_refused_batch_writes_nothing(db: Db) {
    let server = TestServer::start(db).await;
    let id = server.create_run("r").await;
    server.post("runs/log-parameter", json!({"run_id": id, "key": "p", "value": "1"})).await.ok();
    let before = server.run(&id).await;
    let good = json!({
        "run_id": id,
        "metrics": [{"key": "m", "value": 1, "timestamp": 1, "step": 0}],
        "params": [{"key": "new", "value": "1"}],
        "tags": [{"key": "t", "value": "x"}],
    });
    let with = |list: &str, item: Value| {
        let mut batch = good.clone();
        batch[list].as_array_mut().unwrap().push(item);
        server.post("runs/log-batch", batch)
    };
    assert_answer_snapshot!(with("params", json!({"key": "p", "value": "2"})).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "Changing param values is not allowed. Params were already logged='[{'key': 'p', 'old_value': '1', 'new_value': '2'}]' for run ID='00000000000000000000000000000001'."}
    "#);
    assert_answer_snapshot!(with("params", json!({"key": "new", "value": "2"})).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "Duplicate parameter keys have been submitted: ['new']. Please ensure the request contains only one param value per param key."}
    "#);
    assert_answer_snapshot!(with("params", json!({"key": "../up", "value": "2"})).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid value \"../up\" for parameter 'params[1].key' supplied: Names may be treated as files in certain cases, and must not resolve to other names when treated as such. This name would resolve to '../up'"}
    "#);
    assert_answer_snapshot!(with("metrics", json!({"key": "m", "timestamp": 1, "step": 0})).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "Missing value for required parameter 'metrics[1].value'. See the API docs for more information about request parameters."}
    "#);
    assert_answer_snapshot!(with("metrics", json!({"key": "m", "value": "x", "timestamp": 1})).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid value \"x\" for parameter 'metrics[1].value' supplied:  Hint: Value was of type 'str'. See the API docs for more information about request parameters."}
    "#);
    assert_answer_snapshot!(with("tags", json!({"value": "x"})).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "Missing value for required parameter 'tags[1].key'. See the API docs for more information about request parameters."}
    "#);
    assert_answer_snapshot!(with("metrics", json!({"key": "m", "value": 1, "timestamp": 1, "model_id": "m-1"})).await, @r#"
    400
    {"error_code": "BAD_REQUEST", "message": "Metric 'm' belongs to model_id 'm-1', but there is no such logged model"}
    "#);
    assert_eq!(server.run(&id).await, before);
    assert_eq!(server.n_points(&id, "m").await, 0);
    server.stop().await;
}

async fn a_batch_beyond_its_limits_is_refused(db: Db) {
    let server = TestServer::start(db).await;
    let id = server.create_run("r").await;
    let metric = json!({"key": "m", "value": 1, "timestamp": 1, "step": 0});
    let too_many = json!({"run_id": id, "metrics": vec![metric; 1_001]});
    assert_answer_snapshot!(server.post("runs/log-batch", too_many).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "A batch logging request can contain at most 1000 metrics. Got 1001 metrics. Please split up metrics across multiple requests and try again."}
    "#);
    let tags: Vec<Value> = (0..101).map(|n| json!({"key": format!("t{n}"), "value": ""})).collect();
    assert_answer_snapshot!(server.post("runs/log-batch", json!({"run_id": id, "tags": tags})).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "A batch logging request can contain at most 100 tags. Got 101 tags. Please split up tags across multiple requests and try again."}
    "#);
    assert_eq!(server.run(&id).await["data"]["tags"].as_array().unwrap().len(), 1);
    server.stop().await;
}

/// MLflow announces a limit of a megabyte for a batch, but measures it wrongly, and so takes longer ones.
async fn a_batch_of_more_than_a_megabyte_is_taken_and_its_values_are_cut(db: Db) {
    let server = TestServer::start(db).await;
    let id = server.create_run("r").await;
    let long = "x".repeat(11_000);
    let tags: Vec<Value> = (0..100).map(|n| json!({"key": format!("t{n}"), "value": long})).collect();
    let params = [json!({"key": "p", "value": long})];
    server.post("runs/log-batch", json!({"run_id": id, "tags": tags, "params": params})).await.ok();
    let data = server.run(&id).await["data"].clone();
    assert_eq!(data["tags"][1]["value"].as_str().unwrap().len(), 8_000);
    assert_eq!(data["params"][0]["value"].as_str().unwrap().len(), 6_000);
    server.stop().await;
}

async fn a_param_keeps_its_value(db: Db) {
    let server = TestServer::start(db).await;
    let id = server.create_run("r").await;
    let with =
        |value: &str| server.post("runs/log-parameter", json!({"run_id": id, "key": "p", "value": value}));
    assert_answer_snapshot!(with("1").await, @r"
    200
    {}
    ");
    assert_answer_snapshot!(with("1").await, @r"
    200
    {}
    ");
    assert_answer_snapshot!(with("2").await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "Changing param values is not allowed. Param with key='p' was already logged with value='1' for run ID='00000000000000000000000000000001'. Attempted logging new value '2'."}
    "#);
    server.stop().await;
}

async fn what_is_missing_is_named(db: Db) {
    let server = TestServer::start(db).await;
    assert_answer_snapshot!(server.get("runs/get").await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "Missing value for required parameter 'run_id'. See the API docs for more information about request parameters."}
    "#);
    assert_answer_snapshot!(server.get("runs/get?run_id=00000000000000000000000000000009").await, @r#"
    404
    {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Run with id=00000000000000000000000000000009 not found"}
    "#);
    assert_answer_snapshot!(server.get("experiments/get?experiment_id=9").await, @r#"
    404
    {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "No Experiment with id=9 exists"}
    "#);
    assert_answer_snapshot!(server.get("experiments/get-by-name?experiment_name=nope").await, @r#"
    404
    {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Could not find experiment with name 'nope'"}
    "#);
    assert_answer_snapshot!(server.post("experiments/create", json!({"name": null})).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "Missing value for required parameter 'name'. See the API docs for more information about request parameters."}
    "#);
    assert_answer_snapshot!(server.post("runs/create", json!({"run_name": "r"})).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "Missing value for required parameter 'experiment_id'. See the API docs for more information about request parameters."}
    "#);
    assert_answer_snapshot!(server.post("runs/create", json!({"experiment_id": 7})).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid value 7 for parameter 'experiment_id' supplied:  Hint: Value was of type 'int'. See the API docs for more information about request parameters."}
    "#);
    assert_answer_snapshot!(server.post("runs/create", json!({"experiment_id": "7"})).await, @r#"
    404
    {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "No Experiment with id=7 exists"}
    "#);
    server.stop().await;
}

async fn routes_and_methods_that_are_none_are_told_in_json(db: Db) {
    let server = TestServer::start(db).await;
    assert_answer_snapshot!(server.get("runs/nope").await, @r#"
    404
    {"error_code": "ENDPOINT_NOT_FOUND", "message": "No endpoint for GET /api/2.0/mlflow/runs/nope"}
    "#);
    assert_answer_snapshot!(server.get("/").await, @r#"
    404
    {"error_code": "ENDPOINT_NOT_FOUND", "message": "No endpoint for GET /"}
    "#);
    assert_answer_snapshot!(server.get("runs/create").await, @r#"
    405
    {"error_code": "ENDPOINT_NOT_FOUND", "message": "The method GET is not allowed for /api/2.0/mlflow/runs/create"}
    "#);
    assert_answer_snapshot!(server.post("/api/2.0/mlflow/metrics/get-history-bulk", json!({})).await, @r#"
    404
    {"error_code": "ENDPOINT_NOT_FOUND", "message": "No endpoint for POST /api/2.0/mlflow/metrics/get-history-bulk"}
    "#);
    server.stop().await;
}

for_each_db!(
    a_refused_batch_writes_nothing,
    a_batch_beyond_its_limits_is_refused,
    a_batch_of_more_than_a_megabyte_is_taken_and_its_values_are_cut,
    a_param_keeps_its_value,
    what_is_missing_is_named,
    routes_and_methods_that_are_none_are_told_in_json,
);
