//! Promotion policies, and what they keep from happening behind their back.

pub(crate) mod guard;

mod apply;
mod list;
mod delete;
