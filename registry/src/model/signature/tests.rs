//! Signatures as MLflow 3.17.2 writes them, and which of them can take another's place.

use forebay_wire::mlmodel::MlModel;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::compatible::{compare, incompatibilities};
use super::*;

/// Every type of column, printed by MLflow.
const ALL_TYPES: &str = r#"[{"type": "long", "name": "id", "required": true}, {"type": "double", "name": "score", "required": false}, {"type": "array", "items": {"type": "string"}, "name": "tags", "required": true}, {"type": "object", "properties": {"x": {"type": "integer", "required": true}, "y": {"type": "array", "items": {"type": "object", "properties": {"z": {"type": "float", "required": false}}}, "required": true}}, "name": "pos", "required": true}, {"type": "map", "values": {"type": "any"}, "name": "extra", "required": false}, {"type": "any", "name": "any", "required": true}, {"type": "datetime", "name": "at", "required": true}, {"type": "binary", "name": "img", "required": true}, {"type": "boolean", "name": "ok", "required": true}, {"type": "sparkml_vector", "name": "vec", "required": true}]"#;

/// Params of every form, printed by MLflow.
const PARAMS: &str = r#"[{"name": "t", "default": 0.5, "shape": null, "type": "double"}, {"name": "l", "default": [1, 2], "shape": [-1], "type": "long"}, {"name": "o", "default": {"a": "b"}, "shape": null, "type": "object", "properties": {"a": {"type": "string", "required": true}}}, {"name": "d", "default": "2026-01-01", "shape": null, "type": "datetime"}]"#;

/// Tensors with names, printed by MLflow.
const TENSORS: &str = r#"[{"name": "img", "type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 28, 28]}}, {"name": "w", "type": "tensor", "tensor-spec": {"dtype": "str", "shape": [-1]}}]"#;

fn read(inputs: &str, outputs: &str, params: &str) -> Result<Signature, Invalid> {
    let yaml = format!("signature:\n  inputs: '{inputs}'\n  outputs: '{outputs}'\n  params: '{params}'\n");
    let model = MlModel::read(&yaml).unwrap();
    Signature::try_from(&model.signature.unwrap())
}

fn inputs(json: &str) -> Signature {
    read(json, "null", "null").unwrap()
}

fn outputs(json: &str) -> Signature {
    read("null", json, "null").unwrap()
}

fn params(json: &str) -> Signature {
    read("null", "null", json).unwrap()
}

/// `a: long, b?: double` as columns.
fn columns(text: &str) -> String {
    let column = |part: &str| {
        let (name, kind) = part.trim().split_once(": ").unwrap();
        let required = !name.ends_with('?');
        format!(r#"{{"type": "{kind}", "name": "{}", "required": {required}}}"#, name.trim_end_matches('?'))
    };
    format!("[{}]", text.split(',').map(column).collect::<Vec<_>>().join(", "))
}

fn tensor(dtype: &str, shape: &str) -> String {
    format!(r#"[{{"type": "tensor", "tensor-spec": {{"dtype": "{dtype}", "shape": {shape}}}}}]"#)
}

#[test]
fn what_mlflow_writes_is_read_and_compatible_with_itself() {
    let all = read(ALL_TYPES, TENSORS, PARAMS).unwrap();
    assert_eq!(incompatibilities(&all, &all), Vec::<String>::new());
    let Some(Schema::NamedColumns(columns)) = &all.inputs else { panic!("{all:?}") };
    assert_eq!(
        columns["pos"].kind.to_string(),
        "object with x: integer, y: array of object with z: optional float"
    );
    assert!(!columns["score"].required);
}

#[test]
fn inputs_may_widen_become_optional_and_get_optional_company() {
    for (old, new) in [
        ("a: integer, b: float", "a: long, b: double"),
        ("a: integer", "a: double"),
        ("a: long", "a?: long"),
        ("a: long", "a: long, b?: string"),
        ("a: long, b: string", "b: string, a: long"),
        ("a: string", "a: any"),
        ("a?: string", "a?: string"),
    ] {
        let found = incompatibilities(&inputs(&columns(old)), &inputs(&columns(new)));
        assert_eq!(found, Vec::<String>::new(), "{old} to {new}");
    }
}

#[test]
fn what_breaks_callers_is_told_one_by_one() {
    for (old, new, expected) in [
        ("a: long", "a: integer", vec!["input 'a' was long and is now integer"]),
        ("a: long", "a: double", vec!["input 'a' was long and is now double"]),
        ("a: any", "a: string", vec!["input 'a' was any and is now string"]),
        ("a: long", "a: long, b: long", vec!["input 'b' is new and required"]),
        ("a?: long", "a: long", vec!["input 'a' was optional and is now required"]),
        ("a: long, b: long", "a: long", vec!["input 'b' is gone"]),
        ("a: long", "A: long", vec!["input 'a' is gone", "input 'A' is new and required"]),
    ] {
        let found = incompatibilities(&inputs(&columns(old)), &inputs(&columns(new)));
        assert_eq!(found, expected, "{old} to {new}");
    }
}

#[test]
fn nested_types_are_compared_all_the_way_down() {
    let object = |properties: &str| {
        inputs(&format!(r#"[{{"type": "object", "name": "o", "properties": {{{properties}}}}}]"#))
    };
    let x = object(r#""x": {"type": "array", "items": {"type": "integer"}}"#);
    let wider = object(
        r#""x": {"type": "array", "items": {"type": "long"}}, "y": {"type": "map", "values": {"type": "any"}, "required": false}"#,
    );
    assert!(incompatibilities(&x, &wider).is_empty());
    assert_eq!(
        incompatibilities(&wider, &x),
        ["input 'o' was object with x: array of long, y: optional map to any \
          and is now object with x: array of integer"]
    );
    let required = object(r#""x": {"type": "array", "items": {"type": "integer"}}, "z": {"type": "long"}"#);
    assert_eq!(incompatibilities(&x, &required).len(), 1);
    let optional = object(r#""x": {"type": "array", "items": {"type": "integer"}, "required": false}"#);
    assert!(incompatibilities(&x, &optional).is_empty());
    assert_eq!(incompatibilities(&optional, &x).len(), 1);
}

#[test]
fn inputs_without_names_go_by_position() {
    let two = inputs(r#"[{"type": "integer"}, {"type": "string"}]"#);
    assert!(incompatibilities(&two, &inputs(r#"[{"type": "long"}, {"type": "string"}]"#)).is_empty());
    let swapped = inputs(r#"[{"type": "string"}, {"type": "integer"}]"#);
    assert_eq!(
        incompatibilities(&two, &swapped),
        ["input 1 was integer and is now string", "input 2 was string and is now integer"]
    );
    assert_eq!(
        incompatibilities(&two, &inputs(r#"[{"type": "integer"}]"#)),
        ["there were 2 inputs and are now 1"]
    );
}

#[test]
fn tensors_take_all_old_shapes_in_the_same_dtype() {
    for (old, new, is_compatible) in [
        (("float32", "[-1, 2]"), ("float64", "[-1, 2]"), false),
        (("float64", "[-1, 2]"), ("float32", "[-1, 2]"), false),
        (("float32", "[8, 2]"), ("float32", "[-1, 2]"), true),
        (("float32", "[-1, 2]"), ("float32", "[8, 2]"), false),
        (("float32", "[-1, 2]"), ("float32", "[-1, 3]"), false),
        (("float32", "[-1, 2]"), ("float32", "[-1, 2, 1]"), false),
    ] {
        let found = incompatibilities(&inputs(&tensor(old.0, old.1)), &inputs(&tensor(new.0, new.1)));
        assert_eq!(found.is_empty(), is_compatible, "{old:?} {new:?} {found:?}");
    }
    let found = incompatibilities(&inputs(&tensor("float64", "[-1]")), &inputs(&tensor("float32", "[-1]")));
    assert_eq!(found, ["the input was float64 [-1] and is now float32 [-1]"]);
    let one =
        r#"[{"name": "img", "type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 28, 28]}}]"#;
    assert_eq!(incompatibilities(&inputs(TENSORS), &inputs(one)), ["input 'w' is gone"]);
    assert_eq!(incompatibilities(&inputs(one), &inputs(TENSORS)), ["input 'w' is new and required"]);
}

#[test]
fn another_form_of_inputs_or_outputs_breaks() {
    assert_eq!(
        incompatibilities(&inputs(&columns("a: long")), &inputs(&tensor("int64", "[-1, 1]"))),
        ["the inputs were columns with names and are now one tensor"]
    );
    assert_eq!(
        incompatibilities(&outputs(TENSORS), &outputs(r#"[{"type": "long"}]"#)),
        ["the outputs were tensors with names and are now columns without names"]
    );
    let nothing = inputs("null");
    assert_eq!(incompatibilities(&inputs(TENSORS), &nothing), ["the inputs are no longer told"]);
    assert_eq!(incompatibilities(&outputs(TENSORS), &nothing), ["the outputs are no longer told"]);
    assert!(incompatibilities(&nothing, &inputs(TENSORS)).is_empty());
}

#[test]
fn outputs_keep_name_and_type_and_may_get_company() {
    let of = |text: &str| outputs(&columns(text));
    assert!(incompatibilities(&of("p: double"), &of("p: double, why: string")).is_empty());
    for (old, new, expected) in [
        ("p: float", "p: double", "output 'p' was float and is now double"),
        ("p: double, q: long", "p: double", "output 'q' is gone"),
        ("p: double", "p?: double", "output 'p' was always there and is now optional"),
    ] {
        assert_eq!(incompatibilities(&of(old), &of(new)), [expected]);
    }
    let shapes = incompatibilities(&outputs(&tensor("int64", "[-1]")), &outputs(&tensor("int64", "[-1, 1]")));
    assert_eq!(shapes, ["the output was int64 [-1] and is now int64 [-1, 1]"]);
    let unnamed = incompatibilities(&outputs(r#"[{"type": "long"}]"#), &outputs(r#"[{"type": "double"}]"#));
    assert_eq!(unnamed, ["output 1 was long and is now double"]);
}

#[test]
fn params_stay_and_keep_their_types_and_new_ones_have_defaults() {
    let all = params(PARAMS);
    assert!(incompatibilities(&params("null"), &all).is_empty());
    let fewer = params(
        r#"[{"name": "t", "default": 1, "shape": null, "type": "float"}, {"name": "l", "default": 1, "shape": null, "type": "long"}]"#,
    );
    assert_eq!(
        incompatibilities(&all, &fewer),
        [
            "param 'd' is gone",
            "param 'l' has another type",
            "param 'o' is gone",
            "param 't' has another type"
        ]
    );
    let other_default = params(r#"[{"name": "t", "default": 1.5, "dtype": "double"}]"#);
    let old_default = params(r#"[{"name": "t", "default": 0.5, "shape": null, "type": "double"}]"#);
    assert!(incompatibilities(&old_default, &other_default).is_empty());
}

#[test]
fn a_missing_signature_passes_on_the_holder_and_fails_on_the_candidate() {
    let some = inputs(&columns("a: long"));
    let none = compare(None, Some(&some));
    assert!(none.passed);
    assert_eq!(none.reason, "the holder has no signature, so there is nothing to compare with");
    assert!(compare(None, None).passed);
    let lost = compare(Some(&some), None);
    assert!(!lost.passed);
    assert_eq!(lost.reason, "the holder has a signature and the version has none");
    let narrower = compare(Some(&some), Some(&inputs(&columns("a: integer, b: long"))));
    assert!(!narrower.passed);
    assert_eq!(narrower.reason, "input 'a' was long and is now integer; input 'b' is new and required");
    assert!(compare(Some(&some), Some(&some)).passed);
}

#[test]
fn a_signature_that_mlflow_would_not_read_is_refused_with_its_field() {
    for (json, expected) in [
        (r#"[{"type": "lnog", "name": "a"}]"#, "'signature.inputs[0]': there is no type 'lnog'"),
        (r#"[{"type": "array", "name": "a"}]"#, "'signature.inputs[0]': the type 'array' needs its 'items'"),
        (
            r#"[{"type": "array", "name": "a", "items": {"type": "x"}}]"#,
            "'signature.inputs[0].items': there is no type 'x'",
        ),
        (
            r#"[{"type": "object", "name": "a"}]"#,
            "'signature.inputs[0]': the type 'object' needs its 'properties'",
        ),
        (r#"[{"type": "tensor"}]"#, "'signature.inputs[0]': a tensor needs its 'tensor-spec'"),
        (
            r#"[{"type": "long", "name": "a"}, {"type": "long"}]"#,
            "'signature.inputs': columns and tensors, or those with and without a name, do not mix",
        ),
        (r#"[{"name": "a"}]"#, "'signature.inputs[0]': missing field `type` at line 1 column 14"),
    ] {
        let error = read(json, "null", "null").unwrap_err().to_string();
        assert_eq!(error, format!("Invalid MLmodel: field {expected}"));
    }
    let deep = "[".to_owned() + &r#"{"type": "array", "items": "#.repeat(200) + &"}".repeat(200) + "]";
    assert!(read(&deep, "null", "null").is_err());
}

fn kind() -> impl Strategy<Value = Type> {
    let leaf = prop_oneof![
        6 => prop::sample::select(Scalar::ALL.to_vec()).prop_map(Type::Scalar),
        1 => Just(Type::Any),
        1 => Just(Type::SparkVector),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|kind| Type::Array(Box::new(kind))),
            inner.clone().prop_map(|kind| Type::Map(Box::new(kind))),
            btree_map("[ab]", field_of(inner), 1..3).prop_map(Type::Object),
        ]
    })
}

fn field_of(kind: impl Strategy<Value = Type>) -> impl Strategy<Value = Field> {
    (kind, any::<bool>()).prop_map(|(kind, required)| Field { kind, required })
}

fn any_tensor() -> impl Strategy<Value = Tensor> {
    let dtype =
        prop::sample::select(vec!["bool", "int8", "uint8", "int32", "int64", "float32", "float64", "str"]);
    let shape = vec(prop::sample::select(vec![-1_i64, 1, 2]), 1..3);
    (dtype, shape).prop_map(|(dtype, shape)| Tensor { dtype: dtype.to_owned(), shape })
}

fn any_schema() -> impl Strategy<Value = Schema> {
    prop_oneof![
        4 => btree_map("[abc]", field_of(kind()), 1..3).prop_map(Schema::NamedColumns),
        2 => vec(kind(), 1..3).prop_map(Schema::Columns),
        2 => btree_map("[ab]", any_tensor(), 1..3).prop_map(Schema::NamedTensors),
        2 => any_tensor().prop_map(Schema::Tensor),
    ]
}

prop_compose! {
    fn any_signature()(inputs in prop::option::of(any_schema()), outputs in prop::option::of(any_schema())) -> Signature {
        Signature { inputs, outputs, params: BTreeMap::new() }
    }
}

/// Something that takes all that `kind` takes.
fn widened(kind: &Type, step: u8) -> Type {
    let steps: Vec<Type> =
        Scalar::ALL.into_iter().map(Type::Scalar).chain([Type::Any, kind.clone()]).collect();
    let wider: Vec<&Type> = steps.iter().filter(|wider| wider.takes(kind)).collect();
    wider[usize::from(step) % wider.len()].clone()
}

proptest! {
    #[test]
    fn every_signature_can_take_its_own_place(signature in any_signature()) {
        prop_assert_eq!(incompatibilities(&signature, &signature), Vec::<String>::new());
    }

    #[test]
    fn what_can_follow_the_follower_can_follow_the_first(a in any_signature(), b in any_signature(), c in any_signature()) {
        if incompatibilities(&a, &b).is_empty() && incompatibilities(&b, &c).is_empty() {
            prop_assert_eq!(incompatibilities(&a, &c), Vec::<String>::new());
        }
    }

    #[test]
    fn a_chain_of_widenings_is_a_widening(first in kind(), steps in vec(any::<u8>(), 1..6)) {
        let mut last = first.clone();
        for step in steps {
            last = widened(&last, step);
        }
        prop_assert!(last.takes(&first), "{} to {}", first, last);
    }

    #[test]
    fn tensors_widen_transitively(a in any_tensor(), b in any_tensor(), c in any_tensor()) {
        prop_assert!(!(b.takes(&a) && c.takes(&b)) || c.takes(&a));
    }
}
