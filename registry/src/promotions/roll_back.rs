//! Returning an alias or a stage to the version that it stood for before, at once: that version stood there already.

use forebay_db::Tx;

use super::holder;
use super::record::{begin, complete};
use crate::model::history::{Entry, Kind};
use crate::model::model_version::Existing;
use crate::model::name::VersionKey;
use crate::model::policy::target::Target;
use crate::model::promotion::{Promotion, Subject};
use crate::model::promotion_requests::RollBack;
use crate::moment::Moment;
use crate::sql::{model_versions, promotion_history, promotion_policies, promotions};
use crate::{Error, Registry, Result};

/// Moves under one name that are read to find the version before.
const MAX_ENTRIES: i64 = 1_000;

/// Names of a model whose entries are read.
const MAX_NAMES: usize = 32;

impl Registry {
    /// Moves a target back. Once more moves it back further, to what stood there before that.
    ///
    /// # Errors
    /// [`Error::NoEarlierVersion`].
    pub(crate) async fn roll_back(&self, req: RollBack, moment: Moment) -> Result<Promotion> {
        self.db.write_snapshot((req, moment), |tx, (req, moment)| Box::pin(roll_back(tx, req, moment))).await
    }
}

async fn roll_back(tx: &mut Tx, req: &RollBack, moment: &Moment) -> Result<Promotion> {
    promotion_policies::lock(tx).await?;
    let RollBack { name, target, reason } = req;
    let present = holder::find_version(tx, name, target).await?;
    let mut earlier = held_before(&story(tx, name, target).await?, present);
    let version = loop {
        let Some(version) = earlier.pop() else {
            return Err(Error::NoEarlierVersion { name: name.clone(), target: target.to_string() });
        };
        // What stands there by somebody else's doing is no way back, and a version that was deleted since is passed over.
        if Some(version) == present {
            continue;
        }
        if model_versions::find(tx, &VersionKey { name: name.clone(), version }).await?.is_some() {
            break version;
        }
    };
    let subject = Subject { name: name.clone(), target: target.clone(), version };
    let mut promotion =
        Promotion { previous_version: present, reason: reason.clone(), ..begin(&subject, moment) };
    complete(tx, &mut promotion, Kind::RolledBack, Existing::Archive, moment).await?;
    promotions::insert(tx, &promotion).await?;
    Ok(promotion)
}

/// The moves of a target of a model, also those under the names that it had before, the earliest first. What other models
/// did under one of these names is left out, and so is what a model brought to a name without holding it there.
async fn story(tx: &mut Tx, name: &str, target: &Target) -> Result<Vec<Entry>> {
    let mut story = Vec::new();
    let (mut name, mut before) = (name.to_owned(), i64::MAX);
    for _ in 0..MAX_NAMES {
        let mut entries = promotion_history::list_moves(tx, (&name, target), before, MAX_ENTRIES).await?;
        let begins = |entry: &Entry| matches!(entry.kind, Kind::ModelDeleted | Kind::Renamed);
        let n_own = entries.iter().position(begins).unwrap_or(entries.len());
        let beginning = entries.get(n_own).cloned();
        entries.truncate(n_own);
        story.extend(entries);
        match beginning {
            Some(Entry { from_name: Some(from_name), to_version: Some(_), sequence_number, .. }) => {
                (name, before) = (from_name, sequence_number);
            }
            _ => break,
        }
    }
    story.reverse();
    Ok(story)
}

/// The versions that a target stood for before the present one, the latest last. What was rolled back does not count.
fn held_before(entries: &[Entry], present: Option<i64>) -> Vec<i64> {
    let mut held: Vec<i64> = Vec::new();
    for entry in entries {
        match (entry.kind, entry.to_version) {
            (Kind::Set | Kind::Promoted | Kind::Overridden, Some(version)) => {
                // What stood there before anything was noted is known by the entry that ended it.
                if let (true, Some(from)) = (held.is_empty(), entry.from_version) {
                    held.push(from);
                }
                if held.last() != Some(&version) {
                    held.push(version);
                }
            }
            (Kind::RolledBack, Some(version)) => {
                while held.last().is_some_and(|last| *last != version) {
                    held.pop();
                }
                if held.is_empty() {
                    held.push(version);
                }
            }
            _ => {}
        }
    }
    if held.last().copied() == present {
        held.pop();
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: Kind, from_version: Option<i64>, to_version: Option<i64>) -> Entry {
        let target = Target::Alias("champion".to_owned());
        Entry { from_version, to_version, ..Entry::new(kind, "m", &target, 0) }
    }

    #[test]
    fn each_roll_back_leads_one_version_further_back() {
        let set = |from, to| entry(Kind::Set, from, Some(to));
        let back = |from, to| entry(Kind::RolledBack, Some(from), Some(to));
        let entries = [set(None, 1), set(Some(1), 2), set(Some(2), 3), back(3, 2)];
        assert_eq!(held_before(&entries[..3], Some(3)), [1, 2]);
        assert_eq!(held_before(&entries, Some(2)), [1]);
        assert_eq!(held_before(&[set(Some(7), 8)], Some(8)), [7]);
        assert!(held_before(&[], Some(1)).is_empty());
    }

    #[test]
    fn a_target_that_was_taken_away_can_be_given_back() {
        let entries = [entry(Kind::Set, None, Some(1)), entry(Kind::Removed, Some(1), None)];
        assert_eq!(held_before(&entries, None), [1]);
    }
}
