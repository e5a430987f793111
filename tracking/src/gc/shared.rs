//! Which artifact locations are somebody else's too, or hold somebody else's.
//!
//! Callers choose where experiments keep their artifacts, and databases are edited by hand: a folder that looks
//! like one run's may hold another experiment. So before anything is deleted, all locations of the database pass
//! by once for some thousands of owners.

use std::collections::HashMap;

use super::Gc;
use super::footprint::Footprint;
use super::sweep::Owner;
use crate::Result;
use crate::sql::locations::{self, Kind};

/// Of owners whose location is not theirs alone, what else is there.
#[derive(Debug, Default)]
pub(super) struct Shared(HashMap<String, String>);

impl Shared {
    /// Why the location of the owner with that id must not be deleted, if it must not.
    pub(super) fn reason(&self, id: &str) -> Option<String> {
        let other = self.0.get(id)?;
        Some(format!("its artifact location is also used by {other}"))
    }
}

impl Gc {
    /// Looks for other runs, models and experiments at or below the locations of `owners`.
    pub(super) async fn shared(&self, owners: &[Owner]) -> Result<Shared> {
        let mut shared = Shared::default();
        let candidates = self.candidates(owners, &mut shared);
        if candidates.is_empty() {
            return Ok(shared);
        }
        for kind in [Kind::Run, Kind::Model, Kind::Experiment] {
            let mut page = locations::Page::first(kind);
            loop {
                let found = locations::list(&mut self.db.read().await?, &page).await?;
                for location in &found {
                    self.compare(kind, location, &candidates, &mut shared);
                }
                match found.last() {
                    Some(last) => page = page.after(last),
                    None => break,
                }
            }
        }
        Ok(shared)
    }

    /// The ids of owners by the key of their location; two that have the same share it.
    fn candidates(&self, owners: &[Owner], shared: &mut Shared) -> HashMap<String, String> {
        let mut candidates = HashMap::new();
        for owner in owners {
            let footprint = owner.location.as_deref().and_then(|uri| self.roots.footprint(uri).ok());
            let Some(footprint) = footprint else { continue };
            let id = owner.subject.id();
            if let Some(other) = candidates.insert(footprint.key(), id.clone()) {
                shared.0.insert(id.clone(), other.clone());
                shared.0.insert(other, id);
            }
        }
        candidates
    }

    fn compare(
        &self,
        kind: Kind,
        location: &locations::Location,
        candidates: &HashMap<String, String>,
        shared: &mut Shared,
    ) {
        // What no store here understands is in none of those that something is deleted from.
        let Ok(footprint) = self.roots.footprint(&location.uri) else { return };
        for key in Footprint::keys_outwards(&footprint) {
            if let Some(owner) = candidates.get(&key).filter(|owner| **owner != location.id) {
                shared.0.entry(owner.clone()).or_insert_with(|| format!("the {kind} {}", location.id));
            }
        }
    }
}
