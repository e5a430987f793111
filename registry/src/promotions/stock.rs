//! Moves that the stock client asks for: as in MLflow where there is no policy, and under it where there is one.

use forebay_db::Tx;

use super::holder;
use super::judge::{Judged, judge};
use super::moves::{self, Move};
use super::record::{begin, complete, entry};
use super::survey::Asked;
use crate::error::Refusal;
use crate::model::history::{Entry, Kind};
use crate::model::model_version::Existing;
use crate::model::promotion::{Judgement, Promotion, Status, Subject};
use crate::moment::Moment;
use crate::sql::{model_versions, promotion_policies, promotions};
use crate::{Error, Registry, Result};

/// Whether a move was done, or has to pass a policy first.
enum Plain {
    Done,
    Guarded,
}

impl Registry {
    /// Moves an alias or stage.
    ///
    /// # Errors
    /// [`Error::VersionNotFound`], and [`Error::PromotionRefused`] when a policy says no.
    pub(crate) async fn move_target(&self, wanted: Move, moment: Moment) -> Result<()> {
        let input = (wanted.clone(), moment.clone());
        match self.db.write(input, |tx, (wanted, moment)| Box::pin(plain(tx, wanted, moment))).await? {
            Plain::Done => Ok(()),
            Plain::Guarded => self.move_under_policy(wanted, moment).await,
        }
    }

    async fn move_under_policy(&self, wanted: Move, moment: Moment) -> Result<()> {
        let moved = self.surveyed(&wanted.subject, |survey| {
            let asked = self.asked(&wanted, survey, &moment);
            self.db.write_snapshot(asked, |tx, asked| Box::pin(guarded(tx, asked)))
        });
        moved.await?.map_err(Error::PromotionRefused)
    }
}

async fn plain(tx: &mut Tx, wanted: &Move, moment: &Moment) -> Result<Plain> {
    let Subject { name, target, .. } = &wanted.subject;
    let key = wanted.subject.version_key();
    let found = model_versions::find_guarded_origin_locked(tx, &key, target).await?;
    let (origin, is_guarded) = found.ok_or(Error::VersionNotFound(key))?;
    if is_guarded {
        return Ok(Plain::Guarded);
    }
    let from_version = holder::find_version(tx, name, target).await?;
    let entry = Entry { from_version, ..Entry::new(Kind::Set, name, target, moment.now_ms) };
    moves::move_to(tx, wanted, origin, entry, moment).await?;
    Ok(Plain::Done)
}

/// Moves, or notes that somebody tried where the policy says no; none when the survey has to be made again.
async fn guarded(tx: &mut Tx, asked: &Asked<Move>) -> Result<Option<Result<(), Refusal>>> {
    let Asked { req: wanted, survey, lineage, moment } = asked;
    let subject = &wanted.subject;
    promotion_policies::lock(tx).await?;
    let Judged::Case(case) = judge(tx, subject, survey, &**lineage).await? else {
        return Ok(None);
    };
    let previous_version = case.holder.as_ref().and_then(|holder| holder.present);
    if previous_version == Some(subject.version) && wanted.existing == Existing::Stay {
        return Ok(Some(Ok(())));
    }
    let mut promotion = Promotion {
        previous_version,
        status: Status::Refused,
        judgement: case.judgement,
        ..begin(subject, moment)
    };
    let passed = promotion.judgement.as_ref().is_none_or(Judgement::passed);
    if !passed || promotion.missing_approvals() > 0 {
        moves::note(tx, entry(Kind::Refused, &promotion, moment), moment).await?;
        promotions::insert(tx, &promotion).await?;
        return Ok(Some(Err(Refusal::of(&promotion))));
    }
    complete(tx, &mut promotion, Kind::Promoted, wanted.existing, moment).await?;
    promotions::insert(tx, &promotion).await?;
    Ok(Some(Ok(())))
}
