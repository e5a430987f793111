//! What policies keep from happening behind their back: a locked tag that changes, a name that is changed to get rid of
//! one. What takes an alias away is allowed, and remembered.

use forebay_db::Tx;

use crate::model::history::{Entry, Kind};
use crate::model::kept_policy::KeptPolicy;
use crate::model::name::VersionKey;
use crate::model::policy::target::Target;
use crate::moment::Moment;
use crate::promotions::{holder, moves};
use crate::sql::promotion_policies;
use crate::sql::{promotion_history, promotions};
use crate::{Error, Result};

/// Refuses to change a tag of a version by which the version was judged.
///
/// # Errors
/// [`Error::TagLocked`].
pub(crate) async fn check_tag(tx: &mut Tx, key: &VersionKey, tag: &str) -> Result<()> {
    let locks =
        |kept: &KeptPolicy| kept.policy.as_ref().is_some_and(|policy| policy.locked_tags().contains(tag));
    if !promotion_policies::list(tx, Some(&key.name)).await?.iter().any(locks) {
        return Ok(());
    }
    // From here on nobody is judged by the tag until it is changed.
    promotion_policies::lock(tx).await?;
    let policies = promotion_policies::list(tx, Some(&key.name)).await?;
    let pending = promotions::list_pending(tx, &key.name).await?;
    for kept in policies.into_iter().filter(locks) {
        let holds = holder::find_version(tx, &key.name, &kept.target).await? == Some(key.version);
        let waits = pending.iter().any(|promotion| {
            promotion.subject.target == kept.target && promotion.subject.version == key.version
        });
        if holds || waits {
            let target = kept.target.to_string();
            return Err(Error::TagLocked { tag: tag.to_owned(), version: key.clone(), target });
        }
    }
    Ok(())
}

/// Lets the policies of a model follow it to its new name, where the old one keeps them, too: else a new model of the old
/// name would be free of them.
///
/// # Errors
/// [`Error::NameHasPolicy`] when the new name has policies that the model has not passed.
pub(crate) async fn rename(tx: &mut Tx, name: &str, new_name: &str, moment: &Moment) -> Result<()> {
    promotion_policies::lock(tx).await?;
    let of_old = promotion_policies::list(tx, Some(name)).await?;
    for kept in promotion_policies::list(tx, Some(new_name)).await? {
        let twin = of_old.iter().find(|old| old.target == kept.target);
        let has_passed = match twin {
            Some(twin) => asks_the_same(twin, &kept),
            None => holder::find_version(tx, name, &kept.target).await?.is_none(),
        };
        if !has_passed {
            return Err(Error::NameHasPolicy { name: new_name.to_owned(), target: kept.target.to_string() });
        }
    }
    for kept in of_old {
        follow(tx, kept, new_name, moment).await?;
    }
    remember(tx, name, new_name, moment).await
}

/// Whether two policies are the same but for the name of the model.
fn asks_the_same(a: &KeptPolicy, b: &KeptPolicy) -> bool {
    match (&a.policy, &b.policy) {
        (Some(a), Some(b)) => a.for_model(b.model()) == *b,
        _ => false,
    }
}

async fn follow(tx: &mut Tx, kept: KeptPolicy, new_name: &str, moment: &Moment) -> Result<()> {
    let last = promotion_policies::find_last(tx, new_name, &kept.target).await?;
    if last.as_ref().is_some_and(|last| last.policy.is_some()) {
        return Ok(());
    }
    let copy = KeptPolicy {
        name: new_name.to_owned(),
        version: last.map_or(1, |last| last.version + 1),
        policy: kept.policy.map(|policy| policy.for_model(new_name)),
        created_ms: moment.now_ms,
        created_by: moment.user.clone(),
        target: kept.target,
    };
    Ok(promotion_policies::insert(tx, &copy).await?)
}

/// Writes down under both names what the aliases and stages of a model stand for, so that neither name forgets whom to
/// compare with.
async fn remember(tx: &mut Tx, name: &str, new_name: &str, moment: &Moment) -> Result<()> {
    for target in promotion_history::list_targets(tx, name).await? {
        let Some(holder) = holder::find(tx, name, &target).await? else { continue };
        let present = holder.present_version();
        let renamed = Entry {
            to_version: present,
            from_name: Some(name.to_owned()),
            origin: Some(holder.origin.clone()),
            ..Entry::new(Kind::Renamed, new_name, &target, moment.now_ms)
        };
        moves::note(tx, renamed, moment).await?;
        if present.is_some() {
            let reason = format!("the model was renamed to '{new_name}'");
            moves::removed(tx, name, &target, &holder.origin, Some(&reason), moment).await?;
        }
    }
    Ok(())
}

/// Writes down what the aliases and stages of a model that is about to be deleted stand for.
pub(crate) async fn forget_model(tx: &mut Tx, name: &str, moment: &Moment) -> Result<()> {
    promotion_policies::lock(tx).await?;
    for target in promotion_history::list_targets(tx, name).await? {
        end(tx, name, &target, moment).await?;
    }
    Ok(())
}

async fn end(tx: &mut Tx, name: &str, target: &Target, moment: &Moment) -> Result<()> {
    let present = holder::find_present(tx, name, target).await?;
    let entry = Entry {
        from_version: present.as_ref().map(|origin| origin.version),
        origin: present,
        ..Entry::new(Kind::ModelDeleted, name, target, moment.now_ms)
    };
    moves::note(tx, entry, moment).await
}
