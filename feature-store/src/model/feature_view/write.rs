//! From a feature view to its message. What has its default is left out.

use forebay_wire::feature_definitions as wire;

use super::{Feature, FeatureView, Holds, KnownAt};
use crate::model::about::About;

impl From<&FeatureView> for wire::FeatureView {
    fn from(view: &FeatureView) -> Self {
        let About { description, owner, tags } = view.about.clone();
        let (event_time, ttl, valid_from, valid_to) = match view.holds.clone() {
            Holds::Since { event_time, ttl } => {
                (Some(event_time), ttl.map(|ttl| ttl.to_string()), None, None)
            }
            Holds::Between { from, to } => (None, None, Some(from), Some(to)),
        };
        let key_columns = view.key_columns.iter().map(|(key, column)| (key.to_string(), column.clone()));
        wire::FeatureView {
            name: Some(view.name.to_string()),
            source: Some(view.source.clone()),
            entities: view.entities.iter().map(ToString::to_string).collect(),
            key_columns: key_columns.collect(),
            event_time,
            valid_from,
            valid_to,
            ttl,
            created_time: view.created_time.clone(),
            known_at: (view.known_at == KnownAt::CreatedTime).then(|| "created_time".to_owned()),
            features: view.features.iter().map(Into::into).collect(),
            expectations: view.expectations.iter().map(Into::into).collect(),
            description,
            owner,
            tags,
        }
    }
}

impl From<&Feature> for wire::Feature {
    fn from(feature: &Feature) -> Self {
        wire::Feature {
            name: Some(feature.name.to_string()),
            r#type: Some(feature.kind.to_string()),
            column: Some(feature.column.clone()).filter(|column| column != feature.name.as_str()),
            description: feature.description.clone(),
        }
    }
}
