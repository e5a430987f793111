//! One run over the database: what is common to all kinds of owners.

use std::collections::HashSet;

use forebay_core::causes::with_causes;
use forebay_core::uri::scheme;

use super::footprint::Footprint;
use super::shared::Shared;
use super::{Fate, Gc, Listener, Mode, Notice, Subject, Summary};
use crate::artifacts::place::{Place, is_proxied};
use crate::artifacts::store::Extent;
use crate::model::experiment::ExperimentId;

/// Owners that are looked at together.
pub(super) const PAGE: i64 = 10_000;

/// Why an owner is not deleted that was to be. After its artifacts went, only a server that knows no claims, or
/// another gc, can have been the cause.
pub(super) const MEANWHILE: &str = "it was restored, or deleted by somebody else, meanwhile";

pub(super) struct Sweep<'a> {
    pub(super) gc: &'a Gc,
    pub(super) mode: Mode,
    pub(super) listener: &'a mut Listener<'a>,
    pub(super) summary: Summary,
    /// The ids of whom it was the turn: a run may be named, and its experiment too.
    pub(super) seen: HashSet<String>,
    /// Experiments of which something may be deleted by now.
    pub(super) begun: HashSet<ExperimentId>,
}

/// Whose rows and artifacts go.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    pub(super) subject: Subject,
    /// What it is in, or is.
    pub(super) experiment: ExperimentId,
    /// Where its artifacts are; none when it never had any.
    pub(super) location: Option<String>,
}

impl Owner {
    /// An empty location is none.
    pub(super) fn new(subject: Subject, experiment: ExperimentId, location: Option<String>) -> Self {
        Owner { subject, experiment, location: location.filter(|uri| !uri.is_empty()) }
    }

    /// An experiment itself. Its artifacts are those of what is in it.
    pub(super) fn experiment(id: ExperimentId) -> Self {
        Owner { subject: Subject::Experiment(id), experiment: id, location: None }
    }
}

impl Sweep<'_> {
    /// Tells of experiments that stay.
    pub(super) fn pass_over(&mut self, experiments: &[(ExperimentId, String)]) {
        for (id, reason) in experiments {
            let experiment = Owner::experiment(*id);
            self.tell(&experiment, Fate::Kept(reason.clone()));
        }
    }

    /// Those owners whose turn it has not been yet.
    pub(super) fn unseen(&mut self, owners: impl Iterator<Item = Owner>) -> Vec<Owner> {
        owners.filter(|owner| self.seen.insert(owner.subject.id())).collect()
    }

    /// Tells what became of an owner, and counts it.
    pub(super) fn tell(&mut self, owner: &Owner, fate: Fate) {
        let notice = Notice { subject: &owner.subject, location: owner.location.as_deref(), fate };
        self.summary.count(&notice);
        (self.listener)(&notice);
    }

    /// Where the artifacts of an owner are. A failure is told, and returns none.
    pub(super) async fn place(&mut self, owner: &Owner, shared: &Shared) -> Option<Own> {
        match self.gc.place(owner, shared).await {
            Ok(place) => Some(place),
            Err(reason) => {
                self.tell(owner, Fate::Failed(reason));
                None
            }
        }
    }

    /// Tells what would go.
    pub(super) async fn list(&mut self, owner: &Owner, own: &Own) {
        let extent = match own {
            Own::Nothing => Ok(Extent::default()),
            Own::Artifacts(place) => place.measure().await,
        };
        let fate = match extent {
            Ok(Extent { n_files, size_bytes }) => Fate::Listed { n_files, size_bytes },
            Err(error) => Fate::Failed(format!("its artifacts cannot be read: {}", with_causes(&error))),
        };
        self.tell(owner, fate);
    }

    /// Deletes artifacts, and the rows go next. A failure is told, and returns false.
    pub(super) async fn delete_artifacts(&mut self, owner: &Owner, own: &Own) -> bool {
        self.begun.insert(owner.experiment);
        let Own::Artifacts(place) = own else { return true };
        match place.delete().await {
            Ok(()) => true,
            Err(error) => {
                self.tell(
                    owner,
                    Fate::Failed(format!("its artifacts cannot be deleted: {}", with_causes(&error))),
                );
                false
            }
        }
    }
}

/// What an owner has in a store.
pub(super) enum Own {
    Nothing,
    Artifacts(Place),
}

impl Gc {
    /// What an owner has in a store, when it is there for it alone; otherwise why it must not be deleted.
    async fn place(&self, owner: &Owner, shared: &Shared) -> Result<Own, String> {
        let Some(uri) = &owner.location else { return Ok(Own::Nothing) };
        let id = owner.subject.id();
        let footprint = self.roots.footprint(uri).map_err(|error| with_causes(&error))?;
        if let Some(reason) = Footprint::not_of(&footprint, &id).or_else(|| shared.reason(&id)) {
            return Err(reason);
        }
        // A folder that is not there may be on another machine: what is in it would be forgotten, not deleted.
        if scheme(uri).is_some_and(|scheme| is_proxied(&scheme)) && self.roots.is_destination_missing() {
            return Err(format!(
                "the artifacts destination {} does not exist; name the one of the server, or create it if \
                 nothing was ever uploaded",
                self.roots.destination()
            ));
        }
        let place = Place::of(uri, Some(&self.destination), &self.buckets).await;
        place.map(Own::Artifacts).map_err(|error| with_causes(&error))
    }
}
