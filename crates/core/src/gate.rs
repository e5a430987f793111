//! Whether a model version passes a condition of a promotion policy, and the sentence that says why.
//!
//! What cannot be told is a failure: a metric that is missing, NaN, or there for several datasets of which the
//! policy names none. The one exception is a comparison with a holder when nothing holds the alias or stage yet.
//! Numbers are compared to the last bit, without a tolerance; a bound such as `champion.metrics.auc - 0.005`
//! is worked out in decimal (see [`crate::decimal`]), so that 0.7 is not less than 0.8 - 0.1.

use std::collections::BTreeMap;
use std::fmt;

use crate::decimal;
use crate::filter::TextOp;
use crate::filter::conditions::{Bound, MetricCondition, TagCondition};
use crate::like::{ilike, like};

/// Most datasets that a reason lists.
const MAX_LISTED: usize = 10;

/// A dataset that a metric was measured on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dataset {
    /// Its name.
    pub name: String,
    /// The digest of its content.
    pub digest: String,
}

impl Dataset {
    /// Whether a policy means this dataset when it says `name` or `name@digest`.
    fn is_named(&self, text: &str) -> bool {
        let digest = text.strip_prefix(self.name.as_str()).and_then(|rest| rest.strip_prefix('@'));
        text == self.name || digest == Some(self.digest.as_str())
    }
}

impl fmt::Display for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.digest)
    }
}

/// The latest values of the metrics of a run or logged model, by key and dataset.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics {
    values: BTreeMap<String, BTreeMap<Option<Dataset>, f64>>,
}

impl Metrics {
    /// Adds the latest value of `key`; a value that is there for this key and dataset is replaced.
    pub fn insert(&mut self, key: &str, dataset: Option<Dataset>, value: f64) {
        self.values.entry(key.to_owned()).or_default().insert(dataset, value);
    }

    /// The one number that `key` means, or why there is none.
    fn find(&self, key: &str, dataset: Option<&str>) -> Result<f64, String> {
        let empty = BTreeMap::new();
        let values = self.values.get(key).unwrap_or(&empty);
        let is_meant = |measured_on: &Option<Dataset>| match (dataset, measured_on) {
            (None, _) => true,
            (Some(text), Some(measured_on)) => measured_on.is_named(text),
            (Some(_), None) => false,
        };
        let meant: Vec<_> = values.iter().filter(|(measured_on, _)| is_meant(measured_on)).collect();
        match (meant.as_slice(), dataset) {
            ([(_, value)], _) if value.is_nan() => Err("is NaN".to_owned()),
            ([(_, value)], _) => Ok(**value),
            ([], Some(dataset)) if !values.is_empty() => {
                Err(format!("was not logged for dataset '{dataset}', only for {}", list(values.keys())))
            }
            ([], _) => Err("was not logged".to_owned()),
            (meant, _) => {
                let datasets = list(meant.iter().map(|(measured_on, _)| *measured_on));
                Err(format!("was logged for several datasets, and the policy must name one: {datasets}"))
            }
        }
    }
}

fn list<'a>(datasets: impl Iterator<Item = &'a Option<Dataset>>) -> String {
    let mut names: Vec<String> = datasets
        .map(|dataset| dataset.as_ref().map_or("no dataset".to_owned(), |dataset| format!("'{dataset}'")))
        .collect();
    if names.len() > MAX_LISTED {
        let n_more = names.len() - MAX_LISTED;
        names.truncate(MAX_LISTED);
        names.push(format!("{n_more} more"));
    }
    names.join(", ")
}

/// What became of one condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Whether it holds.
    pub passed: bool,
    /// What was compared, such as `metrics.auc = 0.91, champion.metrics.auc = 0.92`; empty when nothing was found.
    pub found: String,
    /// Why it passed or failed, in one sentence without a full stop.
    pub reason: String,
}

impl Outcome {
    fn new(passed: bool, found: &[String], reason: String) -> Self {
        Outcome { passed, found: found.join(", "), reason }
    }
}

impl MetricCondition {
    /// Compares the candidate's metric, and for a comparison with a holder that of the holder. `dataset` is
    /// `name` or `name@digest` and counts for both; `holder` is `None` when nothing holds the alias or stage.
    pub fn evaluate(&self, dataset: Option<&str>, candidate: &Metrics, holder: Option<&Metrics>) -> Outcome {
        let name = format!("metrics.{}", self.key);
        let value = match candidate.find(&self.key, dataset) {
            Ok(value) => value,
            Err(why) => return Outcome::new(false, &[], format!("{name} {why}")),
        };
        let mut found = vec![format!("{name} = {value:?}")];
        let (bound, told) = match &self.bound {
            Bound::Number(number) => (*number, format!("{number:?}")),
            Bound::Holder { holder: title, key, offset } => {
                let Some(holder) = holder else {
                    let reason = format!("nothing holds {title} yet, so there is nothing to compare with");
                    return Outcome::new(true, &found, reason);
                };
                let name = format!("{title}.metrics.{key}");
                let value = match holder.find(key, dataset) {
                    Ok(value) => value,
                    Err(why) => return Outcome::new(false, &found, format!("{name} {why}")),
                };
                found.push(format!("{name} = {value:?}"));
                let bound = decimal::sum(value, *offset);
                (bound, format!("{}{bound:?}", workings(value, *offset)))
            }
        };
        let passed = self.op.holds(value, bound);
        let verb = if passed { "is" } else { "is not" };
        Outcome::new(passed, &found, format!("{value:?} {verb} {} {told}", self.op.as_str()))
    }
}

/// `0.8 - 0.1 = `, or nothing when there is nothing to work out.
fn workings(value: f64, offset: f64) -> String {
    let sign = if offset.is_sign_negative() { '-' } else { '+' };
    if offset == 0.0 { String::new() } else { format!("{value:?} {sign} {:?} = ", offset.abs()) }
}

impl TagCondition {
    /// Tests the tag's value; a tag that is not there fails every test, `!=` too, as in a search.
    pub fn evaluate(&self, value: Option<&str>) -> Outcome {
        let name = format!("tags.{}", self.key);
        let Some(value) = value else {
            return Outcome::new(false, &[], format!("{name} is not set"));
        };
        let (passed, test) = match &self.op {
            TextOp::Eq(text) => (value == text, format!("= '{text}'")),
            TextOp::Ne(text) => (value != text, format!("!= '{text}'")),
            TextOp::Like(pattern) => (like(pattern, value), format!("LIKE '{pattern}'")),
            TextOp::ILike(pattern) => (ilike(pattern, value), format!("ILIKE '{pattern}'")),
            TextOp::In(texts) => (texts.iter().any(|text| text == value), format!("IN {texts:?}")),
            TextOp::NotIn(texts) => (texts.iter().all(|text| text != value), format!("NOT IN {texts:?}")),
        };
        let verb = if passed { "is" } else { "is not" };
        Outcome::new(passed, &[format!("{name} = '{value}'")], format!("'{value}' {verb} {test}"))
    }
}

#[cfg(test)]
mod tests;
