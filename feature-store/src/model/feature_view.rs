//! A table of features: which rows are about what, since when they hold, and since when that was known.

mod read;
mod write;

use std::collections::HashMap;

use arrow::datatypes::DataType;

use super::about::About;
use super::entity::Key;
use super::expectation::Expectation;
use super::name::Name;
use super::span::Span;
use super::value_type::ValueType;

/// Features that are read from one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FeatureView {
    pub(crate) name: Name,
    /// The address of the table.
    pub(crate) source: String,
    /// At least one. Their keys together are the keys of the view.
    pub(crate) entities: Vec<Name>,
    /// Which column of the table holds a key, where it has another name than the key.
    pub(crate) key_columns: Vec<(Name, String)>,
    pub(crate) holds: Holds,
    /// The column of when a row was written.
    pub(crate) created_time: Option<String>,
    pub(crate) known_at: KnownAt,
    /// At least one.
    pub(crate) features: Vec<Feature>,
    pub(crate) expectations: Vec<Expectation>,
    pub(crate) about: About,
}

/// When the values of a row hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Holds {
    /// From its event time on, until a later row of the same key or, at most, for `ttl`, both ends included.
    Since { event_time: String, ttl: Option<Span> },
    /// From one column, included, to another, excluded; null there is forever. Of several such rows the one that begins
    /// last holds.
    Between { from: String, to: String },
}

impl Holds {
    /// The column of the time by which rows are ordered.
    pub(crate) fn event_time(&self) -> &str {
        match self {
            Holds::Since { event_time, .. } => event_time,
            Holds::Between { from, .. } => from,
        }
    }
}

/// Since when a row was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KnownAt {
    /// Since its event: when it was written says nothing, as in a table that was filled afterwards.
    EventTime,
    /// Since it was written, but not before its event. A row that does not say when was never known.
    CreatedTime,
}

/// A column of features.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Feature {
    pub(crate) name: Name,
    /// The column of the table.
    pub(crate) column: String,
    pub(crate) kind: ValueType,
    pub(crate) description: Option<String>,
}

impl FeatureView {
    /// The feature of that name.
    pub(crate) fn feature(&self, name: &Name) -> Option<&Feature> {
        self.features.iter().find(|feature| feature.name == *name)
    }

    /// The columns that hold times, with the fields that name them.
    pub(crate) fn times(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let (start, end) = match &self.holds {
            Holds::Since { event_time, .. } => (("event_time", event_time.as_str()), None),
            Holds::Between { from, to } => (("valid_from", from.as_str()), Some(("valid_to", to.as_str()))),
        };
        let created = self.created_time.as_deref().map(|column| ("created_time", column));
        [Some(start), end, created].into_iter().flatten()
    }

    /// As what columns are read of which a table says no more than that they are texts.
    pub(crate) fn column_types(&self, keys: &[Key]) -> HashMap<String, DataType> {
        let times = self.times().map(|(_, column)| (column, ValueType::Timestamp.arrow()));
        let keys = keys.iter().map(|key| (self.key_column(&key.name), key.kind.arrow()));
        let features = self.features.iter().map(|feature| (feature.column.as_str(), feature.kind.arrow()));
        let mut types = HashMap::new();
        for (column, kind) in times.chain(keys).chain(features) {
            types.entry(column.to_owned()).or_insert(kind);
        }
        types
    }

    /// The column of the table that holds a key.
    pub(crate) fn key_column<'a>(&'a self, key: &'a Name) -> &'a str {
        let named = self.key_columns.iter().find(|(name, _)| name == key);
        named.map_or(key.as_str(), |(_, column)| column)
    }
}
