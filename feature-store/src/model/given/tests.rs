//! What people write, and what they are told when it is wrong.

use forebay_wire::features::{ApplyFeatures, FeatureFile};

use super::*;

const VIEW: &str = "\
feature_views:
  - name: weather
    source: s3://gold/weather
    entities: [airport]
    event_time: time_hour
    features:
      - name: temp
        type: float64
";

fn of(yaml: &str) -> ApplyFeatures {
    ApplyFeatures { yaml: Some(yaml.to_owned()), ..ApplyFeatures::default() }
}

fn refusal(yaml: &str) -> String {
    read(of(yaml)).unwrap_err().to_string()
}

#[test]
fn a_mistake_is_told_with_its_line() {
    for (rest, expected) in [
        ("    ttl: 2x\n", "line 9: '2x' is no length of time such as 90s, 15m, 6h, 1d or 2w"),
        (
            "    valid_from: a\n    valid_to: b\n",
            "line 2: the view needs an 'event_time', or both 'valid_from' and 'valid_to'",
        ),
        (
            "    known_at: created_time\n",
            "line 9: 'known_at: created_time' needs a 'created_time' that names the column",
        ),
        ("    known_at: now\n", "line 9: 'now' is neither 'event_time' nor 'created_time'"),
        (
            "    expectations:\n      - {not_null: tmp}\n",
            "line 10: feature view 'weather' has no feature 'tmp'; did you mean 'temp'?",
        ),
        ("    expectations:\n      - {range: temp}\n", "line 10: a range has a 'min', a 'max' or both"),
        (
            "    expectations:\n      - {range: temp, min: 2, max: 1}\n",
            "line 10: no value is at least 2 and at most 1",
        ),
        ("    expectations:\n      - {min: 2}\n", "line 10: 'min' and 'max' belong to a 'range'"),
        (
            "    expectations:\n      - {unique_key: false}\n",
            "line 10: 'unique_key' is true, or the expectation is left out",
        ),
        (
            "    expectations:\n      - {not_null: temp, freshness: 2d}\n",
            "line 10: an expectation is one of 'not_null', 'range', 'unique_key' and 'freshness'",
        ),
        (
            "    expectations:\n      - {not_null: temp, otherwise: stop}\n",
            "line 10: 'stop' is neither 'warn' nor 'fail'",
        ),
        ("    created_at: x\n", "line 9: there is no field 'created_at' here; did you mean 'created_time'?"),
        (
            "    colour: x\n",
            "line 9: there is no field 'colour' here; there are name, source, entities, key_columns, event_time, valid_from, \
             valid_to, ttl, created_time, known_at, features, expectations, description, owner, tags",
        ),
        ("      - name: temp\n        type: int32\n", "line 9: feature 'temp' is there twice"),
        ("      - name: wind\n", "line 9: 'type' is missing"),
        (
            "      - name: wind\n        type: double\n",
            "line 10: 'double' is no type; types are bool, int32, int64, float32, float64, string, bytes, date, timestamp, \
             and list<…> of one of them",
        ),
        (
            "      - name: wind speed\n        type: int32\n",
            "line 9: 'wind speed' is no name: that is a letter or '_' and then letters, digits and '_', 200 at most",
        ),
        (
            "entities:\n  - name: airport\n    keys: [{name: origin, type: float64}]\n",
            "line 11: key 'origin' cannot be of type float64: no value of that type names one thing",
        ),
        (
            "entities:\n  - name: airport\n",
            "line 10: 'keys' is missing or empty; there has to be at least one",
        ),
        (
            "feature_services:\n  - name: s\n    features: [weather.temp]\n",
            "line 11: 'weather.temp' names no feature, which is written as view:feature",
        ),
        (
            "feature_services:\n  - name: s\n    features: [a:x, b:x]\n",
            "line 11: a feature named 'x' is there twice",
        ),
        (
            "on_demand_views:\n  - name: d\n    inputs: [weather:temp]\n    features:\n      - {name: temp, type: int32, \
             expression: temp + 1}\n",
            "line 13: feature 'temp' has the name of what it is computed from",
        ),
    ] {
        assert_eq!(refusal(&format!("{VIEW}{rest}")), expected, "{rest}");
    }
}

#[test]
fn a_source_is_named_from_the_root() {
    for source in ["gold/weather", "./weather", "-", "weather.parquet"] {
        let refused = refusal(&VIEW.replace("s3://gold/weather", &format!("'{source}'")));
        assert!(refused.starts_with("line 3: the path '"), "{refused}");
    }
    for source in ["/gold/weather", "file:///gold/weather", "s3a://b/c", "/gold/*.parquet"] {
        assert!(read(of(&VIEW.replace("s3://gold/weather", &format!("'{source}'")))).is_ok(), "{source}");
    }
}

#[test]
fn a_view_by_validity_has_no_ttl() {
    let view = VIEW.replace("event_time: time_hour", "valid_from: a\n    valid_to: b\n    ttl: 2h");
    assert_eq!(
        refusal(&view),
        "line 7: a 'ttl' belongs to an 'event_time'; here 'valid_to' says when a row ends"
    );
}

#[test]
fn files_are_told_by_their_names_and_messages_by_their_fields() {
    let file =
        |name: &str, yaml: &str| FeatureFile { name: Some(name.to_owned()), yaml: Some(yaml.to_owned()) };
    let files = vec![file("a.yaml", VIEW), file("b.yaml", "entities:\n  - kyes: []\n")];
    let refused = read(ApplyFeatures { files, ..ApplyFeatures::default() }).unwrap_err().to_string();
    assert_eq!(refused, "b.yaml, line 2: there is no field 'kyes' here; did you mean 'keys'?");

    let entity = wire::Entity { name: Some("a b".to_owned()), ..wire::Entity::default() };
    let definitions = wire::FeatureDefinitions { entities: vec![entity], ..Default::default() };
    let message = ApplyFeatures { definitions: Some(definitions), ..ApplyFeatures::default() };
    let refused = read(message).unwrap_err().to_string();
    assert!(
        refused.starts_with("Invalid value for parameter 'definitions.entities[0].name' supplied: 'a b'"),
        "{refused}"
    );
}

#[test]
fn documents_of_one_file_are_read_together_and_nothing_is_refused() {
    assert_eq!(
        read(of(&format!("{VIEW}---\nentities:\n  - {{name: a, keys: [{{name: k, type: date}}]}}\n")))
            .unwrap()
            .len(),
        2
    );
    for text in ["", "---\n", "entities: []\n"] {
        assert_eq!(refusal(text), "There is no definition in it.", "{text}");
    }
    assert!(read(ApplyFeatures::default()).is_err());
}

#[test]
fn what_is_kept_is_what_was_given() {
    let given = read(of(&format!(
        "{VIEW}    created_time: loaded\n    known_at: created_time\n    ttl: 120m\n    tags: {{a: b}}\n    expectations:\n      \
         - {{range: temp, min: -60, max: 1.5, otherwise: fail}}\n      - {{freshness: 2d}}\n"
    )));
    let definition = given.unwrap().remove(0).definition;
    let stored = definition.to_stored();
    assert_eq!(Definition::from_stored(Kind::FeatureView, &stored).unwrap(), definition);
    assert!(stored.contains(r#""ttl":"2h""#) && stored.contains(r#""min":-60,"max":1.5"#), "{stored}");
}
