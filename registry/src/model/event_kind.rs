//! The kinds of events that one can subscribe to: MLflow's, and those of our own.

use std::fmt;

use forebay_core::invalid::Invalid;
use forebay_core::python;
use forebay_wire::enumeration::{WebhookAction, WebhookEntity};
use forebay_wire::webhooks::WebhookEvent;

/// What happened to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum EventKind {
    RegisteredModelCreated,
    ModelVersionCreated,
    ModelVersionTagSet,
    ModelVersionTagDeleted,
    ModelVersionAliasCreated,
    ModelVersionAliasDeleted,
    PromptCreated,
    PromptVersionCreated,
    PromptTagSet,
    PromptTagDeleted,
    PromptVersionTagSet,
    PromptVersionTagDeleted,
    PromptAliasCreated,
    PromptAliasDeleted,
    /// MLflow's gateway has budgets; here nothing causes it.
    BudgetPolicyExceeded,
    PromotionRequested,
    PromotionApproved,
    PromotionRejected,
    PromotionCompleted,
    PromotionRolledBack,
}

use EventKind as Kind;

/// Entity and action of every kind. tidy: table
const NAMES: [(Kind, &str, &str); 20] = [
    (Kind::RegisteredModelCreated, "registered_model", "created"),
    (Kind::ModelVersionCreated, "model_version", "created"),
    (Kind::ModelVersionTagSet, "model_version_tag", "set"),
    (Kind::ModelVersionTagDeleted, "model_version_tag", "deleted"),
    (Kind::ModelVersionAliasCreated, "model_version_alias", "created"),
    (Kind::ModelVersionAliasDeleted, "model_version_alias", "deleted"),
    (Kind::PromptCreated, "prompt", "created"),
    (Kind::PromptVersionCreated, "prompt_version", "created"),
    (Kind::PromptTagSet, "prompt_tag", "set"),
    (Kind::PromptTagDeleted, "prompt_tag", "deleted"),
    (Kind::PromptVersionTagSet, "prompt_version_tag", "set"),
    (Kind::PromptVersionTagDeleted, "prompt_version_tag", "deleted"),
    (Kind::PromptAliasCreated, "prompt_alias", "created"),
    (Kind::PromptAliasDeleted, "prompt_alias", "deleted"),
    (Kind::BudgetPolicyExceeded, "budget_policy", "exceeded"),
    (Kind::PromotionRequested, OUR_ENTITY, "requested"),
    (Kind::PromotionApproved, OUR_ENTITY, "approved"),
    (Kind::PromotionRejected, OUR_ENTITY, "rejected"),
    (Kind::PromotionCompleted, OUR_ENTITY, "completed"),
    (Kind::PromotionRolledBack, OUR_ENTITY, "rolled_back"),
];

const OUR_ENTITY: &str = "promotion";

/// Who hears of a kind of events, and where they are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// MLflow's webhooks, for MLflow's events.
    Webhooks,
    /// Our own table, for our own events: the stock client could not read those in a webhook.
    EventSubscriptions,
}

impl EventKind {
    /// The name of what the event is about, as it is stored and sent.
    pub(crate) fn entity(self) -> &'static str {
        self.names().0
    }

    /// The name of what happened to it, as it is stored and sent.
    pub(crate) fn action(self) -> &'static str {
        self.names().1
    }

    fn names(self) -> (&'static str, &'static str) {
        let found = NAMES.iter().find(|(kind, _, _)| *kind == self);
        // A test proves that every kind stands in the table.
        found.map_or(("", ""), |(_, entity, action)| (entity, action))
    }

    /// The kind with these names.
    pub(crate) fn find(entity: &str, action: &str) -> Option<Self> {
        let found = NAMES.iter().find(|names| (names.1, names.2) == (entity, action));
        found.map(|(kind, _, _)| *kind)
    }

    /// Who is asked for subscribers.
    pub(crate) fn audience(self) -> Audience {
        if self.entity() == OUR_ENTITY { Audience::EventSubscriptions } else { Audience::Webhooks }
    }

    /// Reads `promotion.completed` and its like.
    pub(crate) fn parse_ours(text: &str) -> Result<Self, Invalid> {
        let found = text.split_once('.').and_then(|(entity, action)| Self::find(entity, action));
        found.filter(|kind| kind.audience() == Audience::EventSubscriptions).ok_or_else(|| {
            let ours: Vec<_> = NAMES.iter().map(|names| names.0).collect();
            let ours: Vec<_> =
                ours.iter().filter(|kind| kind.audience() == Audience::EventSubscriptions).collect();
            let names = ours.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            Invalid::message(format!(
                "There is no event {}. Those to subscribe to here are {names}; webhooks take MLflow's.",
                python::literal(&text)
            ))
        })
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.entity(), self.action())
    }
}

impl TryFrom<WebhookEvent> for EventKind {
    type Error = Invalid;

    fn try_from(event: WebhookEvent) -> Result<Self, Invalid> {
        let entity = event.entity.unwrap_or(WebhookEntity::Unspecified).as_str().to_ascii_lowercase();
        let action = event.action.unwrap_or(WebhookAction::Unspecified).as_str().to_ascii_lowercase();
        Self::find(&entity, &action).ok_or_else(|| {
            let mut valid: Vec<_> =
                NAMES.iter().filter(|names| names.1 == entity).map(|names| names.2).collect();
            valid.sort_unstable();
            Invalid::message(format!(
                "Invalid action '{action}' for entity '{entity}'. Valid actions are: {}",
                python::literal(&valid)
            ))
        })
    }
}

impl From<EventKind> for WebhookEvent {
    fn from(kind: EventKind) -> Self {
        WebhookEvent {
            entity: WebhookEntity::from_name(&kind.entity().to_ascii_uppercase()),
            action: WebhookAction::from_name(&kind.action().to_ascii_uppercase()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_names_of_its_own_and_comes_back() {
        for (position, (kind, entity, action)) in NAMES.into_iter().enumerate() {
            // Kinds are numbered from 0; a kind that the table forgot would leave a gap.
            assert_eq!(kind as usize, position);
            assert_eq!((kind.entity(), kind.action()), (entity, action));
            assert_eq!(EventKind::find(entity, action), Some(kind));
        }
        assert_eq!(Kind::PromotionRolledBack as usize + 1, NAMES.len());
    }

    #[test]
    fn mlflows_kinds_go_over_the_wire_and_back() {
        for (kind, _, _) in NAMES.into_iter().filter(|(kind, _, _)| kind.audience() == Audience::Webhooks) {
            assert_eq!(EventKind::try_from(WebhookEvent::from(kind)), Ok(kind));
            assert!(EventKind::parse_ours(&kind.to_string()).is_err());
        }
        assert_eq!(EventKind::parse_ours("promotion.rolled_back"), Ok(Kind::PromotionRolledBack));
    }

    #[test]
    fn an_action_that_an_entity_does_not_have_is_told_in_mlflows_words() {
        let event = WebhookEvent {
            entity: Some(WebhookEntity::ModelVersionTag),
            action: Some(WebhookAction::Created),
        };
        let expected =
            "Invalid action 'created' for entity 'model_version_tag'. Valid actions are: ['deleted', 'set']";
        assert_eq!(EventKind::try_from(event).unwrap_err().to_string(), expected);
    }
}
