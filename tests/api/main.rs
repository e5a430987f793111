//! The server as a program on the network sees it: exact answers, with a clock that stands still and ids that
//! count, on SQLite and on PostgreSQL.
//!
//! What the stock Python client can see is tested with it, in `tests/clients`; here is what it cannot.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

/// Compares an answer with an inline snapshot, which is the same on every engine.
macro_rules! assert_answer_snapshot {
    ($answer:expr, @$snapshot:literal) => {{
        let answer = &$answer;
        insta::allow_duplicates! { insta::assert_snapshot!(answer, @$snapshot) }
    }};
}

mod server;

/// As the binary has it.
#[path = "../../src/lineage.rs"]
mod lineage;
/// As the binary has it.
#[path = "../../src/versions.rs"]
mod versions;

mod experiments;
mod history;
mod runs;
mod search;

mod concurrency;
mod faults;
mod hostile;
mod refused;

mod client;
mod statements;
