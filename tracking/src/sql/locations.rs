//! The artifact locations of all runs, logged models and experiments, page by page.

use std::fmt;

use forebay_db::{Error, FromRow, Row, Sql, Tx};

/// Rows of a page.
const PAGE: i64 = 10_000;

const RUNS: &str = "
    SELECT run_uuid AS id, artifact_uri AS location FROM runs
    WHERE run_uuid > $1 ORDER BY run_uuid LIMIT $2";

const MODELS: &str = "
    SELECT model_id AS id, artifact_location AS location FROM logged_models
    WHERE model_id > $1 ORDER BY model_id LIMIT $2";

const EXPERIMENTS: &str = "
    SELECT CAST(experiment_id AS TEXT) AS id, artifact_location AS location FROM experiments
    WHERE experiment_id > CAST($1 AS INTEGER) ORDER BY experiment_id LIMIT $2";

/// Whose location it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Run,
    Model,
    Experiment,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Run => "run",
            Kind::Model => "logged model",
            Kind::Experiment => "experiment",
        })
    }
}

/// A page of one kind, named by what comes before it.
#[derive(Debug)]
pub(crate) struct Page {
    kind: Kind,
    after: String,
}

impl Page {
    pub(crate) fn first(kind: Kind) -> Self {
        // The ids of experiments begin with 0.
        let after = if kind == Kind::Experiment { "-1" } else { "" };
        Page { kind, after: after.to_owned() }
    }

    pub(crate) fn after(&self, last: &Location) -> Self {
        Page { kind: self.kind, after: last.id.clone() }
    }
}

/// A stored location.
#[derive(Debug)]
pub(crate) struct Location {
    pub(crate) id: String,
    /// Empty when there is none.
    pub(crate) uri: String,
}

/// The rows of a page; none behind the last.
pub(crate) async fn list(tx: &mut Tx, page: &Page) -> Result<Vec<Location>, Error> {
    let text = match page.kind {
        Kind::Run => RUNS,
        Kind::Model => MODELS,
        Kind::Experiment => EXPERIMENTS,
    };
    tx.list(Sql::new(text).bind(&page.after).bind(PAGE)).await
}

impl FromRow for Location {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let uri: Option<String> = row.get("location")?;
        Ok(Location { id: row.get("id")?, uri: uri.unwrap_or_default() })
    }
}
