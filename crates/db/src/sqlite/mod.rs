//! SQLite: a file, one connection that writes, and a few that read.
//!
//! SQLite is a library, so its statements run on the thread that asks. Handing every row from a thread of its
//! own to the caller, as asynchronous drivers do, takes several times as long as reading it (decision 6).

mod bind;
mod connection;
mod pool;
mod transaction;

pub(crate) use connection::{Access, Connection};
pub(crate) use pool::{Lease, Pool, PoolOptions};
pub(crate) use transaction::Transaction;
