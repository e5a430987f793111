//! What the tasks need of the machine they run on: programs, folders, packages, a database.

pub(crate) mod apt;
pub(crate) mod azurite;
pub(crate) mod build;
pub(crate) mod chromium;
pub(crate) mod command;
pub(crate) mod folders;
pub(crate) mod interrupt;
pub(crate) mod ports;
pub(crate) mod postgres;
pub(crate) mod python;
pub(crate) mod readiness;
pub(crate) mod server;
