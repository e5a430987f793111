//! The HTTP edge: every endpoint in one table, and one file of handlers per noun.
//!
//! A handler is three lines: decode, call one use case, encode.

mod routes;
mod experiments;
