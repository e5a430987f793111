//! What people define for the feature store, the same in JSON and in YAML; every other field is refused.

use std::collections::BTreeMap;

use serde_json::Number;

use crate::presence::message;

message! {
    /// Definitions of all kinds.
    #[serde(deny_unknown_fields)]
    pub struct FeatureDefinitions {
        /// What features are of.
        entities: Vec<Entity>,
        /// Features that are read from tables.
        feature_views as "featureViews": Vec<FeatureView>,
        /// Features that are computed from others.
        on_demand_views as "onDemandViews": Vec<OnDemandView>,
        /// What models use.
        feature_services as "featureServices": Vec<FeatureService>,
    }

    /// A thing that has features.
    #[serde(deny_unknown_fields)]
    pub struct Entity {
        /// Its own among entities.
        name: Option<String>,
        /// All together name one thing.
        keys: Vec<TypedName>,
        /// A few words for readers.
        description: Option<String>,
        /// Who answers for it.
        owner: Option<String>,
        /// For readers, too.
        tags: BTreeMap<String, String>,
    }

    /// A key, or a value of a request.
    #[serde(deny_unknown_fields)]
    pub struct TypedName {
        /// The column of a spine.
        name: Option<String>,
        /// Such as `int64`.
        r#type: Option<String>,
    }

    /// Features that are read from one table.
    #[serde(deny_unknown_fields)]
    pub struct FeatureView {
        /// Its own among all views.
        name: Option<String>,
        /// The address of the table.
        source: Option<String>,
        /// The names of entities.
        entities: Vec<String>,
        /// Which column holds a key, where it has another name.
        key_columns as "keyColumns": BTreeMap<String, String>,
        /// The column of the time of a row's event; this, or both `valid_from` and `valid_to`.
        event_time as "eventTime": Option<String>,
        /// The column of the time from which a row holds.
        valid_from as "validFrom": Option<String>,
        /// The column of the time until which it holds.
        valid_to as "validTo": Option<String>,
        /// Beside `event_time`: how long a row holds at most, such as `2h`.
        ttl: Option<String>,
        /// The column of the time when a row was written.
        created_time as "createdTime": Option<String>,
        /// `event_time` or `created_time`; absent is `event_time`.
        known_at as "knownAt": Option<String>,
        /// At least one.
        features: Vec<Feature>,
        /// What should hold for the rows.
        expectations: Vec<Expectation>,
        /// A few words for readers.
        description: Option<String>,
        /// Who answers for it.
        owner: Option<String>,
        /// For readers, too.
        tags: BTreeMap<String, String>,
    }

    /// A column of features.
    #[serde(deny_unknown_fields)]
    pub struct Feature {
        /// Its own in its view.
        name: Option<String>,
        /// Such as `float64`.
        r#type: Option<String>,
        /// The column of the table; absent is the name.
        column: Option<String>,
        /// A few words for readers.
        description: Option<String>,
    }

    /// One thing that should hold: exactly one of `not_null`, `range`, `unique_key` and `freshness`.
    #[serde(deny_unknown_fields)]
    pub struct Expectation {
        /// A feature.
        not_null as "notNull": Option<String>,
        /// A feature, with `min`, `max` or both.
        range: Option<String>,
        /// The least value.
        min: Option<Number>,
        /// The greatest value.
        max: Option<Number>,
        /// True: no two rows have the same keys and event time.
        unique_key as "uniqueKey": Option<bool>,
        /// How old the newest row may be, such as `2d`.
        freshness: Option<String>,
        /// `warn` or `fail`; absent is `warn`.
        otherwise: Option<String>,
    }

    /// Features that are computed when they are asked for.
    #[serde(deny_unknown_fields)]
    pub struct OnDemandView {
        /// Its own among all views.
        name: Option<String>,
        /// Features as `view:feature`.
        inputs: Vec<String>,
        /// Values that come with a request, and columns of a spine.
        request: Vec<TypedName>,
        /// At least one.
        features: Vec<ComputedFeature>,
        /// A few words for readers.
        description: Option<String>,
        /// Who answers for it.
        owner: Option<String>,
        /// For readers, too.
        tags: BTreeMap<String, String>,
    }

    /// A computed feature.
    #[serde(deny_unknown_fields)]
    pub struct ComputedFeature {
        /// Its own in its view.
        name: Option<String>,
        /// Of SQL, over inputs and values of the request.
        expression: Option<String>,
        /// Such as `float64`.
        r#type: Option<String>,
        /// A few words for readers.
        description: Option<String>,
    }

    /// The features of a model.
    #[serde(deny_unknown_fields)]
    pub struct FeatureService {
        /// Its own among services.
        name: Option<String>,
        /// As `view:feature`, in the order of their columns.
        features: Vec<String>,
        /// A few words for readers.
        description: Option<String>,
        /// Who answers for it.
        owner: Option<String>,
        /// For readers, too.
        tags: BTreeMap<String, String>,
    }
}
