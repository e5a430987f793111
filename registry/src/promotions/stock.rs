//! Moves that the stock client asks for: as in MLflow where there is no policy, and under it where there is one.

use std::sync::Arc;

use forebay_db::Tx;

use super::holder;
use super::judge::{Judged, judge};
use super::moves::{self, Move};
use super::record::{begin, complete, entry};
use super::request::MAX_SURVEYS;
use super::survey::Survey;
use crate::error::Refusal;
use crate::lineage::Lineage;
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
        for n_tries in 0..MAX_SURVEYS {
            let _turn = self.turn(n_tries).await;
            let survey = self.survey(&wanted.subject).await?;
            let lineage = self.around.lineage.clone();
            let asked = Asked { wanted: wanted.clone(), survey, lineage, moment: moment.clone() };
            match self.db.write_snapshot(asked, |tx, asked| Box::pin(guarded(tx, asked))).await? {
                Guarded::Done => return Ok(()),
                Guarded::Refused(refusal) => return Err(Error::PromotionRefused(refusal)),
                Guarded::Stale => {}
            }
        }
        Err(Error::PromotionRaced(wanted.subject.name))
    }
}

async fn plain(tx: &mut Tx, wanted: &Move, moment: &Moment) -> Result<Plain> {
    let Subject { name, target, .. } = &wanted.subject;
    if promotion_policies::is_guarded_locked(tx, name, target).await? {
        return Ok(Plain::Guarded);
    }
    let key = wanted.subject.version_key();
    let origin = model_versions::find_origin_locked(tx, &key).await?;
    let origin = origin.ok_or(Error::VersionNotFound(key))?;
    let from_version = holder::find_version(tx, name, target).await?;
    let entry = Entry { from_version, ..Entry::new(Kind::Set, name, target, moment.now_ms) };
    moves::move_to(tx, wanted, origin, entry, moment).await?;
    Ok(Plain::Done)
}

struct Asked {
    wanted: Move,
    survey: Survey,
    lineage: Arc<dyn Lineage>,
    moment: Moment,
}

enum Guarded {
    Done,
    /// It is noted that somebody tried.
    Refused(Refusal),
    /// The survey has to be made again.
    Stale,
}

async fn guarded(tx: &mut Tx, asked: &Asked) -> Result<Guarded> {
    let Asked { wanted, survey, lineage, moment } = asked;
    let subject = &wanted.subject;
    promotion_policies::lock(tx).await?;
    let Judged::Case(case) = judge(tx, subject, survey, &**lineage).await? else {
        return Ok(Guarded::Stale);
    };
    let previous_version = case.holder.as_ref().and_then(|holder| holder.present);
    if previous_version == Some(subject.version) && wanted.existing == Existing::Stay {
        return Ok(Guarded::Done);
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
        return Ok(Guarded::Refused(Refusal::of(&promotion)));
    }
    complete(tx, &mut promotion, Kind::Promoted, wanted.existing, moment).await?;
    promotions::insert(tx, &promotion).await?;
    Ok(Guarded::Done)
}
