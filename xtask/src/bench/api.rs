//! The few calls that prepare a scenario: those that make what its requests are about.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::http::Connection;
use super::requests::{Draft, Requests};

/// A server of either kind.
#[derive(Clone, Copy)]
pub(super) struct Api {
    port: u16,
}

impl Api {
    /// The server on `port` of this machine.
    pub(super) fn new(port: u16) -> Self {
        Self { port }
    }

    /// Whether it answers out of its database.
    pub(super) fn can_search(self) -> bool {
        self.post("/api/2.0/mlflow/experiments/search", &json!({"max_results": 1})).is_ok()
    }

    /// Makes an experiment, or finds it; its id.
    pub(super) fn experiment(self, name: &str) -> Result<String> {
        let by_name = format!("/api/2.0/mlflow/experiments/get-by-name?experiment_name={name}");
        if let Ok(found) = self.call(Requests::get(&by_name)) {
            return text_at(&found, "/experiment/experiment_id");
        }
        let made = self.post("/api/2.0/mlflow/experiments/create", &json!({"name": name}))?;
        text_at(&made, "/experiment_id")
    }

    /// Makes a run; its id.
    pub(super) fn run(self, experiment: &str) -> Result<String> {
        let made = self.post("/api/2.0/mlflow/runs/create", &json!({"experiment_id": experiment}))?;
        text_at(&made, "/run/info/run_id")
    }

    /// Sends one request; what it answered is of no interest unless it failed.
    pub(super) fn send(self, requests: Requests) -> Result<()> {
        self.exchange(requests).map(|_| ())
    }

    fn post(self, path: &str, body: &Value) -> Result<Value> {
        self.call(Draft::default().push(&body.to_string()).post(path, 0))
    }

    fn call(self, requests: Requests) -> Result<Value> {
        Ok(serde_json::from_slice(&self.exchange(requests)?)?)
    }

    fn exchange(self, mut requests: Requests) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        let mut connection = Connection::open(self.port)?;
        let answer = connection.exchange(&requests.next(), &mut |piece| body.extend_from_slice(piece))?;
        ensure!(answer.status == 200, "{}: {}", answer.status, String::from_utf8_lossy(&body));
        Ok(body)
    }
}

fn text_at(answer: &Value, pointer: &str) -> Result<String> {
    let text = answer.pointer(pointer).and_then(Value::as_str);
    Ok(text.with_context(|| format!("no {pointer} in {answer}"))?.to_owned())
}
