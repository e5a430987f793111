//! What the rows of a view should be like, and what happens when they are not.

use forebay_wire::feature_definitions as wire;
use serde_json::Number;

use super::mistake::Mistake;
use super::name::Name;
use super::span::Span;

/// One thing that should hold for the rows of a table that are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expectation {
    pub(crate) rule: Rule,
    pub(crate) otherwise: Otherwise,
}

/// What should hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rule {
    /// The feature is never null.
    NotNull(Name),
    /// The feature is null or within bounds, both included. Bounds are the texts of JSON numbers.
    Range { feature: Name, min: Option<String>, max: Option<String> },
    /// No two rows have the same keys and event time.
    UniqueKey,
    /// The newest event is at most this much older than the newest row of the spine.
    Freshness(Span),
}

/// What happens when it does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Otherwise {
    Warn,
    Fail,
}

impl TryFrom<wire::Expectation> for Expectation {
    type Error = Mistake;

    fn try_from(message: wire::Expectation) -> Result<Self, Mistake> {
        let otherwise = match message.otherwise.as_deref() {
            None | Some("warn") => Otherwise::Warn,
            Some("fail") => Otherwise::Fail,
            Some(other) => {
                return Err(Mistake::new("otherwise", format!("'{other}' is neither 'warn' nor 'fail'")));
            }
        };
        Ok(Expectation { rule: rule(message)?, otherwise })
    }
}

fn rule(message: wire::Expectation) -> Result<Rule, Mistake> {
    let wire::Expectation { not_null, range, min, max, unique_key, freshness, .. } = message;
    if range.is_none() && (min.is_some() || max.is_some()) {
        return Err(Mistake::new("", "'min' and 'max' belong to a 'range'"));
    }
    match (not_null, range, unique_key, freshness) {
        (Some(feature), None, None, None) => Ok(Rule::NotNull(Name::required("not_null", Some(feature))?)),
        (None, Some(feature), None, None) => in_range(feature, min, max),
        (None, None, Some(true), None) => Ok(Rule::UniqueKey),
        (None, None, Some(false), None) => {
            Err(Mistake::new("unique_key", "'unique_key' is true, or the expectation is left out"))
        }
        (None, None, None, Some(age)) => {
            age.parse().map(Rule::Freshness).map_err(|reason| Mistake::new("freshness", reason))
        }
        _ => Err(Mistake::new(
            "",
            "an expectation is one of 'not_null', 'range', 'unique_key' and 'freshness'",
        )),
    }
}

fn in_range(feature: String, min: Option<Number>, max: Option<Number>) -> Result<Rule, Mistake> {
    let feature = Name::required("range", Some(feature))?;
    let bound = |number: &Option<Number>| number.as_ref().and_then(Number::as_f64);
    match (bound(&min), bound(&max)) {
        (None, None) => Err(Mistake::new("", "a range has a 'min', a 'max' or both")),
        (Some(min), Some(max)) if min > max => {
            Err(Mistake::new("min", format!("no value is at least {min} and at most {max}")))
        }
        _ => {
            let text = |number: Option<Number>| number.map(|number| number.to_string());
            Ok(Rule::Range { feature, min: text(min), max: text(max) })
        }
    }
}

impl Rule {
    /// The feature that it looks at.
    pub(crate) fn feature(&self) -> Option<&Name> {
        match self {
            Rule::NotNull(feature) | Rule::Range { feature, .. } => Some(feature),
            Rule::UniqueKey | Rule::Freshness(_) => None,
        }
    }
}

impl From<&Expectation> for wire::Expectation {
    fn from(expectation: &Expectation) -> Self {
        let mut message = wire::Expectation::default();
        // A bound was read as a number before it became a text.
        let number = |text: &Option<String>| text.as_ref().and_then(|text| text.parse().ok());
        match &expectation.rule {
            Rule::NotNull(feature) => message.not_null = Some(feature.to_string()),
            Rule::Range { feature, min, max } => {
                message.range = Some(feature.to_string());
                (message.min, message.max) = (number(min), number(max));
            }
            Rule::UniqueKey => message.unique_key = Some(true),
            Rule::Freshness(age) => message.freshness = Some(age.to_string()),
        }
        if expectation.otherwise == Otherwise::Fail {
            message.otherwise = Some("fail".to_owned());
        }
        message
    }
}
