//! What both ways in do around an inference.

use super::backend::Backend;
use super::error::OipError;
use crate::model::batch::table_bytes;
use crate::{Elements, Predictions};

/// Bodies up to this many bytes are read and written where they are, in well under a millisecond.
const SMALL: usize = 64 * 1024;

/// Does something on a thread that may take its time, if there is much to do.
pub(super) async fn off_thread<T: Send + 'static>(
    size_bytes: usize,
    work: impl FnOnce() -> Result<T, OipError> + Send + 'static,
) -> Result<T, OipError> {
    if size_bytes <= SMALL {
        return work();
    }
    let failed = |_| Err(OipError::Internal("the request could not be read or answered".to_owned()));
    tokio::task::spawn_blocking(work).await.unwrap_or_else(failed)
}

/// About how many bytes predictions take.
pub(super) fn size_bytes(predictions: &Predictions) -> usize {
    match predictions {
        Predictions::Frame(frame) => table_bytes(frame),
        Predictions::Array(array) => array.elements().size_bytes(),
        Predictions::Arrays(arrays) => {
            arrays.iter().map(|(_, array)| array.elements()).map(Elements::size_bytes).sum()
        }
        Predictions::Json(_) => 0,
    }
}

/// The versions of a model that there are.
pub(super) fn versions(backend: &dyn Backend, name: &str) -> Vec<String> {
    let models = backend.models();
    let own = models.iter().filter(|model| *model.name == *name);
    own.filter_map(|model| model.version.as_deref().map(str::to_owned)).collect()
}
