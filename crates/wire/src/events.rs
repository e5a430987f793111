//! What is sent to webhooks. Unlike in all other messages, null is written too, and the order of fields is MLflow's.
#![expect(missing_docs, reason = "the fields are MLflow's own; docs stand where a name does not say it all")]

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde::{Serialize, Serializer};
use serde_json::Value;

/// The body of a delivery.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventBody<'a> {
    pub entity: &'a str,
    pub action: &'a str,
    /// The time of the event in ISO 8601.
    pub timestamp: &'a str,
    pub data: &'a EventData,
}

/// What happened, by kind of event. The version of a model is a number in digits.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum EventData {
    Created {
        name: String,
        tags: Tags,
        description: Option<String>,
    },
    VersionCreated(VersionCreated),
    PromptVersionCreated(PromptVersionCreated),
    TagSet {
        name: String,
        key: String,
        value: String,
    },
    TagDeleted {
        name: String,
        key: String,
    },
    VersionTagSet {
        name: String,
        version: String,
        key: String,
        value: String,
    },
    VersionTagDeleted {
        name: String,
        version: String,
        key: String,
    },
    AliasCreated {
        name: String,
        alias: String,
        version: String,
    },
    AliasDeleted {
        name: String,
        alias: String,
    },
    BudgetExceeded(BudgetExceeded),
    /// Of events that MLflow does not know.
    Other(Value),
}

/// Of `model_version.created`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VersionCreated {
    pub name: String,
    pub version: String,
    pub source: String,
    pub run_id: Option<String>,
    pub tags: Tags,
    pub description: Option<String>,
}

/// Of `prompt_version.created`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PromptVersionCreated {
    pub name: String,
    pub version: String,
    pub template: Option<String>,
    pub tags: Tags,
    pub description: Option<String>,
}

/// Of `budget_policy.exceeded`, which only MLflow's gateway causes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BudgetExceeded {
    pub budget_policy_id: String,
    pub budget_unit: String,
    pub budget_amount: f64,
    pub current_spend: f64,
    pub duration_unit: String,
    pub duration_value: i64,
    pub target_scope: String,
    pub workspace: String,
    pub target_value: Option<String>,
    /// Milliseconds since the epoch.
    pub window_start: i64,
}

/// Tags as an object, in their order; of two with one key the last counts, in the place of the first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags(Vec<(String, String)>);

impl FromIterator<(String, String)> for Tags {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        let mut tags: Vec<(String, String)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for (key, value) in pairs {
            match places.entry(key.clone()) {
                Entry::Occupied(place) => tags[*place.get()].1 = value,
                Entry::Vacant(place) => {
                    place.insert(tags.len());
                    tags.push((key, value));
                }
            }
        }
        Tags(tags)
    }
}

impl Tags {
    /// Takes a tag out.
    pub fn remove(&mut self, key: &str) -> Option<String> {
        let position = self.0.iter().position(|(known, _)| known == key)?;
        Some(self.0.remove(position).1)
    }

    /// The value of a tag.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }
}

impl Serialize for Tags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_tags_with_one_key_the_last_counts_in_the_place_of_the_first() {
        let pairs = [("b", "1"), ("a", "2"), ("b", "3")];
        let tags: Tags = pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        assert_eq!(serde_json::to_string(&tags).unwrap(), r#"{"b":"3","a":"2"}"#);
    }

    #[test]
    fn what_is_missing_is_null() {
        let data = EventData::Created { name: "a".to_owned(), tags: Tags::default(), description: None };
        assert_eq!(serde_json::to_string(&data).unwrap(), r#"{"name":"a","tags":{},"description":null}"#);
    }
}
