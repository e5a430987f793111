//! What policies keep from happening behind their back: a locked tag that changes, a name that is changed to get rid of
//! one. What takes an alias away is allowed, and remembered.

use forebay_db::Tx;

use crate::model::history::{Entry, Kind};
use crate::model::kept_policy::KeptPolicy;
use crate::model::name::VersionKey;
use crate::model::policy::target::Target;
use crate::model::promotion::Promotion;
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
    for kept in promotion_policies::list(tx, Some(&key.name), None).await?.into_iter().filter(locks) {
        if was_judged_by(tx, &kept.target, key, tag).await? {
            let target = kept.target.to_string();
            return Err(Error::TagLocked { tag: tag.to_owned(), version: key.clone(), target });
        }
    }
    Ok(())
}

/// Whether a version that holds a target, or waits for it, was judged by a tag.
async fn was_judged_by(tx: &mut Tx, target: &Target, key: &VersionKey, tag: &str) -> Result<bool> {
    let holds = match target {
        Target::Alias(_) => holder::find_version(tx, &key.name, target).await? == Some(key.version),
        Target::Stage(stage) => holder::is_in(tx, key, *stage).await?,
    };
    let mut judged_by = Vec::new();
    if holds {
        judged_by = promotion_history::list_policy_versions(tx, &key.name, target, key.version).await?;
    }
    let pending = promotions::list_pending(tx, &key.name).await?;
    let waits = |promotion: &&Promotion| {
        promotion.subject.target == *target && promotion.subject.version == key.version
    };
    let judgements = pending.iter().filter(waits).filter_map(|promotion| promotion.judgement.as_ref());
    judged_by.extend(judgements.map(|judgement| judgement.policy_version));
    for version in judged_by {
        let policy = promotion_policies::find_version(tx, &key.name, target, version).await?;
        if policy.is_some_and(|policy| policy.locked_tags().contains(tag)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Lets the policies of a model follow it to its new name, where the old one keeps them, too: else a new model of the old
/// name would be free of them.
///
/// # Errors
/// [`Error::NameHasPolicy`] when the new name has policies that the model has not passed.
pub(crate) async fn rename(tx: &mut Tx, name: &str, new_name: &str, moment: &Moment) -> Result<()> {
    let of_old = promotion_policies::list(tx, Some(name), None).await?;
    for kept in promotion_policies::list(tx, Some(new_name), None).await? {
        let twin = of_old.iter().find(|old| old.target == kept.target);
        let is_same = twin.is_none_or(|twin| asks_the_same(twin, &kept));
        if !is_same || !may_bring(tx, name, new_name, &kept.target, twin.map(|twin| twin.version)).await? {
            return Err(Error::NameHasPolicy { name: new_name.to_owned(), target: kept.target.to_string() });
        }
    }
    for kept in of_old {
        follow(tx, kept, new_name, moment).await?;
    }
    remember(tx, name, new_name, moment).await
}

/// Whether what a target stands for may come along to a name that has a policy for it: it is what the name stood for last
/// or, where the name never stood for anything, it passed the same policy.
async fn may_bring(
    tx: &mut Tx,
    name: &str,
    new_name: &str,
    target: &Target,
    policy_version: Option<i64>,
) -> Result<bool> {
    let Some(present) = holder::find_present(tx, name, target).await? else { return Ok(true) };
    let judged_by = promotion_history::list_policy_versions(tx, name, target, present.version).await?;
    let has_passed = policy_version.is_some_and(|version| judged_by.contains(&version));
    let last = promotion_history::find_last_origin(tx, new_name, target).await?;
    Ok(match last {
        // It comes back to where it was.
        Some((_, last)) => last == present,
        None => has_passed,
    })
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
/// compare with. A name that remembers somebody is not made to forget him by a model that brings nobody.
async fn remember(tx: &mut Tx, name: &str, new_name: &str, moment: &Moment) -> Result<()> {
    for target in promotion_history::list_targets(tx, name).await? {
        let holder = holder::find(tx, name, &target).await?;
        let present = holder.as_ref().and_then(|holder| holder.present);
        let known = promotion_history::find_last_origin(tx, new_name, &target).await?;
        let origin = holder.map(|holder| holder.origin);
        let came = Entry {
            policy_version: judged_by(tx, name, new_name, &target, present).await?,
            to_version: present,
            from_name: Some(name.to_owned()),
            origin: origin.clone().filter(|_| present.is_some() || known.is_none()),
            ..Entry::new(Kind::Renamed, new_name, &target, moment.now_ms)
        };
        moves::note(tx, came, moment).await?;
        let left = Entry {
            from_version: present,
            origin,
            reason: Some(format!("the model was renamed to '{new_name}'")),
            ..Entry::new(Kind::Renamed, name, &target, moment.now_ms)
        };
        moves::note(tx, left, moment).await?;
    }
    Ok(())
}

/// The version of the policy under the new name that counts for a version which was judged under the old one.
async fn judged_by(
    tx: &mut Tx,
    name: &str,
    new_name: &str,
    target: &Target,
    present: Option<i64>,
) -> Result<Option<i64>> {
    let Some(version) = present else { return Ok(None) };
    if promotion_history::list_policy_versions(tx, name, target, version).await?.is_empty() {
        return Ok(None);
    }
    Ok(promotion_policies::find(tx, new_name, target).await?.map(|(version, _)| version))
}

/// Writes down what the aliases and stages of a model that is about to be deleted stand for.
pub(crate) async fn forget_model(tx: &mut Tx, name: &str, moment: &Moment) -> Result<()> {
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
