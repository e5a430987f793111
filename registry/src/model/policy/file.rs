//! A file of policies: all of them are right, or the first mistake is told with its line.

use std::collections::HashMap;

use forebay_core::invalid::Invalid;
use forebay_wire::policy_file;
use forebay_wire::yaml_lines::Lines;

use super::target::Target;
use super::{Mistake, Policy};

/// The policies of a file of YAML, in its order: at least one, and one for each alias or stage.
pub(crate) fn parse_file(yaml: &str) -> Result<Vec<Policy>, Invalid> {
    let documents = policy_file::read(yaml).map_err(|error| Invalid::message(error.to_string()))?;
    let mut policies = Vec::with_capacity(documents.len());
    let mut lines_seen = HashMap::new();
    for document in documents {
        let lines = document.lines;
        let policy = Policy::check(document.policy).map_err(|mistake| with_line(&lines, &mistake))?;
        let field = match policy.target {
            Target::Alias(_) => "alias",
            Target::Stage(_) => "stage",
        };
        let key = (policy.model.clone(), policy.target.clone());
        if let Some(first) = lines_seen.insert(key, lines.of(field)) {
            let reason =
                format!("the file has a policy for this {field} of the model already, in line {first}");
            return Err(with_line(&lines, &Mistake::new(field, reason)));
        }
        policies.push(policy);
    }
    Ok(policies)
}

fn with_line(lines: &Lines, mistake: &Mistake) -> Invalid {
    Invalid::message(format!("line {}: {}", lines.of(&mistake.field), mistake.reason))
}
