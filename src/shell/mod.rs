//! What commands at a shell share: whom they ask, how they answer, and what they note on runs.
//!
//! A command speaks to a client, whether a server is behind it or a database ([`local`]): there is one path for both, and for
//! MLflow's own server as far as that goes.

pub(crate) mod target;
pub(crate) mod local;
pub(crate) mod connection;
pub(crate) mod advice;

pub(crate) mod output;
pub(crate) mod table;
pub(crate) mod words;
pub(crate) mod shown;

pub(crate) mod dataset;
