//! Models as clients before MLflow 3 record them: a list of descriptions in one tag of a run.

use forebay_core::invalid::Invalid;
use forebay_core::python;
use forebay_wire::runs as wire;
use serde_json::{Map, Value};

use super::run::RunId;

/// The tag that holds the list.
pub(crate) const HISTORY_TAG: &str = "mlflow.log-model.history";

const REQUIRED: [&str; 4] = ["artifact_path", "flavors", "utc_time_created", "run_id"];

/// What is kept of a description beside its flavors.
const KEPT: [&str; 4] = ["run_id", "utc_time_created", "artifact_path", "model_uuid"];

/// A model to be recorded on a run.
#[derive(Debug, Clone)]
pub(crate) struct LogModel {
    pub(crate) run_id: RunId,
    /// The part of the description that is kept.
    entry: Value,
}

impl TryFrom<wire::LogModel> for LogModel {
    type Error = Invalid;

    fn try_from(req: wire::LogModel) -> Result<Self, Invalid> {
        let run_id = RunId::parse(req.run_id, None)?;
        let text =
            req.model_json.filter(|text| !text.is_empty()).ok_or_else(|| Invalid::missing("model_json"))?;
        let model = serde_json::from_str(&text).map_err(|_| {
            Invalid::message(format!("Malformed model info. \n {text} \n is not a valid JSON."))
        })?;
        let Value::Object(model) = model else {
            return Err(Invalid::value("model_json", &text, "It must be a JSON object"));
        };
        let missing: Vec<String> =
            REQUIRED.iter().filter(|name| !model.contains_key(**name)).map(python::literal).collect();
        if !missing.is_empty() {
            return Err(Invalid::message(format!(
                "Model json is missing mandatory fields: {{{}}}",
                missing.join(", ")
            )));
        }
        Ok(LogModel { run_id, entry: Value::Object(kept(model)?) })
    }
}

fn kept(mut model: Map<String, Value>) -> Result<Map<String, Value>, Invalid> {
    let mut entry: Map<String, Value> =
        KEPT.iter().map(|name| ((*name).to_owned(), model.remove(*name).unwrap_or_default())).collect();
    // A run or a path that is null is left out, as in MLflow; a missing UUID is null.
    entry.retain(|name, value| !value.is_null() || name == "model_uuid");
    let flavors = match model.remove("flavors") {
        Some(Value::Object(flavors)) => flavors,
        None | Some(Value::Null) => Map::new(),
        Some(other) => return Err(Invalid::value("flavors", &other, "It must be a JSON object")),
    };
    let flavors = flavors.into_iter().map(|(name, flavor)| (name, without_config(flavor)));
    entry.insert("flavors".to_owned(), Value::Object(flavors.collect()));
    Ok(entry)
}

/// The configuration of a flavor can be of any size and is not part of the history.
fn without_config(mut flavor: Value) -> Value {
    if let Value::Object(fields) = &mut flavor {
        fields.remove("config");
    }
    flavor
}

impl LogModel {
    /// The tag's new value: the old list, if there is one, with this model at its end.
    pub(crate) fn append_to(&self, history: Option<&str>) -> Result<String, Invalid> {
        let mut models = match history.map(serde_json::from_str) {
            None => Vec::new(),
            Some(Ok(Value::Array(models))) => models,
            Some(_) => {
                return Err(Invalid::message(format!(
                    "The tag '{HISTORY_TAG}' of run '{}' does not hold a JSON list, so nothing can be added to it.",
                    self.run_id
                )));
            }
        };
        models.push(self.entry.clone());
        Ok(Value::Array(models).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(model_json: &str) -> Result<LogModel, Invalid> {
        let (run_id, model_json) = (Some("r".to_owned()), Some(model_json.to_owned()));
        LogModel::try_from(wire::LogModel { run_id, model_json })
    }

    #[test]
    fn a_description_loses_the_configuration_of_its_flavors() {
        let text = r#"{"run_id":"r","artifact_path":"m","utc_time_created":"t","signature":{},
            "flavors":{"f":{"config":{"a":1},"b":2},"g":3}}"#;
        let history = parse(text).unwrap().append_to(None).unwrap();
        let expected = r#"[{"artifact_path":"m","flavors":{"f":{"b":2},"g":3},"model_uuid":null,"run_id":"r","utc_time_created":"t"}]"#;
        assert_eq!(history, expected);
    }

    #[test]
    fn what_is_no_description_is_refused() {
        for (text, expected) in [
            ("{bad", "Malformed model info. \n {bad \n is not a valid JSON."),
            (
                r#"{"artifact_path":"a","flavors":{},"run_id":"r"}"#,
                "Model json is missing mandatory fields: {'utc_time_created'}",
            ),
            ("[]", r#"Invalid value "[]" for parameter 'model_json' supplied: It must be a JSON object"#),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), expected);
        }
        assert!(parse(r#"{"artifact_path":"a","flavors":1,"run_id":"r","utc_time_created":"t"}"#).is_err());
    }

    #[test]
    fn a_tag_that_holds_something_else_is_left_alone() {
        let model =
            parse(r#"{"artifact_path":"a","flavors":{},"run_id":"r","utc_time_created":"t"}"#).unwrap();
        for history in ["", "x", "{}"] {
            assert!(model.append_to(Some(history)).is_err(), "{history}");
        }
    }
}
