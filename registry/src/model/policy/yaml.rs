//! A policy as a file may hold it. Texts are quoted as in JSON, which is YAML.

use forebay_wire::promotion_policies as wire;
use serde_json::Value;

use super::Policy;

impl Policy {
    /// The document of a policy, such as `forebay models policy apply` takes it.
    pub(crate) fn to_yaml(&self) -> String {
        let message = wire::PromotionPolicy::from(self);
        let mut lines = Vec::new();
        line(&mut lines, "model", message.name);
        line(&mut lines, "alias", message.alias);
        line(&mut lines, "stage", message.stage);
        line(&mut lines, "description", message.description);
        if !message.gates.is_empty() {
            lines.push("gates:".to_owned());
        }
        for gate in message.gates {
            let mut fields = Vec::new();
            line(&mut fields, "metric", gate.metric);
            line(&mut fields, "dataset", gate.dataset);
            line(&mut fields, "tag", gate.tag);
            line(&mut fields, "signature", gate.signature);
            line(&mut fields, "artifacts", gate.artifacts);
            lines.push(format!("  - {}", fields.join("\n    ")));
        }
        lines.push(format!("approvals: {}", self.approvals));
        lines.join("\n") + "\n"
    }
}

fn line(lines: &mut Vec<String>, field: &str, text: Option<String>) {
    lines.extend(text.map(|text| format!("{field}: {}", Value::String(text))));
}

#[cfg(test)]
mod tests {
    use super::super::file::parse_file;

    #[test]
    fn what_is_written_is_read_again() {
        let yaml = "model: \"a.b\"\nalias: \"champion\"\ndescription: \"says \\\"no\\\"\"\ngates:\n  - metric: \
                    \"metrics.auc > 0.8\"\n    dataset: \"holdout\"\n  - tag: \"tags.validated = 'yes'\"\n  - signature: \
                    \"compatible\"\n  - artifacts: \"complete\"\napprovals: 1\n";
        let policies = parse_file(yaml).unwrap();
        assert_eq!(policies[0].to_yaml(), yaml);
    }
}
