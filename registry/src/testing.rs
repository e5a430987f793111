//! A registry that stands alone, for tests of this crate: nobody knows of any run, and versions have no files.

use std::sync::Arc;

use forebay_core::clock::SystemClock;
use forebay_core::ids::RandomIds;
use forebay_db::{BoxFuture, Error, Tx};

use crate::{
    FileFacts, Lineage, ReadFile, RegisteredAs, SourceMetric, SourceModel, SourceRun, Surroundings,
    VersionFiles,
};

/// The time and chance of this machine, and nothing else.
pub(crate) fn alone() -> Surroundings {
    Surroundings {
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds),
        lineage: Arc::new(Nothing),
        files: Arc::new(Nothing),
        answers: Arc::new(Nothing),
    }
}

pub(crate) struct Nothing;

impl Lineage for Nothing {
    fn find_run<'a>(
        &'a self,
        _tx: &'a mut Tx,
        _run_id: &'a str,
    ) -> BoxFuture<'a, Result<Option<SourceRun>, Error>> {
        Box::pin(async { Ok(None) })
    }

    fn find_model<'a>(
        &'a self,
        _tx: &'a mut Tx,
        _model_id: &'a str,
    ) -> BoxFuture<'a, Result<Option<SourceModel>, Error>> {
        Box::pin(async { Ok(None) })
    }

    fn list_metrics<'a>(
        &'a self,
        _tx: &'a mut Tx,
        _run_id: &'a str,
        _location: &'a str,
        _keys: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<SourceMetric>, Error>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn note_version<'a>(
        &'a self,
        _tx: &'a mut Tx,
        _model_id: &'a str,
        _version: RegisteredAs<'a>,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }
}

impl VersionFiles for Nothing {
    fn read<'a>(
        &'a self,
        _location: &'a str,
        _path: &'a str,
        _max_bytes: u64,
    ) -> BoxFuture<'a, Result<ReadFile, String>> {
        Box::pin(async { Err("there are no files".to_owned()) })
    }

    fn list_readable<'a>(
        &'a self,
        _location: &'a str,
        _path: &'a str,
        _max_files: usize,
    ) -> BoxFuture<'a, Result<Vec<FileFacts>, String>> {
        Box::pin(async { Err("there are no files".to_owned()) })
    }
}
