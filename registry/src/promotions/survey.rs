//! What is looked at before the transaction: the files of the version and of the holder, where the policy asks for
//! them. The transaction makes sure that they are still the files that count.

use std::sync::Arc;

use tokio::sync::MutexGuard;

use super::holder::{self, Holder};
use super::inspect::{Depth, Inspection, inspect};
use crate::lineage::Lineage;
use crate::model::policy::Policy;
use crate::model::policy::gate::Gate;
use crate::model::promotion::Subject;
use crate::moment::Moment;
use crate::sql::{model_versions, promotion_policies};
use crate::{Error, Registry, Result};

/// How often the files are looked at again because the policy or the holder changed meanwhile.
const MAX_SURVEYS: usize = 20;

/// The files that a policy asks about.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Survey {
    pub(super) candidate: Option<Inspection>,
    /// None also where there is no holder.
    pub(super) holder: Option<Inspection>,
}

/// Which files a policy asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Needs {
    pub(super) candidate: Option<Depth>,
    pub(super) holder: bool,
}

impl Needs {
    pub(super) fn of(policy: &Policy) -> Self {
        let asks = |wanted: &Gate| policy.gates().iter().any(|gate| gate == wanted);
        let candidate = match (asks(&Gate::Artifacts), asks(&Gate::Signature)) {
            (true, _) => Some(Depth::AllFiles),
            (false, true) => Some(Depth::MlModel),
            (false, false) => None,
        };
        Needs { candidate, holder: asks(&Gate::Signature) }
    }
}

/// A request with all that its transaction needs.
pub(super) struct Asked<R> {
    pub(super) req: R,
    pub(super) survey: Survey,
    pub(super) lineage: Arc<dyn Lineage>,
    pub(super) moment: Moment,
}

impl Registry {
    pub(super) fn asked<R: Clone>(&self, req: &R, survey: Survey, moment: &Moment) -> Asked<R> {
        Asked { req: req.clone(), survey, lineage: self.around.lineage.clone(), moment: moment.clone() }
    }

    /// Surveys the files of a subject and lets `attempt` act on what was seen; again, as often as that is stale by then and
    /// `attempt` returns none.
    ///
    /// # Errors
    /// [`Error::VersionNotFound`], those of `attempt`, and [`Error::PromotionRaced`] when it was stale too often.
    pub(super) async fn surveyed<T, F>(&self, subject: &Subject, attempt: impl Fn(Survey) -> F) -> Result<T>
    where
        F: Future<Output = Result<Option<T>>>,
    {
        for n_tries in 0..MAX_SURVEYS {
            let _turn = self.turn(n_tries).await;
            if let Some(done) = attempt(self.survey(subject).await?).await? {
                return Ok(done);
            }
        }
        Err(Error::PromotionRaced(subject.name.clone()))
    }

    /// Lets those who have to look again go on one at a time, so that they do not make each other look again and again.
    async fn turn(&self, n_tries: usize) -> Option<MutexGuard<'_, ()>> {
        if n_tries == 0 { None } else { Some(self.turns.lock().await) }
    }

    /// Looks at the files that the present policy of a subject asks about.
    ///
    /// # Errors
    /// [`Error::VersionNotFound`].
    pub(super) async fn survey(&self, subject: &Subject) -> Result<Survey> {
        let mut tx = self.db.read().await?;
        let key = subject.version_key();
        let candidate = model_versions::find_origin(&mut tx, &key).await?;
        let candidate = candidate.ok_or(Error::VersionNotFound(key))?;
        let Some((_, policy)) = promotion_policies::find(&mut tx, &subject.name, &subject.target).await?
        else {
            return Ok(Survey::default());
        };
        let needs = Needs::of(&policy);
        let holder = holder::find(&mut tx, &subject.name, &subject.target).await?;
        drop(tx);
        let files = &*self.around.files;
        let mut survey = Survey::default();
        if let Some(depth) = needs.candidate {
            survey.candidate = Some(inspect(files, &candidate.location, depth).await);
        }
        if let Some(Holder { origin, .. }) = holder.filter(|_| needs.holder) {
            survey.holder = Some(inspect(files, &origin.location, Depth::MlModel).await);
        }
        Ok(survey)
    }
}
