//! Work that is all CPU and long: other requests must not wait for it.

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

/// Texts longer than this many bytes take about half a millisecond or more to decode or encode.
pub(crate) const LONG_BYTES: usize = 256 * 1024;

/// Does the work here, after handing this thread's other tasks to another one.
pub fn long<T>(work: impl FnOnce() -> T) -> T {
    // A runtime of one thread has no other to hand them to.
    let can_hand_over =
        Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread);
    if can_hand_over { block_in_place(work) } else { work() }
}
