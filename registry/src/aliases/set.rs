//! Letting an alias stand for a version.

use crate::model::alias::SetAlias;
use crate::model::model_version::Existing;
use crate::model::policy::target::Target;
use crate::model::promotion::Subject;
use crate::moment::Moment;
use crate::promotions::Move;
use crate::{Registry, Result};

impl Registry {
    /// Lets an alias stand for a version, whatever it stood for, unless a promotion policy says no.
    ///
    /// # Errors
    /// [`crate::Error::VersionNotFound`] and [`crate::Error::PromotionRefused`].
    pub(crate) async fn set_alias(&self, req: SetAlias, moment: Moment) -> Result<()> {
        let SetAlias { version, alias } = req;
        let subject = Subject { name: version.name, target: Target::Alias(alias), version: version.version };
        self.move_target(Move { subject, existing: Existing::Stay }, moment).await
    }
}
