//! From a message to a feature view.

use forebay_core::nearest::did_you_mean;
use forebay_wire::feature_definitions as wire;

use super::{Feature, FeatureView, Holds, KnownAt};
use crate::model::about::{About, line};
use crate::model::expectation::{Expectation, Rule};
use crate::model::mistake::{Mistake, each, no_twins, required, some, words};
use crate::model::name::Name;
use crate::model::value_type::ValueType;

/// Longest address of a table, and longest name of a column, in characters.
const MAX_ADDRESS_CHARS: usize = 2_048;
const MAX_COLUMN_CHARS: usize = 1_000;

impl TryFrom<wire::FeatureView> for FeatureView {
    type Error = Mistake;

    fn try_from(message: wire::FeatureView) -> Result<Self, Mistake> {
        let name = Name::required("name", message.name.clone())?;
        let source = source(message.source.clone())?;
        let holds = holds(&message)?;
        let created_time = message.created_time.map(|it| column("created_time", it)).transpose()?;
        let known_at = known_at(message.known_at.as_deref(), created_time.is_some())?;
        some("entities", &message.entities)?;
        let entity = |text: String| Name::required("", Some(text));
        let entities = each("entities", message.entities, entity)?;
        no_twins("entities", "entity", entities.iter().map(Name::as_str))?;
        let key_columns = message.key_columns.into_iter().map(|(key, it)| key_column(&key, it));
        let key_columns = key_columns.collect::<Result<_, _>>()?;
        some("features", &message.features)?;
        let features = each("features", message.features, feature)?;
        no_twins("features", "feature", features.iter().map(|feature| feature.name.as_str()))?;
        let expectations = each("expectations", message.expectations, Expectation::try_from)?;
        let about = About::read(message.description, message.owner, message.tags)?;
        let view = FeatureView {
            name,
            source,
            entities,
            key_columns,
            holds,
            created_time,
            known_at,
            features,
            expectations,
            about,
        };
        check_expectations(&view)?;
        Ok(view)
    }
}

fn source(text: Option<String>) -> Result<String, Mistake> {
    let text = words("source", MAX_ADDRESS_CHARS, required("source", text)?)?;
    let has_scheme = text.split_once(':').is_some_and(|(_, rest)| rest.starts_with('/'));
    if !has_scheme && !text.starts_with('/') {
        let reason = format!(
            "the path '{text}' is relative and so another table in every folder; begin it with '/', or with the scheme of \
             an object store"
        );
        return Err(Mistake::new("source", reason));
    }
    Ok(text)
}

fn column(field: &str, text: String) -> Result<String, Mistake> {
    words(field, MAX_COLUMN_CHARS, text)
}

fn holds(message: &wire::FeatureView) -> Result<Holds, Mistake> {
    let ttl = message.ttl.as_deref().map(str::parse).transpose();
    let ttl = ttl.map_err(|reason: String| Mistake::new("ttl", reason))?;
    match (message.event_time.clone(), message.valid_from.clone(), message.valid_to.clone()) {
        (Some(event_time), None, None) => {
            Ok(Holds::Since { event_time: column("event_time", event_time)?, ttl })
        }
        (None, Some(_), Some(_)) if ttl.is_some() => Err(Mistake::new(
            "ttl",
            "a 'ttl' belongs to an 'event_time'; here 'valid_to' says when a row ends",
        )),
        (None, Some(from), Some(to)) => {
            Ok(Holds::Between { from: column("valid_from", from)?, to: column("valid_to", to)? })
        }
        _ => Err(Mistake::new("", "the view needs an 'event_time', or both 'valid_from' and 'valid_to'")),
    }
}

fn known_at(text: Option<&str>, has_created_time: bool) -> Result<KnownAt, Mistake> {
    match text {
        None | Some("event_time") => Ok(KnownAt::EventTime),
        Some("created_time") if has_created_time => Ok(KnownAt::CreatedTime),
        Some("created_time") => Err(Mistake::new(
            "known_at",
            "'known_at: created_time' needs a 'created_time' that names the column",
        )),
        Some(other) => {
            Err(Mistake::new("known_at", format!("'{other}' is neither 'event_time' nor 'created_time'")))
        }
    }
}

fn key_column(key: &str, text: String) -> Result<(Name, String), Mistake> {
    let field = format!("key_columns.{key}");
    let name = Name::parse(key).map_err(|reason| Mistake::new(&field, reason))?;
    Ok((name, column(&field, text)?))
}

fn feature(message: wire::Feature) -> Result<Feature, Mistake> {
    let name = Name::required("name", message.name)?;
    let kind = ValueType::required("type", message.r#type)?;
    let column = column("column", message.column.unwrap_or_else(|| name.to_string()))?;
    Ok(Feature { name, column, kind, description: line("description", message.description)? })
}

/// What is expected is expected of features that are there, and a range of numbers.
fn check_expectations(view: &FeatureView) -> Result<(), Mistake> {
    for (index, expectation) in view.expectations.iter().enumerate() {
        let Some(name) = expectation.rule.feature() else { continue };
        let (word, needs_number) = match &expectation.rule {
            Rule::NotNull(_) => ("not_null", false),
            _ => ("range", true),
        };
        let field = format!("expectations[{index}].{word}");
        let Some(feature) = view.feature(name) else {
            let hint = did_you_mean(name.as_str(), view.features.iter().map(|it| it.name.as_str()));
            let reason = format!("feature view '{}' has no feature '{name}'{hint}", view.name);
            return Err(Mistake::new(field, reason));
        };
        if needs_number && !feature.kind.is_number() {
            let reason =
                format!("feature '{name}' is of type {}, and a range is one of numbers", feature.kind);
            return Err(Mistake::new(field, reason));
        }
    }
    Ok(())
}
