//! One gate of a policy.

use forebay_core::filter::conditions::{self, MetricCondition, TagCondition};
use forebay_wire::promotion_policies as wire;

use super::target::Target;
use super::{Mistake, check_text};

/// Longest dataset, in characters: MLflow's longest name, an `@` and its longest digest.
const MAX_DATASET_CHARS: usize = 537;

/// One thing that must hold.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Gate {
    /// A metric of the version's run or logged model.
    Metric {
        /// The condition as it was written.
        text: String,
        /// What it means.
        condition: MetricCondition,
        /// The dataset that the metric was measured on, `name` or `name@digest`.
        dataset: Option<String>,
    },
    /// A tag of the version.
    Tag {
        /// The condition as it was written.
        text: String,
        /// What it means.
        condition: TagCondition,
    },
    /// Whoever calls the holder can call the version.
    Signature,
    /// Every file that the `MLmodel` names can be read.
    Artifacts,
}

impl Gate {
    /// Reads the gate that stands in `field`.
    pub(super) fn check(field: &str, message: wire::PromotionGate, target: &Target) -> Result<Self, Mistake> {
        const ONE: &str = "a gate is one of metric, tag, signature and artifacts";
        let wire::PromotionGate { metric, dataset, tag, signature, artifacts } = message;
        if metric.is_none() && dataset.is_some() {
            return Err(Mistake::new(format!("{field}.dataset"), "a dataset stands beside a metric only"));
        }
        match (metric, tag, signature, artifacts) {
            (Some(text), None, None, None) => Self::metric(field, &text, dataset, target),
            (None, Some(text), None, None) => Self::tag(field, &text),
            (None, None, Some(word), None) => {
                Self::word(field, "signature", &word, "compatible", Gate::Signature)
            }
            (None, None, None, Some(word)) => {
                Self::word(field, "artifacts", &word, "complete", Gate::Artifacts)
            }
            (None, None, None, None) => Err(Mistake::new(field, format!("{ONE}, and none of them is there"))),
            _ => Err(Mistake::new(field, format!("{ONE}; each of several is a gate of its own"))),
        }
    }

    fn metric(field: &str, text: &str, dataset: Option<String>, target: &Target) -> Result<Self, Mistake> {
        let holders = target.holders();
        let holders: Vec<&str> = holders.iter().map(String::as_str).collect();
        let condition = conditions::parse_metric(text, &holders)
            .map_err(|error| Mistake::new(format!("{field}.metric"), error.to_string()))?;
        if let Some(dataset) = &dataset {
            let field = format!("{field}.dataset");
            check_text(&field, MAX_DATASET_CHARS, dataset)?;
            if dataset.is_empty() {
                return Err(Mistake::new(field, "the name of the dataset is empty"));
            }
        }
        Ok(Gate::Metric { text: text.trim().to_owned(), condition, dataset })
    }

    fn tag(field: &str, text: &str) -> Result<Self, Mistake> {
        let condition = conditions::parse_tag(text)
            .map_err(|error| Mistake::new(format!("{field}.tag"), error.to_string()))?;
        Ok(Gate::Tag { text: text.trim().to_owned(), condition })
    }

    /// A gate without a condition, whose one value is there for what may come beside it later.
    fn word(field: &str, name: &str, word: &str, expected: &str, gate: Gate) -> Result<Self, Mistake> {
        if word != expected {
            return Err(Mistake::new(
                format!("{field}.{name}"),
                format!("{name} can be '{expected}', not '{word}'"),
            ));
        }
        Ok(gate)
    }

    /// Whether both mean the same, however they are written.
    pub(super) fn asks_the_same(&self, other: &Gate) -> bool {
        match (self, other) {
            (
                Gate::Metric { condition: a, dataset: a_dataset, .. },
                Gate::Metric { condition: b, dataset: b_dataset, .. },
            ) => a == b && a_dataset == b_dataset,
            (Gate::Tag { condition: a, .. }, Gate::Tag { condition: b, .. }) => a == b,
            (Gate::Signature, Gate::Signature) | (Gate::Artifacts, Gate::Artifacts) => true,
            _ => false,
        }
    }
}

impl From<&Gate> for wire::PromotionGate {
    fn from(gate: &Gate) -> Self {
        let none = wire::PromotionGate::default();
        match gate {
            Gate::Metric { text, dataset, .. } => {
                wire::PromotionGate { metric: Some(text.clone()), dataset: dataset.clone(), ..none }
            }
            Gate::Tag { text, .. } => wire::PromotionGate { tag: Some(text.clone()), ..none },
            Gate::Signature => wire::PromotionGate { signature: Some("compatible".to_owned()), ..none },
            Gate::Artifacts => wire::PromotionGate { artifacts: Some("complete".to_owned()), ..none },
        }
    }
}
