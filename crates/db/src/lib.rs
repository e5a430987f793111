//! The database layer: one SQL text for SQLite and PostgreSQL.
//!
//! Domain crates see [`Db`], [`Tx`], [`Sql`] and [`Row`], never a driver type. The `match` over engines
//! exists in this crate alone; what differs between the engines is a named function of [`dialect`].
//!
//! Reading order: [`Db`] (reads, writes, merged writes), [`Tx`] (statements of one transaction),
//! [`Sql`] (a statement and its bound values), [`Row`], then how a database is found and opened.

mod database;
pub mod dialect;
mod error;
mod indexes;
mod insert;
mod job;
mod metrics;
mod open;
mod own_tables;
mod postgres;
pub mod predicate;
mod pulse;
mod row;
mod schema;
mod sql;
mod sqlite;
#[cfg(feature = "testing")]
#[expect(clippy::expect_used, reason = "a test that cannot have its database has failed")]
pub mod testing;
mod tx;
mod url;
mod usage;
mod writer;

pub use database::{Db, Merge, WriteFn};
pub use dialect::Engine;
pub use error::Error;
pub use futures_util::future::BoxFuture;
pub use insert::{Cell, Insert};
pub use open::{OpenError, OpenOptions};
pub use row::{Column, FromRow, Row};
pub use sql::{Sql, Value};
pub use tx::Tx;
pub use url::{DatabaseUrl, UrlError};
