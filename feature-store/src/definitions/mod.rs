//! What people define: planned, applied, looked at and deleted.

pub(crate) mod catalog;
mod references;
mod usage;
mod diff;
pub(crate) mod change;
mod tables;
mod inspect;

mod plan;
mod apply;
mod delete;
mod find;
mod list;
mod needs;

#[cfg(test)]
mod tests;
