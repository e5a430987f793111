//! Reading the history of metrics, one use case per file.

mod bulk;
mod history;
mod interval;
