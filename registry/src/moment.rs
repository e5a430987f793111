//! When something is done, by whom, and ids for what it makes: time, chance and the caller, as one argument of every
//! write.

use std::sync::Arc;

use forebay_core::ids::Ids;
use forebay_db::{Error, Tx};

use crate::deliveries;
use crate::model::event::{Event, Of};
use crate::sql::{registered_model_tags, subscribers};

/// What a transaction needs beside its request. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct Moment {
    /// Milliseconds since the epoch.
    pub(crate) now_ms: i64,
    /// Whoever asks, where that is known.
    pub(crate) user: Option<String>,
    pub(crate) ids: Arc<dyn Ids>,
}

impl Moment {
    /// Notes an event for those who want to hear of it.
    pub(crate) async fn record(&self, tx: &mut Tx, event: &Event) -> Result<(), Error> {
        self.record_all(tx, std::slice::from_ref(event)).await
    }

    /// Notes events of one moment.
    pub(crate) async fn record_all(&self, tx: &mut Tx, events: &[Event]) -> Result<(), Error> {
        deliveries::record(tx, events, self.now_ms, &*self.ids).await
    }

    /// Notes an event about what has a name, which is told in other words of a prompt than of a model, if at all. What it
    /// is, is asked where anybody listens.
    pub(crate) async fn record_of(
        &self,
        tx: &mut Tx,
        name: &str,
        event: impl FnOnce(Of) -> Option<Event> + Send,
    ) -> Result<(), Error> {
        if !subscribers::has_webhooks(tx).await? {
            return Ok(());
        }
        match event(registered_model_tags::find_kind(tx, name).await?) {
            Some(event) => self.record(tx, &event).await,
            None => Ok(()),
        }
    }
}
