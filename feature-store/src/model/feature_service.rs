//! What a model uses: a named list of features, in their order.

use forebay_wire::feature_definitions as wire;

use super::about::About;
use super::mistake::{Mistake, each, no_twins, some};
use super::name::Name;
use super::reference::Reference;

/// The features of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FeatureService {
    pub(crate) name: Name,
    /// At least one, and no two with the same feature's name.
    pub(crate) features: Vec<Reference>,
    pub(crate) about: About,
}

impl TryFrom<wire::FeatureService> for FeatureService {
    type Error = Mistake;

    fn try_from(message: wire::FeatureService) -> Result<Self, Mistake> {
        let name = Name::required("name", message.name)?;
        some("features", &message.features)?;
        let read = |text: String| Reference::parse(&text).map_err(|reason| Mistake::new("", reason));
        let features = each("features", message.features, read)?;
        no_twins("features", "a feature named", features.iter().map(|it| it.feature.as_str()))?;
        Ok(FeatureService {
            name,
            features,
            about: About::read(message.description, message.owner, message.tags)?,
        })
    }
}

impl From<&FeatureService> for wire::FeatureService {
    fn from(service: &FeatureService) -> Self {
        let About { description, owner, tags } = service.about.clone();
        wire::FeatureService {
            name: Some(service.name.to_string()),
            features: service.features.iter().map(Reference::to_string).collect(),
            description,
            owner,
            tags,
        }
    }
}
