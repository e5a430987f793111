//! The file that `forebay models policy apply` sends: YAML documents, each a promotion policy.
//!
//! A document becomes the same message that JSON becomes, and with it go the lines of its fields, so that
//! whoever finds a value wrong later can still say where it stands.

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::number::Int64;
use crate::promotion_policies::{PromotionGate, PromotionPolicy};
use crate::yaml::{self, YamlError};
use crate::yaml_lines::{Lines, Node};

/// Longest file, in bytes.
const MAX_FILE_LEN: usize = 256 * 1024;

/// A policy and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyDocument {
    /// What the document says.
    pub policy: PromotionPolicy,
    /// Where it says so.
    pub lines: Lines,
}

/// Reads the policies of a file, at least one. What their values mean is not looked at.
pub fn read(text: &str) -> Result<Vec<PolicyDocument>, YamlError> {
    let documents: Vec<Document> = yaml::documents(text, MAX_FILE_LEN)?;
    let nodes: Vec<Spanned<Node>> = yaml::documents(text, MAX_FILE_LEN)?;
    if documents.is_empty() {
        return Err(YamlError::new(1, "the file holds no policy"));
    }
    let lines = nodes.into_iter().map(|node| Lines::from(node).renamed("model", "name"));
    Ok(documents
        .into_iter()
        .zip(lines)
        .map(|(it, lines)| PolicyDocument { policy: it.into(), lines })
        .collect())
}

/// A policy as people write it: without the twins of JSON, and the model is no mere name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    model: Option<String>,
    alias: Option<String>,
    stage: Option<String>,
    gates: Option<Vec<Gate>>,
    approvals: Option<Int64>,
    description: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Gate {
    metric: Option<String>,
    dataset: Option<String>,
    tag: Option<String>,
    signature: Option<String>,
    artifacts: Option<String>,
}

impl From<Document> for PromotionPolicy {
    fn from(document: Document) -> Self {
        let Document { model: name, alias, stage, gates, approvals, description } = document;
        let gates = gates.into_iter().flatten().map(Into::into).collect();
        PromotionPolicy { name, alias, stage, gates, approvals, description }
    }
}

impl From<Gate> for PromotionGate {
    fn from(gate: Gate) -> Self {
        let Gate { metric, dataset, tag, signature, artifacts } = gate;
        PromotionGate { metric, dataset, tag, signature, artifacts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
# Who may serve
model: fraud.detector
alias: champion
gates:
  - metric: metrics.auc > 0.8
    dataset: holdout
  - metric: metrics.auc >= champion.metrics.auc - 0.005
  - tag: tags.validated = 'yes'   # by hand
  - signature: compatible
  - artifacts: complete
approvals: 1
---
model: other
stage: Production
approvals: 2
";

    #[test]
    fn a_file_becomes_messages_with_the_lines_of_their_fields() {
        let read = read(FILE).unwrap();
        let [first, second] = read.as_slice() else { panic!("{read:?}") };
        assert_eq!(first.policy.name.as_deref(), Some("fraud.detector"));
        assert_eq!(first.policy.gates.len(), 5);
        assert_eq!(first.policy.gates[2].tag.as_deref(), Some("tags.validated = 'yes'"));
        assert_eq!(first.policy.approvals, Some(Int64(1)));
        assert_eq!(second.policy.stage.as_deref(), Some("Production"));
        for (field, line) in [
            ("", 2),
            ("name", 2),
            ("alias", 3),
            ("stage", 2),
            ("gates", 5),
            ("gates[0].metric", 5),
            ("gates[0].dataset", 6),
            ("gates[2]", 8),
            ("gates[2].dataset", 8),
            ("approvals", 11),
        ] {
            assert_eq!(first.lines.of(field), line, "{field}");
        }
        assert_eq!(second.lines.of("name"), 13);
        assert_eq!(second.lines.of("gates"), 13);
    }

    #[test]
    fn mistakes_of_shape_are_told_with_their_line() {
        for (text, expected) in [
            ("", "line 1: the file holds no policy"),
            ("# nothing\n---\n---\n", "line 1: the file holds no policy"),
            (
                "model: a\nalais: b\n",
                "line 2: unknown field `alais`, expected one of model, alias, stage, gates, approvals, description",
            ),
            (
                "model: a\ngates:\n  - metric: a\n    datasets: b\n",
                "line 4: unknown field `datasets`, expected one of metric, dataset, tag, signature, artifacts",
            ),
            ("model: [a]\n", "line 1: expected a text"),
            ("model: a\ngates: 3\n", "line 2: expected a list"),
            ("model: a\ngates:\n  metric: a\n", "line 3: expected a list"),
            ("model: a\ngates:\n  - metric\n", "line 3: expected fields with values"),
            (
                "model: a\napprovals: many\n",
                "line 2: invalid value: string \"many\", expected a 64-bit integer, as a number or as text",
            ),
            (
                "model: a\n---\nmodel: b\nmodel: c\n",
                "line 4: duplicate mapping key `model` is not allowed here",
            ),
        ] {
            assert_eq!(read(text).unwrap_err().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn values_that_an_anchor_repeats_stand_where_they_are_used() {
        let read = read("model: &m a\nalias: *m\n").unwrap();
        assert_eq!(read[0].policy.alias.as_deref(), Some("a"));
        assert_eq!(read[0].lines.of("alias"), 2);
    }
}
