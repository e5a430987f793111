//! Moves of aliases and stages, each with its entry in the history.

use forebay_db::Tx;

use super::holder;
use crate::model::event::Event;
use crate::model::history::{Entry, Kind};
use crate::model::model_version::Existing;
use crate::model::name::VersionKey;
use crate::model::origin::VersionOrigin;
use crate::model::policy::target::Target;
use crate::model::promotion::Subject;
use crate::model::stage::Stage;
use crate::moment::Moment;
use crate::sql::{model_versions, promotion_history, registered_model_aliases, registered_models};
use crate::{Error, Result};

/// A move of an alias or stage.
#[derive(Debug, Clone)]
pub(crate) struct Move {
    pub(crate) subject: Subject,
    /// Of a stage.
    pub(crate) existing: Existing,
}

/// Lets a target stand for a version, which came from `origin`; `entry` says why, and what it stood for before. What that
/// takes away from other targets is noted, too.
///
/// # Errors
/// [`Error::VersionNotFound`].
pub(crate) async fn move_to(
    tx: &mut Tx,
    Move { subject, existing }: &Move,
    origin: VersionOrigin,
    entry: Entry,
    moment: &Moment,
) -> Result<()> {
    let key = subject.version_key();
    match &subject.target {
        Target::Alias(alias) => {
            registered_model_aliases::upsert(tx, alias, &key).await?;
            let event = |of| Some(Event::alias_created(of, key.clone(), alias.clone()));
            moment.record_of(tx, &key.name, event).await?;
        }
        Target::Stage(stage) => {
            leave_stage(tx, &key, *stage, &origin, moment).await?;
            enter_stage(tx, &key, *stage, *existing, moment).await?;
        }
    }
    let entry = Entry { to_version: Some(subject.version), origin: Some(origin), ..entry };
    note(tx, entry, moment).await
}

/// Moves a version to a stage.
pub(crate) async fn enter_stage(
    tx: &mut Tx,
    key: &VersionKey,
    stage: Stage,
    existing: Existing,
    moment: &Moment,
) -> Result<()> {
    let now_ms = moment.now_ms;
    registered_models::touch(tx, &key.name, now_ms).await?;
    if existing == Existing::Archive {
        for version in model_versions::list_others_in(tx, key, stage).await? {
            let archived = Entry {
                to_version: Some(version),
                ..Entry::new(Kind::Set, &key.name, &Target::Stage(Stage::Archived), now_ms)
            };
            note(tx, archived, moment).await?;
        }
        model_versions::archive_others(tx, key, stage, now_ms).await?;
    }
    match model_versions::set_stage(tx, key, stage, now_ms).await? {
        0 => Err(Error::VersionNotFound(key.clone())),
        _ => Ok(()),
    }
}

/// Notes that a version leaves the stage that it is in, if others than `next` stand for it there.
pub(crate) async fn leave_stage(
    tx: &mut Tx,
    key: &VersionKey,
    next: Stage,
    origin: &VersionOrigin,
    moment: &Moment,
) -> Result<()> {
    let version = model_versions::find(tx, key).await?;
    let stage = version.and_then(|version| version.stage).and_then(|stage| Stage::parse(&stage).ok());
    match stage {
        Some(stage) if stage != next && stage != Stage::None => {
            let target = Target::Stage(stage);
            let holds = holder::find_version(tx, &key.name, &target).await? == Some(key.version);
            let origin = holds.then(|| origin.clone());
            let entry = Entry {
                from_version: Some(key.version),
                origin,
                ..Entry::new(Kind::Removed, &key.name, &target, moment.now_ms)
            };
            note(tx, entry, moment).await
        }
        _ => Ok(()),
    }
}

/// Notes that a target does not stand for a version any more; `reason` is why, where nobody asked for just that.
pub(crate) async fn removed(
    tx: &mut Tx,
    target: &Target,
    (name, origin): (&str, &VersionOrigin),
    reason: Option<&str>,
    moment: &Moment,
) -> Result<()> {
    let entry = Entry {
        from_version: Some(origin.version),
        origin: Some(origin.clone()),
        reason: reason.map(str::to_owned),
        ..Entry::new(Kind::Removed, name, target, moment.now_ms)
    };
    note(tx, entry, moment).await
}

/// Adds an entry of whoever asks to the history.
pub(crate) async fn note(tx: &mut Tx, entry: Entry, moment: &Moment) -> Result<()> {
    let entry = Entry { user: moment.user.clone(), created_ms: moment.now_ms, ..entry };
    Ok(promotion_history::insert(tx, &entry).await?)
}
