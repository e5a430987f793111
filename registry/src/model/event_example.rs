//! What a test of a webhook sends: made-up data of the right shape for every kind of events.

use forebay_wire::events::{BudgetExceeded, EventData, PromptVersionCreated, Tags, VersionCreated};
use serde_json::json;

use super::event_kind::EventKind;

/// The data of an event that never happened.
pub(crate) fn example(kind: EventKind) -> EventData {
    let (model, prompt) = (text("example_model"), text("example_prompt"));
    let (key, value, alias, version) =
        (text("example_key"), text("example_value"), text("example_alias"), text("1"));
    match kind {
        EventKind::RegisteredModelCreated => created(model),
        EventKind::PromptCreated => created(prompt),
        EventKind::ModelVersionCreated => version_created(model),
        EventKind::PromptVersionCreated => prompt_version_created(prompt),
        EventKind::ModelVersionTagSet => EventData::VersionTagSet { name: model, version, key, value },
        EventKind::PromptVersionTagSet => EventData::VersionTagSet { name: prompt, version, key, value },
        EventKind::ModelVersionTagDeleted => EventData::VersionTagDeleted { name: model, version, key },
        EventKind::PromptVersionTagDeleted => EventData::VersionTagDeleted { name: prompt, version, key },
        EventKind::ModelVersionAliasCreated => EventData::AliasCreated { name: model, alias, version },
        EventKind::PromptAliasCreated => EventData::AliasCreated { name: prompt, alias, version },
        EventKind::ModelVersionAliasDeleted => EventData::AliasDeleted { name: model, alias },
        EventKind::PromptAliasDeleted => EventData::AliasDeleted { name: prompt, alias },
        EventKind::PromptTagSet => EventData::TagSet { name: prompt, key, value },
        EventKind::PromptTagDeleted => EventData::TagDeleted { name: prompt, key },
        EventKind::BudgetPolicyExceeded => budget_exceeded(),
        EventKind::PromotionRequested
        | EventKind::PromotionApproved
        | EventKind::PromotionRejected
        | EventKind::PromotionCompleted
        | EventKind::PromotionRolledBack => EventData::Other(json!({"name": model, "version": version})),
    }
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn tags() -> Tags {
    [(text("example_key"), text("example_value"))].into_iter().collect()
}

fn created(name: String) -> EventData {
    EventData::Created { name, tags: tags(), description: Some(text("Sent by a test of the webhook")) }
}

fn version_created(name: String) -> EventData {
    EventData::VersionCreated(VersionCreated {
        name,
        version: text("1"),
        source: text("models:/123"),
        run_id: Some(text("abcd1234abcd5678")),
        tags: tags(),
        description: Some(text("Sent by a test of the webhook")),
    })
}

fn prompt_version_created(name: String) -> EventData {
    EventData::PromptVersionCreated(PromptVersionCreated {
        name,
        version: text("1"),
        template: Some(text("Hello {{name}}!")),
        tags: tags(),
        description: Some(text("Sent by a test of the webhook")),
    })
}

fn budget_exceeded() -> EventData {
    EventData::BudgetExceeded(BudgetExceeded {
        budget_policy_id: text("bp-abc123"),
        budget_unit: text("USD"),
        budget_amount: 100.0,
        current_spend: 105.5,
        duration_unit: text("MONTHS"),
        duration_value: 1,
        target_scope: text("ENDPOINT"),
        workspace: text("default"),
        target_value: Some(text("ep-abc123")),
        window_start: 1_704_067_200_000,
    })
}
