mod set;
pub(crate) mod get;
mod delete;
