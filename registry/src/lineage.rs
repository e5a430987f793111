//! What the registry asks of tracking: which run or logged model a version came from. It does not know who answers.

use forebay_db::{BoxFuture, Error, Tx};

/// Answers in the caller's transaction, so that the answer belongs to it.
pub trait Lineage: Send + Sync {
    /// The run with that id, in any stage.
    fn find_run<'a>(
        &'a self,
        tx: &'a mut Tx,
        run_id: &'a str,
    ) -> BoxFuture<'a, Result<Option<SourceRun>, Error>>;

    /// The logged model with that id, unless it is deleted.
    fn find_model<'a>(
        &'a self,
        tx: &'a mut Tx,
        model_id: &'a str,
    ) -> BoxFuture<'a, Result<Option<SourceModel>, Error>>;

    /// Of these metrics the latest values: those of the logged model whose files are at a location, and of a run those
    /// that the model does not have. Empty when neither is there.
    fn list_metrics<'a>(
        &'a self,
        tx: &'a mut Tx,
        run_id: &'a str,
        location: &'a str,
        keys: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<SourceMetric>, Error>>;

    /// Notes on a logged model that it became a version. One that is gone by now is no error.
    fn note_version<'a>(
        &'a self,
        tx: &'a mut Tx,
        model_id: &'a str,
        version: RegisteredAs<'a>,
    ) -> BoxFuture<'a, Result<(), Error>>;
}

/// A run that versions can come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRun {
    /// Where its artifacts are.
    pub artifact_uri: String,
}

/// A logged model that versions can come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceModel {
    /// Where its artifacts are.
    pub artifact_location: String,
    /// The run that logged it.
    pub source_run_id: Option<String>,
}

/// The latest value of a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceMetric {
    /// Its name.
    pub key: String,
    /// Name and digest of what it was measured on.
    pub dataset: Option<(String, String)>,
    /// May be NaN.
    pub value: f64,
}

/// What a logged model became.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegisteredAs<'a> {
    /// The name of the registered model.
    pub name: &'a str,
    /// ≥ 1.
    pub version: i64,
}
