//! What each slot has in the end, and its values for rows of the spine.

use arrow::array::ArrayRef;

use super::counts::Counts;
use super::error::JoinError;
use super::groups::NONE;
use super::kept::Kept;
use super::spine::Spine;
use super::winners::{Place, Winner};

/// What a slot has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Row(Place),
    /// A row that is too old.
    Expired,
    Nothing,
}

/// What becomes of rows that no slot needs any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeping {
    /// They are dropped, for which the others are moved.
    Needed,
    /// They stay.
    All,
}

/// The rows of all slots.
pub(crate) struct Matches {
    found: Vec<Found>,
    kept: Kept,
    /// Whether there was a row that held and was not known yet; empty where that cannot be.
    not_yet: Vec<bool>,
    /// Of the table's rows.
    pub(crate) counts: Counts,
}

impl Matches {
    /// What slots have, without what is older than `ttl` for them.
    pub(super) fn of(
        spine: &Spine,
        mut winners: Vec<Winner>,
        ttl: Option<i64>,
        (mut kept, keeping): (Kept, Keeping),
    ) -> Result<Self, JoinError> {
        let mut found = vec![Found::Nothing; winners.len()];
        if let Some(ttl) = ttl {
            for (slot, winner) in winners.iter_mut().enumerate().filter(|(_, winner)| winner.is_some()) {
                if winner.event < spine.times[slot].saturating_sub(ttl) {
                    (*winner, found[slot]) = (Winner::NONE, Found::Expired);
                }
            }
        }
        if keeping == Keeping::Needed {
            kept.compact(&mut winners)?;
        }
        for (found, winner) in found.iter_mut().zip(&winners).filter(|(_, winner)| winner.is_some()) {
            *found = Found::Row(winner.place);
        }
        Ok(Matches { found, kept, not_yet: Vec::new(), counts: Counts::default() })
    }

    /// The same, with where rows begin to hold unknown and where they cease to.
    pub(super) fn not_yet_known(mut self, spine: &Spine, changes: &[i32]) -> Self {
        if changes.is_empty() {
            return self;
        }
        self.not_yet = vec![false; spine.n_slots()];
        for group in (0..).take(spine.n_groups()) {
            let mut n_unknown = 0;
            for slot in spine.slots(group) {
                n_unknown += changes[slot as usize];
                self.not_yet[slot as usize] = n_unknown > 0;
            }
        }
        self
    }

    /// The values for rows with these slots, behind the times of their rows: the event, and since when it was known.
    pub(crate) fn values(&self, slots: &[u32]) -> Result<Vec<ArrayRef>, JoinError> {
        let place = |slot: &u32| match self.of_slot(*slot) {
            Found::Row(place) => Some(place),
            Found::Expired | Found::Nothing => None,
        };
        self.kept.at(&slots.iter().map(place).collect::<Vec<_>>())
    }

    /// Counts rows with these slots.
    pub(crate) fn count(&mut self, slots: &[u32]) {
        for slot in slots {
            let found = self.of_slot(*slot);
            let is_missing = !matches!(found, Found::Row(_));
            match found {
                Found::Row(_) => self.counts.n_matched += 1,
                Found::Expired => self.counts.n_expired += 1,
                Found::Nothing => self.counts.n_missing += 1,
            }
            if *slot != NONE && self.not_yet.get(*slot as usize).is_some_and(|not_yet| *not_yet) {
                self.counts.n_not_yet_known += 1;
                self.counts.n_missing_not_yet_known += u64::from(is_missing);
            }
        }
    }

    fn of_slot(&self, slot: u32) -> Found {
        if slot == NONE { Found::Nothing } else { self.found[slot as usize] }
    }

    /// About how many bytes it has in memory.
    pub(crate) fn n_bytes(&self) -> u64 {
        (size_of_val(self.found.as_slice()) + self.not_yet.len() + self.kept.n_bytes()) as u64
    }
}
