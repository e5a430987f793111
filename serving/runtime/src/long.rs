//! Which work is too long for the threads that answer.

use forebay_web::cpu;

use crate::model::batch::table_bytes;
use crate::model::predictions::Predictions;
use crate::model::tensor::Elements;

/// Bodies and answers longer than this take about half a millisecond or more.
const LONG_BYTES: usize = 64 * 1024;

/// Does work on so many bytes, and lets others have this thread's tasks when that is much.
pub(crate) fn long_if<T>(size_bytes: usize, work: impl FnOnce() -> T) -> T {
    if size_bytes > LONG_BYTES { cpu::long(work) } else { work() }
}

/// About how many bytes predictions take.
pub(crate) fn size_bytes(predictions: &Predictions) -> usize {
    match predictions {
        Predictions::Frame(table) | Predictions::Columns(table) => table_bytes(table),
        Predictions::Array(array) => array.elements().size_bytes(),
        Predictions::Arrays(arrays) => {
            arrays.iter().map(|(_, array)| array.elements()).map(Elements::size_bytes).sum()
        }
        // Nobody has counted.
        Predictions::Json(_) => usize::MAX,
    }
}
