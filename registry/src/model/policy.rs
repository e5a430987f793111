//! Promotion policies: what must hold before an alias or a stage of a model moves to a version.
//!
//! A policy comes as a message, from JSON or from a document of YAML, and is stored as that message again. Its
//! conditions keep the text that somebody wrote, since that text is what is shown of them.

pub(crate) mod file;
pub(crate) mod gate;
pub(crate) mod target;
mod yaml;

use std::collections::BTreeSet;

use forebay_core::invalid::Invalid;
use forebay_wire::decode::decode_json;
use forebay_wire::promotion_policies as wire;

use self::gate::Gate;
use self::target::Target;

/// Most gates of a policy.
const MAX_GATES: usize = 64;

/// Most approvals that a policy asks for.
const MAX_APPROVALS: u32 = 100;

/// Longest description, in characters.
const MAX_DESCRIPTION_CHARS: usize = 5_000;

/// What must hold before `target` moves. It asks for something: a gate, or an approval.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Policy {
    model: String,
    target: Target,
    gates: Vec<Gate>,
    approvals: u32,
    description: Option<String>,
}

/// A value of a policy that is not allowed: which field of the message, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mistake {
    field: String,
    reason: String,
}

impl Mistake {
    fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Mistake { field: field.into(), reason: reason.into() }
    }
}

impl From<Mistake> for Invalid {
    fn from(mistake: Mistake) -> Self {
        Invalid::message(format!(
            "Invalid value for parameter '{}' supplied: {}",
            mistake.field, mistake.reason
        ))
    }
}

impl Policy {
    /// The name of the registered model.
    pub(crate) fn model(&self) -> &str {
        &self.model
    }

    /// What it guards.
    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// All of which must hold, in the order of the policy; none differs from another in its wording alone.
    pub(crate) fn gates(&self) -> &[Gate] {
        &self.gates
    }

    /// How many users other than the one who asks must approve, 0 to [`MAX_APPROVALS`].
    pub(crate) fn approvals(&self) -> u32 {
        self.approvals
    }

    /// The tags that must not change once a promotion was evaluated: those that its gates look at.
    pub(crate) fn locked_tags<'a>(&'a self) -> BTreeSet<&'a str> {
        let key = |gate: &'a Gate| match gate {
            Gate::Tag { condition, .. } => Some(condition.key.as_str()),
            Gate::Metric { .. } | Gate::Signature | Gate::Artifacts => None,
        };
        self.gates.iter().filter_map(key).collect()
    }

    /// The same policy for another model.
    pub(crate) fn for_model(&self, name: &str) -> Self {
        Policy { model: name.to_owned(), ..self.clone() }
    }

    /// As it is kept in the database.
    pub(crate) fn to_stored(&self) -> String {
        // A message of texts and numbers is always JSON.
        serde_json::to_string(&wire::PromotionPolicy::from(self)).unwrap_or_default()
    }

    /// What [`Policy::to_stored`] wrote.
    ///
    /// # Errors
    /// Somebody else wrote it.
    pub(crate) fn from_stored(stored: &str) -> Result<Self, Invalid> {
        let message: wire::PromotionPolicy =
            decode_json(stored.as_bytes()).map_err(|error| Invalid::message(error.to_string()))?;
        message.try_into()
    }

    fn check(message: wire::PromotionPolicy) -> Result<Self, Mistake> {
        let model = target::model_name(message.name)?;
        let target = Target::of(message.alias, message.stage)?;
        let gates = gates(message.gates, &target)?;
        let approvals = approvals(message.approvals.map_or(0, |number| number.0))?;
        if gates.is_empty() && approvals == 0 {
            return Err(Mistake::new(
                "gates",
                "the policy asks for nothing: it has neither gates nor approvals",
            ));
        }
        let description = message.description.filter(|text| !text.is_empty());
        if let Some(text) = &description {
            check_text("description", MAX_DESCRIPTION_CHARS, text)?;
        }
        Ok(Policy { model, target, gates, approvals, description })
    }
}

impl TryFrom<wire::PromotionPolicy> for Policy {
    type Error = Invalid;

    fn try_from(message: wire::PromotionPolicy) -> Result<Self, Invalid> {
        Ok(Policy::check(message)?)
    }
}

impl From<&Policy> for wire::PromotionPolicy {
    fn from(policy: &Policy) -> Self {
        let (alias, stage) = match &policy.target {
            Target::Alias(alias) => (Some(alias.clone()), None),
            Target::Stage(stage) => (None, Some(stage.as_str().to_owned())),
        };
        wire::PromotionPolicy {
            name: Some(policy.model.clone()),
            alias,
            stage,
            gates: policy.gates.iter().map(Into::into).collect(),
            approvals: Some(i64::from(policy.approvals).into()),
            description: policy.description.clone(),
        }
    }
}

fn gates(messages: Vec<wire::PromotionGate>, target: &Target) -> Result<Vec<Gate>, Mistake> {
    if messages.len() > MAX_GATES {
        return Err(Mistake::new("gates", format!("there are more than {MAX_GATES} gates")));
    }
    let mut gates: Vec<Gate> = Vec::with_capacity(messages.len());
    for (index, message) in messages.into_iter().enumerate() {
        let field = format!("gates[{index}]");
        let gate = Gate::check(&field, message, target)?;
        if let Some(first) = gates.iter().position(|seen| seen.asks_the_same(&gate)) {
            let reason = format!("gate {} asks the same as gate {}", index + 1, first + 1);
            return Err(Mistake::new(field, reason));
        }
        gates.push(gate);
    }
    Ok(gates)
}

fn approvals(number: i64) -> Result<u32, Mistake> {
    let known = u32::try_from(number).ok().filter(|number| *number <= MAX_APPROVALS);
    known.ok_or_else(|| {
        Mistake::new("approvals", format!("the number of approvals is 0 to {MAX_APPROVALS}, not {number}"))
    })
}

/// Refuses a text that is too long or that a database cannot keep.
fn check_text(field: &str, max_chars: usize, text: &str) -> Result<(), Mistake> {
    if forebay_core::text::is_longer(text, max_chars) {
        return Err(Mistake::new(field, format!("the text is longer than {max_chars} characters")));
    }
    if text.contains('\0') {
        return Err(Mistake::new(field, "the text contains a NUL character"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
