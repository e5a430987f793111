//! Training sets that a server makes for its callers: one at a time, below the places that its operator names, and given up
//! when nobody waits for them any more.

pub(crate) mod asked;
pub(crate) mod watch;
pub(crate) mod job;
