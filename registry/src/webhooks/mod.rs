//! Webhooks and event subscriptions: the same use cases, for two audiences.

mod create;
mod get;
mod list;
mod update;
mod delete;
mod test;
