//! Everything that the registry can answer instead of success, with its code.
//!
//! Texts of 4xx errors are what the Python user reads; where MLflow's clients match on a text it is MLflow's.

use forebay_core::error_code::ErrorCode;
use forebay_core::invalid::Invalid;
use forebay_core::python;
use forebay_db as db;

use crate::model::event_kind::Audience;
use crate::model::name::VersionKey;
use crate::model::policy::target::Target;
use crate::model::promotion::{GateResult, Promotion, Subject};
use crate::secrets::SecretError;

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field of the request is missing, malformed or out of bounds.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// No registered model has the name.
    #[error("Registered Model with name={0} not found")]
    ModelNotFound(String),
    /// The name is taken by something of the same kind.
    #[error("{kind} (name={name}) already exists.")]
    NameTaken {
        /// Model or prompt.
        kind: Kind,
        /// The name.
        name: String,
    },
    /// Models and prompts share their names.
    #[error(
        "Tried to create a {} with name {}, but the name is already taken by a {}. MLflow does not allow creating a \
         model and a prompt with the same name.",
        new.in_a_sentence(), python::literal(name), new.other().in_a_sentence()
    )]
    NameTakenByOtherKind {
        /// What was to be created.
        new: Kind,
        /// The name.
        name: String,
    },
    /// A model is to get a name that another one has.
    #[error("Registered Model (name={0}) already exists.")]
    NewNameTaken(String),
    /// The model has no such version, or only a deleted one.
    #[error("Model Version (name={}, version={}) not found", .0.name, .0.version)]
    VersionNotFound(VersionKey),
    /// No logged model has the id, or only a deleted one.
    #[error("Logged model with ID '{0}' not found.")]
    LoggedModelNotFound(String),
    /// The alias is not set.
    #[error("Registered model alias {0} not found.")]
    AliasNotFound(String),
    /// A model has no version at all, so none is the latest.
    #[error("Latest version not found for model {0}.")]
    NoLatestVersion(String),
    /// A source names the latest version of a model that has none in the stage.
    #[error("No versions of model with name '{name}'{} found", in_stage(stage.as_deref()))]
    NoVersionInStage {
        /// The name of the model.
        name: String,
        /// The stage, if the source names one.
        stage: Option<String>,
    },
    /// Other servers took every number that this one drew for a new version.
    #[error("Model Version creation error (name={0}): others create versions of it all the time. Try again.")]
    NoFreeNumber(String),
    /// A policy says no.
    #[error("{0}")]
    PromotionRefused(Refusal),
    /// Others changed the policy or moved the alias again and again.
    #[error(
        "The promotion could not be judged: policies or aliases of '{0}' change all the time. Try again."
    )]
    PromotionRaced(String),
    /// The values or the policy are not those that its approver could see.
    #[error(
        "Promotion '{0}' is not what it was: the values that its gates look at, or the policy, changed since it was judged. \
         It shows now what counts. Look at it again before you approve it."
    )]
    PromotionChanged(String),
    /// No promotion has the id.
    #[error("Promotion with id={0} not found")]
    PromotionNotFound(String),
    /// The promotion is decided already.
    #[error("Promotion with id={id} is {status}, so there is nothing to decide")]
    PromotionNotPending {
        /// The promotion.
        id: String,
        /// Where it stands.
        status: &'static str,
    },
    /// Nobody knows who asks, and for this somebody has to.
    #[error(
        "A user is needed {0}. This server learns who asks from the header that --trusted-user-header names, which an \
         authenticating proxy sets."
    )]
    UnknownUser(&'static str),
    /// A promotion needs the consent of others than the one who asked for it.
    #[error(
        "User '{0}' asked for this promotion, so somebody else has to decide it; it can be cancelled instead"
    )]
    OwnPromotion(String),
    /// Only whoever asked for a promotion can take it back.
    #[error("Only user '{0}', who asked for this promotion, can cancel it; others can reject it")]
    NotOwnPromotion(String),
    /// There is no policy to delete.
    #[error("There is no promotion policy for {target} of registered model '{name}'")]
    PolicyNotFound {
        /// The name of the model.
        name: String,
        /// The alias or stage.
        target: String,
    },
    /// Nothing is known that the alias stood for before.
    #[error("No earlier version of registered model '{name}' is known that {target} stood for")]
    NoEarlierVersion {
        /// The name of the model.
        name: String,
        /// The alias or stage.
        target: String,
    },
    /// A version was judged by the tag.
    #[error(
        "Tag '{tag}' of version {} of registered model '{}' is locked: the promotion policy of {target} judged the \
         version by it",
        version.version, version.name
    )]
    TagLocked {
        /// The key of the tag.
        tag: String,
        /// The version.
        version: VersionKey,
        /// The alias or stage.
        target: String,
    },
    /// A model cannot come by a promotion policy's alias by changing its name.
    #[error(
        "The name '{name}' has a promotion policy for {target} that the model has not passed. Take the alias or stage \
         away before renaming, or choose another name"
    )]
    NameHasPolicy {
        /// The new name.
        name: String,
        /// The alias or stage.
        target: String,
    },
    /// No webhook has the id.
    #[error("Webhook with ID {0} not found.")]
    WebhookNotFound(String),
    /// No event subscription has the id.
    #[error("Event subscription with ID {0} not found.")]
    EventSubscriptionNotFound(String),
    /// A secret cannot be stored.
    #[error("the secret of a webhook cannot be stored")]
    Secret(#[from] SecretError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] db::Error),
}

/// Why a policy says no: each failed gate, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(String);

impl Refusal {
    pub(crate) fn of(promotion: &Promotion) -> Self {
        let Subject { name, target, version } = &promotion.subject;
        let failed = promotion.judgement.iter().flat_map(|judgement| &judgement.gates);
        let failed: Vec<String> = failed.filter(|gate| !gate.passed).map(failed_gate).collect();
        let mut text = format!(
            "The promotion policy for {target} of registered model '{name}' does not let version {version} pass."
        );
        if !failed.is_empty() {
            text = format!("{text} Failed: {}.", failed.join("; "));
        }
        if promotion.missing_approvals() > 0 {
            let (to, word) = match target {
                Target::Alias(alias) => (alias.as_str(), "--to"),
                Target::Stage(stage) => (stage.as_str(), "--to-stage"),
            };
            let missing = match promotion.missing_approvals() {
                1 => "1 approval by another user is".to_owned(),
                n => format!("{n} approvals by other users are"),
            };
            text = format!(
                "{text} {missing} missing: ask with `forebay models promote {} --version {version} {word} {to}` or \
                 POST /api/2.0/forebay/promotions.",
                shell_word(name)
            );
        }
        Refusal(text)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text as one word of a command line.
fn shell_word(text: &str) -> String {
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if is_plain { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

fn failed_gate(gate: &GateResult) -> String {
    if gate.reason.is_empty() { gate.gate.clone() } else { format!("{} ({})", gate.gate, gate.reason) }
}

/// What a name of the registry stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A registered model.
    Model,
    /// A prompt.
    Prompt,
}

impl Kind {
    fn other(self) -> Self {
        match self {
            Kind::Model => Kind::Prompt,
            Kind::Prompt => Kind::Model,
        }
    }

    fn in_a_sentence(self) -> &'static str {
        match self {
            Kind::Model => "registered model",
            Kind::Prompt => "prompt",
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Kind::Model => "Registered Model",
            Kind::Prompt => "Prompt",
        })
    }
}

fn in_stage(stage: Option<&str>) -> String {
    stage.map(|stage| format!(" and stage '{stage}'")).unwrap_or_default()
}

impl Error {
    /// The code that the client sees.
    pub fn code(&self) -> ErrorCode {
        match self {
            // A missing alias is a wrong value, not a missing resource: the stock client expects it so.
            Error::Invalid(_) | Error::AliasNotFound(_) => ErrorCode::InvalidParameterValue,
            Error::ModelNotFound(_)
            | Error::VersionNotFound(_)
            | Error::LoggedModelNotFound(_)
            | Error::NoLatestVersion(_)
            | Error::PromotionNotFound(_)
            | Error::PolicyNotFound { .. }
            | Error::NoEarlierVersion { .. }
            | Error::WebhookNotFound(_)
            | Error::EventSubscriptionNotFound(_)
            | Error::NoVersionInStage { .. } => ErrorCode::ResourceDoesNotExist,
            Error::NameTaken { .. } | Error::NameTakenByOtherKind { .. } | Error::NewNameTaken(_) => {
                ErrorCode::ResourceAlreadyExists
            }
            Error::PromotionRefused(_)
            | Error::OwnPromotion(_)
            | Error::NotOwnPromotion(_)
            | Error::TagLocked { .. }
            | Error::NameHasPolicy { .. } => ErrorCode::PermissionDenied,
            Error::UnknownUser(_) => ErrorCode::Unauthenticated,
            Error::PromotionNotPending { .. } | Error::PromotionChanged(_) => ErrorCode::ResourceConflict,
            Error::Secret(_) => ErrorCode::InternalError,
            Error::NoFreeNumber(_) | Error::PromotionRaced(_) => ErrorCode::TemporarilyUnavailable,
            Error::Db(error) => error.code(),
        }
    }

    /// Nobody in the audience has the id.
    pub(crate) fn no_webhook(audience: Audience, id: String) -> Self {
        match audience {
            Audience::Webhooks => Error::WebhookNotFound(id),
            Audience::EventSubscriptions => Error::EventSubscriptionNotFound(id),
        }
    }
}
