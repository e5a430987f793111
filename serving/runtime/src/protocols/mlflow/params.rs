//! Params of a request against those that the model's signature tells.

use arrow::compute::kernels::cast_utils::string_to_timestamp_nanos;
use forebay_wire::signature::{FieldSpec, ParamSpec};
use serde_json::{Map, Value};

use crate::model::params::Params;

/// Most characters of a value that an error shows.
const MAX_SHOWN: usize = 40;

/// The params of a request, with the defaults of those that did not come. Unknown ones are left out, as by the
/// original.
///
/// # Errors
/// Names every param whose value is not of its type.
pub(super) fn check(given: Option<Value>, specs: &[ParamSpec]) -> Result<Params, String> {
    if specs.is_empty() {
        return Ok(Params::default());
    }
    let mut given = match given {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(given)) => given,
        Some(_) => return Err("Parameters must be a dictionary".to_owned()),
    };
    let (mut params, mut problems) = (Map::new(), Vec::new());
    for spec in specs {
        let value = match given.remove(&spec.name) {
            None => spec.default.clone().unwrap_or(Value::Null),
            Some(value) => match typed(value, spec) {
                Ok(value) => value,
                Err(error) => {
                    problems.push(format!("param '{}': {error}", spec.name));
                    continue;
                }
            },
        };
        params.insert(spec.name.clone(), value);
    }
    if problems.is_empty() {
        Ok(Params(params))
    } else {
        Err(format!("Invalid parameters found: {}", problems.join("; ")))
    }
}

/// The value in its type: whole numbers become floats where these are expected.
fn typed(value: Value, spec: &ParamSpec) -> Result<Value, String> {
    match (&spec.shape, value) {
        (Some(_), Value::Array(values)) => {
            let element = |(position, value)| {
                scalar(value, &spec.kind).map_err(|error| format!("element {position}: {error}"))
            };
            values.into_iter().enumerate().map(element).collect::<Result<_, _>>().map(Value::Array)
        }
        (Some(_), Value::Null) => Err("null is not a list; leave it out to get its default".to_owned()),
        (Some(_), value) => Err(format!("{} is not a list", shown(&value))),
        (None, value) if spec.kind == "object" => {
            check_object(&value, spec.properties.iter().flatten())?;
            Ok(value)
        }
        (None, value) => scalar(value, &spec.kind),
    }
}

fn scalar(value: Value, kind: &str) -> Result<Value, String> {
    let fits = match (kind, &value) {
        (_, Value::Null) | ("boolean", Value::Bool(_)) | ("string", Value::String(_)) => true,
        ("integer" | "long", Value::Number(number)) => number.is_i64() || number.is_u64(),
        ("float" | "double", Value::Number(number)) => {
            return Ok(number
                .as_f64()
                .and_then(serde_json::Number::from_f64)
                .map_or(Value::Null, Value::Number));
        }
        ("datetime", Value::String(text)) => string_to_timestamp_nanos(text).is_ok(),
        _ => false,
    };
    if fits { Ok(value) } else { Err(format!("{} is not a value of type {kind}", shown(&value))) }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn check_object<'s>(
    value: &Value,
    properties: impl Iterator<Item = (&'s String, &'s FieldSpec)>,
) -> Result<(), String> {
    let Value::Object(object) = value else { return Err(format!("{} is not an object", shown(value))) };
    let mut known = Vec::new();
    for (name, spec) in properties {
        known.push(name);
        match object.get(name) {
            None if spec.required.unwrap_or(true) => return Err(format!("property '{name}' is missing")),
            None => {}
            Some(value) => check_field(value, spec).map_err(|error| format!("property '{name}': {error}"))?,
        }
    }
    match object.keys().find(|name| !known.contains(name)) {
        Some(unknown) => Err(format!("property '{unknown}' is unknown")),
        None => Ok(()),
    }
}

fn check_field(value: &Value, spec: &FieldSpec) -> Result<(), String> {
    if value.is_null() && !spec.required.unwrap_or(true) {
        return Ok(());
    }
    match (spec.kind.as_str(), value) {
        ("any", _) => Ok(()),
        ("object", value) => check_object(value, spec.properties.iter().flatten()),
        ("array", Value::Array(values)) => match &spec.items {
            Some(items) => values.iter().try_for_each(|value| check_field(value, items)),
            None => Ok(()),
        },
        ("map", Value::Object(entries)) => match &spec.values {
            Some(spec) => entries.values().try_for_each(|value| check_field(value, spec)),
            None => Ok(()),
        },
        (_, Value::Null) => Err("null, where a value is required".to_owned()),
        (kind, value) => scalar(value.clone(), kind).map(drop),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec(json: Value) -> ParamSpec {
        serde_json::from_value(json).unwrap()
    }

    fn specs() -> Vec<ParamSpec> {
        vec![
            spec(json!({"name": "t", "type": "double", "default": 0.5, "shape": null})),
            spec(json!({"name": "n", "type": "long", "default": 1, "shape": null})),
            spec(json!({"name": "stops", "type": "string", "default": ["."], "shape": [-1]})),
        ]
    }

    #[test]
    fn defaults_stand_where_nothing_comes_and_unknown_params_are_left_out() {
        let params = check(Some(json!({"n": 2, "other": 1})), &specs()).unwrap();
        assert_eq!(Value::Object(params.0), json!({"t": 0.5, "n": 2, "stops": ["."]}));
        assert_eq!(check(Some(json!("ignored")), &[]).unwrap(), Params::default());
    }

    #[test]
    fn whole_numbers_become_floats_where_these_are_expected() {
        let params = check(Some(json!({"t": 1})), &specs()).unwrap();
        assert!(params.0["t"].is_f64());
    }

    #[test]
    fn every_param_of_another_type_is_named() {
        let error = check(Some(json!({"t": "hot", "n": 1.5, "stops": "."})), &specs()).unwrap_err();
        assert_eq!(
            error,
            "Invalid parameters found: param 't': \"hot\" is not a value of type double; \
             param 'n': 1.5 is not a value of type long; param 'stops': \".\" is not a list"
        );
        assert!(check(Some(json!([])), &specs()).is_err());
        assert!(check(Some(json!({"stops": ["a", 1]})), &specs()).unwrap_err().contains("element 1"));
    }

    #[test]
    fn null_is_a_scalar_as_for_mlflow_but_no_list() {
        let params = check(Some(json!({"t": null, "n": null})), &specs()).unwrap();
        assert_eq!((&params.0["t"], &params.0["n"]), (&Value::Null, &Value::Null));
        let error = check(Some(json!({"stops": null})), &specs()).unwrap_err();
        assert!(
            error.contains("param 'stops': null is not a list; leave it out to get its default"),
            "{error}"
        );
    }

    #[test]
    fn objects_are_checked_property_by_property() {
        let properties =
            json!({"a": {"type": "long", "required": true}, "b": {"type": "string", "required": false}});
        let specs = [spec(json!({"name": "o", "type": "object", "default": null, "properties": properties}))];
        assert!(check(Some(json!({"o": {"a": 1}})), &specs).is_ok());
        for (wrong, part) in
            [(json!({}), "'a' is missing"), (json!({"a": "x"}), "'a'"), (json!({"a": 1, "c": 1}), "'c'")]
        {
            assert!(check(Some(json!({"o": wrong})), &specs).unwrap_err().contains(part));
        }
    }
}
