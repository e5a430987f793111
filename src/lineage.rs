//! Tracking as the registry asks it: neither of the two knows the other.

use axum::response::Response;
use forebay_db::{BoxFuture, Error, Tx};
use forebay_registry::{
    FileAnswers, FileFacts, FileRequest, Lineage, ReadFile, RegisteredAs, SourceMetric, SourceModel,
    SourceRun, VersionFiles,
};
use forebay_tracking::{ReadableFile, Tracking, http, lineage};
use forebay_web::error::ApiError;

/// Answers where versions come from.
pub(crate) struct TrackingLineage;

impl Lineage for TrackingLineage {
    fn find_run<'a>(
        &'a self,
        tx: &'a mut Tx,
        run_id: &'a str,
    ) -> BoxFuture<'a, Result<Option<SourceRun>, Error>> {
        Box::pin(async move {
            let uri = lineage::find_artifact_uri(tx, run_id).await?;
            Ok(uri.map(|artifact_uri| SourceRun { artifact_uri }))
        })
    }

    fn find_model<'a>(
        &'a self,
        tx: &'a mut Tx,
        model_id: &'a str,
    ) -> BoxFuture<'a, Result<Option<SourceModel>, Error>> {
        Box::pin(async move {
            let model = lineage::find_model(tx, model_id).await?;
            Ok(model.map(|model| SourceModel {
                artifact_location: model.artifact_location,
                source_run_id: model.source_run_id,
            }))
        })
    }

    fn list_metrics<'a>(
        &'a self,
        tx: &'a mut Tx,
        run_id: &'a str,
        location: &'a str,
        keys: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<SourceMetric>, Error>> {
        Box::pin(async move {
            let metrics = lineage::list_metrics(tx, run_id, location, keys).await?;
            let source = |metric: lineage::LatestMetric| SourceMetric {
                key: metric.key,
                dataset: metric.dataset,
                value: metric.value,
            };
            Ok(metrics.into_iter().map(source).collect())
        })
    }

    fn note_version<'a>(
        &'a self,
        tx: &'a mut Tx,
        model_id: &'a str,
        version: RegisteredAs<'a>,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(lineage::note_version(tx, model_id, version.name, version.version))
    }
}

/// Hands out the files of versions.
pub(crate) struct TrackingFiles(pub(crate) Tracking);

impl VersionFiles for TrackingFiles {
    fn read<'a>(
        &'a self,
        location: &'a str,
        path: &'a str,
        max_bytes: u64,
    ) -> BoxFuture<'a, Result<ReadFile, String>> {
        Box::pin(async move {
            let read = self.0.read_below(location, path, max_bytes).await;
            read.map(|(content, etag)| ReadFile { content, etag }).map_err(|error| error.to_string())
        })
    }

    fn list_readable<'a>(
        &'a self,
        location: &'a str,
        path: &'a str,
        max_files: usize,
    ) -> BoxFuture<'a, Result<Vec<FileFacts>, String>> {
        Box::pin(async move {
            let listed = self.0.list_readable_below(location, path, max_files).await;
            let facts = |file: ReadableFile| FileFacts {
                path: file.path,
                etag: file.etag,
                size_bytes: file.size_bytes,
            };
            listed.map(|files| files.into_iter().map(facts).collect()).map_err(|error| error.to_string())
        })
    }
}

impl FileAnswers for TrackingFiles {
    fn check_path(&self, path: &str) -> Result<(), ApiError> {
        Ok(http::check_path(path)?)
    }

    fn respond<'a>(&'a self, file: FileRequest<'a>) -> BoxFuture<'a, Result<Response, ApiError>> {
        let FileRequest { location, path, method, headers } = file;
        Box::pin(async move { Ok(http::respond_below(&self.0, location, path, method, headers).await?) })
    }
}
