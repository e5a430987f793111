//! The kernel's engine without the hint at the last checkpoint. A hint only saves a listing; one that is wrong must not keep
//! a log from being read that is whole.

use std::iter;
use std::sync::Arc;

use bytes::Bytes;
use delta_kernel::{
    EvaluationHandler, FileMeta, FileSlice, JsonHandler, KernelError, KernelResult,
    KernelResultIteratorStatic, ParquetHandler, StorageHandler,
};
use url::Url;

/// What has the hint in a log.
pub(super) const HINT: &str = "_last_checkpoint";

/// An engine that does not find it.
pub(super) struct Unhinted<E>(pub(super) E);

/// The files without it.
struct Files(Arc<dyn StorageHandler>);

impl<E: delta_kernel::Engine> delta_kernel::Engine for Unhinted<E> {
    fn evaluation_handler(&self) -> Arc<dyn EvaluationHandler> {
        self.0.evaluation_handler()
    }

    fn storage_handler(&self) -> Arc<dyn StorageHandler> {
        Arc::new(Files(self.0.storage_handler()))
    }

    fn json_handler(&self) -> Arc<dyn JsonHandler> {
        self.0.json_handler()
    }

    fn parquet_handler(&self) -> Arc<dyn ParquetHandler> {
        self.0.parquet_handler()
    }
}

impl StorageHandler for Files {
    fn list_from(&self, path: &Url) -> KernelResult<KernelResultIteratorStatic<FileMeta>> {
        self.0.list_from(path)
    }

    fn read_files(&self, files: Vec<FileSlice>) -> KernelResult<KernelResultIteratorStatic<Bytes>> {
        match files.iter().find(|(file, _)| file.path().ends_with(HINT)) {
            Some((hint, _)) => Ok(Box::new(iter::once(Err(KernelError::file_not_found(hint))))),
            None => self.0.read_files(files),
        }
    }

    fn copy_atomic(&self, from: &Url, to: &Url) -> KernelResult<()> {
        self.0.copy_atomic(from, to)
    }

    fn put(&self, path: &Url, data: Bytes, overwrite: bool) -> KernelResult<()> {
        self.0.put(path, data, overwrite)
    }

    fn head(&self, path: &Url) -> KernelResult<FileMeta> {
        self.0.head(path)
    }

    fn delete(&self, path: &Url) -> KernelResult<()> {
        self.0.delete(path)
    }
}
