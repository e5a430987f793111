//! Moving a version to another stage.

use forebay_db::Tx;

use crate::model::model_version::{ModelVersion, TransitionStage};
use crate::model::policy::target::Target;
use crate::model::promotion::Subject;
use crate::model::stage::Stage;
use crate::moment::Moment;
use crate::promotions::{Move, moves};
use crate::sql::{model_versions, promotion_policies};
use crate::{Error, Registry, Result};

impl Registry {
    /// Moves a version to a stage and, if asked to, those that are in it to the archive, unless a promotion policy says
    /// no.
    ///
    /// # Errors
    /// [`Error::VersionNotFound`] and [`Error::PromotionRefused`].
    pub(crate) async fn transition_stage(
        &self,
        req: TransitionStage,
        moment: Moment,
    ) -> Result<ModelVersion> {
        let key = req.key.clone();
        if req.stage == Stage::None {
            self.db.write((req, moment), |tx, (req, moment)| Box::pin(leave(tx, req, moment))).await?;
        } else {
            let TransitionStage { key, stage, existing } = req;
            let subject = Subject { name: key.name, target: Target::Stage(stage), version: key.version };
            self.move_target(Move { subject, existing }, moment).await?;
        }
        self.get_model_version(&key).await
    }
}

/// Takes a version out of all stages, which needs nobody's consent.
async fn leave(tx: &mut Tx, req: &TransitionStage, moment: &Moment) -> Result<()> {
    promotion_policies::lock_shared(tx).await?;
    let origin = model_versions::find_origin_locked(tx, &req.key).await?;
    let origin = origin.ok_or_else(|| Error::VersionNotFound(req.key.clone()))?;
    moves::leave_stage(tx, &req.key, req.stage, &origin, moment).await?;
    moves::enter_stage(tx, &req.key, req.stage, req.existing, moment).await
}
