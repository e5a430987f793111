//! What the receivers of events read.

use serde_json::json;

use super::*;

fn tag(key: &str, value: &str) -> Tag {
    Tag { key: key.to_owned(), value: value.to_owned() }
}

fn version(tags: Vec<Tag>) -> NewVersion {
    NewVersion {
        key: VersionKey { name: "m".to_owned(), version: 2 },
        source: "s3://b/m".to_owned(),
        run_id: Some(String::new()),
        tags,
        description: None,
    }
}

fn data(event: &Event) -> Value {
    serde_json::to_value(event.data()).unwrap()
}

#[test]
fn bodies_are_spaced_and_timed_as_python_does() {
    let event = Event::model_created("é".to_owned(), vec![tag("b", "1"), tag("a", "2")], None);
    let body = |at_ms| body(event.kind(), &event.data(), at_ms);
    let expected = r#"{"entity": "registered_model", "action": "created", "timestamp": "2023-11-14T22:13:20.007000+00:00", "data": {"name": "\u00e9", "tags": {"b": "1", "a": "2"}, "description": ""}}"#;
    assert_eq!(body(1_700_000_000_007), expected);
    assert!(body(1_700_000_000_000).contains(r#""2023-11-14T22:13:20+00:00""#));
}

#[test]
fn a_version_tells_null_for_what_it_does_not_have() {
    let event = Event::version_created(version(vec![tag("a", "1")]));
    assert_eq!(event.kind(), EventKind::ModelVersionCreated);
    let expected = json!({
        "name": "m", "version": "2", "source": "s3://b/m", "run_id": null, "tags": {"a": "1"}, "description": null
    });
    assert_eq!(data(&event), expected);
}

#[test]
fn the_tags_of_a_prompt_are_told_without_those_that_make_it_one() {
    let internal =
        [tag(prompts::IS_PROMPT, "False"), tag(prompts::IS_PROMPT, "True"), tag(prompts::TYPE, "chat")];
    let tags = [internal.as_slice(), &[tag(prompts::TEXT, "Hi {{x}}"), tag("a", "1")]].concat();
    let event = Event::version_created(version(tags.clone()));
    assert_eq!(event.kind(), EventKind::PromptVersionCreated);
    let expected = json!({
        "name": "m", "version": "2", "template": "Hi {{x}}", "tags": {"a": "1"}, "description": null
    });
    assert_eq!(data(&event), expected);
    let event = Event::model_created("m".to_owned(), tags, Some("d".to_owned()));
    assert_eq!(event.kind(), EventKind::PromptCreated);
    // The text belongs to versions; on the prompt itself it is a tag like any other.
    let expected =
        json!({"name": "m", "tags": {"mlflow.prompt.text": "Hi {{x}}", "a": "1"}, "description": "d"});
    assert_eq!(data(&event), expected);
}

#[test]
fn the_twin_of_a_prompt_says_the_same_under_another_name() {
    let key = || VersionKey { name: "m".to_owned(), version: 2 };
    let text = || "x".to_owned();
    for (make, kinds) in [
        (
            (|of| Event::version_tag_set(of, VersionKey { name: "m".to_owned(), version: 2 }, tag("k", "v")))
                as fn(Of) -> Event,
            [EventKind::ModelVersionTagSet, EventKind::PromptVersionTagSet],
        ),
        (
            |of| Event::alias_deleted(of, "m".to_owned(), "a".to_owned()),
            [EventKind::ModelVersionAliasDeleted, EventKind::PromptAliasDeleted],
        ),
    ] {
        let (model, prompt) = (make(Of::Model), make(Of::Prompt));
        assert_eq!([model.kind(), prompt.kind()], kinds);
        assert_eq!(data(&model), data(&prompt));
    }
    let event = Event::alias_created(Of::Prompt, key(), text());
    assert_eq!(data(&event), json!({"name": "m", "alias": "x", "version": "2"}));
    let event = Event::version_tag_deleted(Of::Model, key(), text());
    assert_eq!(data(&event), json!({"name": "m", "version": "2", "key": "x"}));
    assert_eq!(Event::model_tag_set(Of::Model, text(), tag("k", "v")), None);
    let event = Event::model_tag_deleted(Of::Prompt, text(), text()).unwrap();
    assert_eq!(data(&event), json!({"name": "x", "key": "x"}));
}

#[test]
fn a_promotion_tells_what_it_was_given() {
    let told = json!({"name": "m", "from": 1, "to": 2});
    let event = Event::Promotion { action: PromotionAction::RolledBack, data: told.clone() };
    assert_eq!(event.kind().to_string(), "promotion.rolled_back");
    assert_eq!(data(&event), told);
}
