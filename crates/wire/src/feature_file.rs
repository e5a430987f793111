//! The files that `forebay features apply` sends: YAML documents of definitions.

use serde_saphyr::Spanned;

use crate::feature_definitions::FeatureDefinitions;
use crate::yaml::{self, YamlError};
use crate::yaml_lines::{Lines, Node};

/// Longest file, in bytes.
const MAX_FILE_LEN: usize = 2 * 1024 * 1024;

/// Definitions and where they stand.
#[derive(Debug, Clone, PartialEq)]
pub struct DefinitionsDocument {
    /// What the document says.
    pub definitions: FeatureDefinitions,
    /// Where it says so.
    pub lines: Lines,
}

/// Reads the documents of a file. What their values mean is not looked at.
pub fn read(text: &str) -> Result<Vec<DefinitionsDocument>, YamlError> {
    let documents: Vec<FeatureDefinitions> = yaml::documents(text, MAX_FILE_LEN)?;
    let nodes: Vec<Spanned<Node>> = yaml::documents(text, MAX_FILE_LEN)?;
    let lines = nodes.into_iter().map(Lines::from);
    let document = |(definitions, lines)| DefinitionsDocument { definitions, lines };
    Ok(documents.into_iter().zip(lines).map(document).collect())
}

/// Writes definitions as a file may hold them.
pub fn write(definitions: &FeatureDefinitions) -> String {
    let options = serde_saphyr::ser_options! { compact_list_indent: false, prefer_block_scalars: false };
    // A message of texts, numbers, lists and maps is always YAML.
    serde_saphyr::to_string_with_options(definitions, options).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
entities:
  - name: airport
    keys: [{name: origin, type: string}]
feature_views:
  - name: weather
    source: s3://gold/weather
    entities: [airport]
    key_columns: {origin: station}
    event_time: time_hour
    ttl: 2h
    features:
      - {name: temp, type: float64, column: temperature, description: "°F, as 'read'"}
    expectations:
      - {range: temp, min: -60, max: 130.5}
      - {unique_key: true, otherwise: fail}
    tags: {year: 2026, on: "yes"}
on_demand_views:
  - name: derived
    inputs: [weather:temp]
    request: [{name: dep_delay, type: float64}]
    features: [{name: temp_c, expression: "(temp - 32) / 1.8", type: float64}]
feature_services:
  - name: late_flights
    description: |
      Two
      lines, and a # that is no comment
    features: [weather:temp, derived:temp_c]
"#;

    #[test]
    fn a_file_becomes_messages_with_the_lines_of_their_fields() {
        let read = read(FILE).unwrap();
        let [DefinitionsDocument { definitions, lines }] = read.as_slice() else { panic!("{read:?}") };
        let view = &definitions.feature_views[0];
        assert_eq!(view.key_columns["origin"], "station");
        assert_eq!(view.expectations[0].min.as_ref().unwrap().to_string(), "-60");
        assert_eq!(view.tags["year"], "2026");
        for (field, line) in [
            ("feature_views[0].features[0].type", 13),
            ("feature_views[0].ttl", 11),
            ("feature_views[0].created_time", 6),
            ("feature_services[0].features[1]", 28),
        ] {
            assert_eq!(lines.of(field), line, "{field}");
        }
    }

    #[test]
    fn what_is_written_is_read_again_and_json_says_the_same() {
        let definitions = read(FILE).unwrap().remove(0).definitions;
        let written = write(&definitions);
        assert_eq!(read(&written).unwrap()[0].definitions, definitions, "{written}");
        assert!(written.contains("\n  - name: weather\n    source: s3://gold/weather\n"), "{written}");
        let json = serde_json::to_vec(&definitions).unwrap();
        assert_eq!(crate::decode::decode_json::<FeatureDefinitions>(&json).unwrap(), definitions);
    }

    #[test]
    fn unknown_fields_are_told_with_those_that_are_known() {
        let error = read("entities:\n  - name: a\n    kyes: []\n").unwrap_err();
        assert_eq!(error.line, 3);
        let unknown = error.unknown.unwrap();
        assert_eq!(unknown.field, "kyes");
        assert_eq!(unknown.known, ["name", "keys", "description", "owner", "tags"]);
    }
}
