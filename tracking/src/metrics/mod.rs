//! Reading the history of metrics, one use case per file.

mod history;
mod bulk;
mod interval;
