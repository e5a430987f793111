//! Promotions: moving an alias or a stage under a policy.
//!
//! In reading order: what is looked at before the transaction ([`survey`]), how the gates are judged in it
//! ([`judge`]), and the moves themselves ([`moves`]); then a file for each thing that can be asked.

pub(crate) mod holder;
mod inspect;
mod survey;
mod judge;
pub(crate) mod moves;
pub(crate) mod record;

mod request;
mod stock;
mod decide;
mod approve;
mod reject;
mod cancel;
mod get;
mod list;
mod roll_back;
mod history;

pub(crate) use moves::Move;
