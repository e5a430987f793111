//! Events on their way to webhooks and event subscriptions.
//!
//! A use case notes an event in its own transaction ([`record`]); what it noted is sent by the worker, off the path of
//! any request, until it is delivered or given up.

mod record;

pub(crate) use record::record;
