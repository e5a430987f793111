//! SQLite: a file, one connection that writes, and a few that read.
//!
//! SQLite is a library, so its statements run on the thread that asks. Handing every row from a thread of its
//! own to the caller, as asynchronous drivers do, takes several times as long as reading it (decision 6).

mod bind;
mod connection;
mod file;
mod pool;
mod transaction;

pub(crate) use connection::{Access, Connection};
pub(crate) use file::DatabaseFile;
pub(crate) use pool::{Lease, Pool, PoolOptions};
pub(crate) use transaction::Transaction;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

/// Does work that reads or writes a file here, after handing this thread's other tasks to another one. The
/// writer's thread and a runtime of one thread have no other to hand them to.
fn blocking<T>(work: impl FnOnce() -> T) -> T {
    let can_hand_over =
        Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread);
    if can_hand_over { block_in_place(work) } else { work() }
}
