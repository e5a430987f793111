//! Features that are computed when they are asked for: SQL expressions over other features and values of the request.

use forebay_wire::feature_definitions as wire;

use super::about::{About, line};
use super::entity::{typed, written};
use super::mistake::{Mistake, each, no_twins, required, some, words};
use super::name::Name;
use super::reference::Reference;
use super::value_type::ValueType;

/// Longest expression, in characters.
const MAX_EXPRESSION_CHARS: usize = 10_000;

/// Computed features with the same inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OnDemandView {
    pub(crate) name: Name,
    /// Features of feature views; expressions name them by their feature's name.
    pub(crate) inputs: Vec<Reference>,
    /// Columns of the spine, and later of the request.
    pub(crate) request: Vec<(Name, ValueType)>,
    /// At least one.
    pub(crate) features: Vec<Computed>,
    pub(crate) about: About,
}

/// A computed feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Computed {
    pub(crate) name: Name,
    /// SQL, without `SELECT`.
    pub(crate) expression: String,
    pub(crate) kind: ValueType,
    pub(crate) description: Option<String>,
}

impl OnDemandView {
    /// The feature of that name.
    pub(crate) fn feature(&self, name: &Name) -> Option<&Computed> {
        self.features.iter().find(|feature| feature.name == *name)
    }
}

impl TryFrom<wire::OnDemandView> for OnDemandView {
    type Error = Mistake;

    fn try_from(message: wire::OnDemandView) -> Result<Self, Mistake> {
        let name = Name::required("name", message.name)?;
        let read = |text: String| Reference::parse(&text).map_err(|reason| Mistake::new("", reason));
        let inputs = each("inputs", message.inputs, read)?;
        let request = each("request", message.request, typed)?;
        some("features", &message.features)?;
        let features = each("features", message.features, computed)?;
        let given = inputs.iter().map(|input| input.feature.as_str());
        no_twins("inputs", "an input named", given.clone())?;
        let asked = request.iter().map(|(name, _)| name.as_str());
        no_twins("request", "request value", asked.clone())?;
        no_twins("features", "feature", features.iter().map(|feature| feature.name.as_str()))?;
        for (index, name) in asked.clone().enumerate() {
            if given.clone().any(|input| input == name) {
                return Err(Mistake::new(format!("request[{index}]"), format!("'{name}' is an input, too")));
            }
        }
        for (index, feature) in features.iter().enumerate() {
            if given.clone().chain(asked.clone()).any(|name| name == feature.name.as_str()) {
                let reason = format!("feature '{}' has the name of what it is computed from", feature.name);
                return Err(Mistake::new(format!("features[{index}]"), reason));
            }
        }
        let about = About::read(message.description, message.owner, message.tags)?;
        Ok(OnDemandView { name, inputs, request, features, about })
    }
}

fn computed(message: wire::ComputedFeature) -> Result<Computed, Mistake> {
    let name = Name::required("name", message.name)?;
    let expression = words("expression", MAX_EXPRESSION_CHARS, required("expression", message.expression)?)?;
    let kind = ValueType::required("type", message.r#type)?;
    Ok(Computed { name, expression, kind, description: line("description", message.description)? })
}

impl From<&OnDemandView> for wire::OnDemandView {
    fn from(view: &OnDemandView) -> Self {
        let About { description, owner, tags } = view.about.clone();
        let computed = |feature: &Computed| wire::ComputedFeature {
            name: Some(feature.name.to_string()),
            expression: Some(feature.expression.clone()),
            r#type: Some(feature.kind.to_string()),
            description: feature.description.clone(),
        };
        wire::OnDemandView {
            name: Some(view.name.to_string()),
            inputs: view.inputs.iter().map(Reference::to_string).collect(),
            request: view.request.iter().map(|(name, kind)| written(name, kind)).collect(),
            features: view.features.iter().map(computed).collect(),
            description,
            owner,
            tags,
        }
    }
}
