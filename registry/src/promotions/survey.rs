//! What is looked at before the transaction: the files of the version and of the holder, where the policy asks for
//! them. The transaction makes sure that they are still the files that count.

use tokio::sync::MutexGuard;

use super::holder::{self, Holder};
use super::inspect::{Depth, Inspection, inspect};
use crate::model::name::VersionKey;
use crate::model::policy::Policy;
use crate::model::policy::gate::Gate;
use crate::model::promotion::Subject;
use crate::sql::{model_versions, promotion_policies};
use crate::{Error, Registry, Result};

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

impl Registry {
    /// Lets those who have to look again go on one at a time, so that they do not make each other look again and again.
    pub(super) async fn turn(&self, n_tries: usize) -> Option<MutexGuard<'_, ()>> {
        if n_tries == 0 { None } else { Some(self.turns.lock().await) }
    }

    /// Looks at the files that the present policy of a subject asks about.
    ///
    /// # Errors
    /// [`Error::VersionNotFound`].
    pub(super) async fn survey(&self, subject: &Subject) -> Result<Survey> {
        let mut tx = self.db.read().await?;
        let key = VersionKey { name: subject.name.clone(), version: subject.version };
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
