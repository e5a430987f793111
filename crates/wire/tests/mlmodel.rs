//! `MLmodel` files, most of them as MLflow 3.17.2 wrote them when it saved a model.

use forebay_wire::mlmodel::{MlModel, MlModelError};
use forebay_wire::policy_file;
use proptest::prelude::*;

const SKLEARN: &str = include_str!("mlmodel/sklearn.yaml");
const SKLEARN_LOGGED: &str = include_str!("mlmodel/sklearn_logged.yaml");
const PYFUNC: &str = include_str!("mlmodel/pyfunc.yaml");
const PYFUNC_FROM_CODE: &str = include_str!("mlmodel/pyfunc_from_code.yaml");
const PYFUNC_LOADER: &str = include_str!("mlmodel/pyfunc_loader.yaml");
const ONNX: &str = include_str!("mlmodel/onnx.yaml");

fn named(text: &str) -> Vec<String> {
    let named = MlModel::read(text).and_then(|model| model.named_files());
    named.unwrap_or_else(|error| vec![error.to_string()])
}

fn error(text: &str) -> String {
    match MlModel::read(text).and_then(|model| model.named_files()) {
        Ok(named) => format!("accepted: {named:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_logged_model_knows_its_ids_and_its_signature() {
    let model = MlModel::read(SKLEARN_LOGGED).unwrap();
    assert_eq!(model.model_id.as_deref(), Some("m-e4dc67ad88fc4693917bac8a5bb7b59e"));
    assert_eq!(model.model_uuid, model.model_id);
    assert_eq!(model.run_id.as_deref(), Some("51871ebee1c94e7fa8d79e9ebdb6d301"));
    assert_eq!(model.mlflow_version.as_deref(), Some("3.17.2"));
    assert!(model.artifact_path.unwrap().ends_with("/artifacts"));
    assert_eq!(model.flavors["sklearn"]["sklearn_version"], "1.9.1");
    let signature = model.signature.unwrap();
    let inputs = signature.inputs().unwrap().unwrap();
    assert_eq!(inputs.iter().map(|input| input.name.as_deref()).collect::<Vec<_>>(), [Some("a"), Some("b")]);
    assert_eq!(signature.outputs().unwrap().unwrap()[0].kind, "double");
    assert_eq!(signature.params().unwrap(), []);
}

#[test]
fn params_have_types_and_shapes() {
    let model = MlModel::read(SKLEARN).unwrap();
    assert_eq!((model.model_id, model.run_id), (None, None));
    let params = model.signature.unwrap().params().unwrap();
    let told: Vec<_> = params.iter().map(|p| (p.name.as_str(), p.kind.as_str(), p.shape.is_some())).collect();
    assert_eq!(told, [("t", "double", false), ("n", "long", false), ("l", "long", true)]);
}

#[test]
fn a_model_without_a_signature_has_none() {
    for text in [PYFUNC_FROM_CODE, PYFUNC_LOADER, "flavors: {}\nsignature: null\n", "signature:\n"] {
        assert_eq!(MlModel::read(text).unwrap().signature, None);
    }
}

#[test]
fn every_file_that_the_flavors_and_the_example_name_is_found() {
    let env = ["conda.yaml", "python_env.yaml"];
    let example = ["input_example.json", "serving_input_example.json"];
    let of = |more: &[&str]| {
        let mut all: Vec<String> = more.iter().chain(&env).map(|file| (*file).to_owned()).collect();
        all.sort();
        all
    };
    assert_eq!(named(SKLEARN), of(&["code", "model.skops", example[0], example[1]]));
    assert_eq!(named(SKLEARN_LOGGED), of(&["model.skops", example[0], example[1]]));
    let pyfunc =
        ["artifacts/art.txt", "artifacts/artdir", "code", "python_model.pkl", example[0], example[1]];
    assert_eq!(named(PYFUNC), of(&pyfunc));
    assert_eq!(named(PYFUNC_FROM_CODE), of(&["model_code.py"]));
    assert_eq!(named(PYFUNC_LOADER), of(&["code", "data/artdir"]));
    assert_eq!(named(ONNX), of(&["model.onnx", example[0], example[1]]));
}

#[test]
fn older_and_rarer_ways_to_name_a_file_are_known() {
    let text = "\
flavors:
  python_function: {env: conda.yaml, data: ./data/, loader_module: my.module}
  pytorch:
    model_data: data
    extra_files: [{path: extra_files/a.txt}]
    requirements_file: {path: requirements.txt}
  custom: {model_path: null, data: 3, code: code}
";
    assert_eq!(named(text), ["code", "conda.yaml", "data", "extra_files/a.txt", "requirements.txt"]);
}

#[test]
fn whatever_a_flavor_holds_does_not_keep_the_file_from_being_read() {
    for value in [
        "{1: a, true: b, null: c, 1.5: d}",
        "123456789012345678901234567890",
        "-9223372036854775809",
        "[.nan, .inf, -.inf, 1e999, 1.0e-05]",
        "2026-11-26 07:00:34.235704",
        "!!set {a, b}",
        "!!binary aGVsbG8=",
        "!!python/tuple [1, 2]",
        "[&id001 {a: 1}, *id001]",
    ] {
        let text = format!("flavors:\n  custom:\n    x: {value}\n    data: a\n");
        assert_eq!(named(&text), ["a"], "{value}");
    }
}

#[test]
fn a_path_that_leaves_the_folder_is_refused_with_its_field() {
    let path = |path: &str| format!("flavors:\n  onnx:\n    data: \"{path}\"\n");
    for bad in
        ["../a", "/etc/passwd", "a/../../b", "a/..", "", ".", "s3://b/a", "file:///a", "a\\0b", "..\\\\a"]
    {
        let told = error(&path(bad));
        assert!(told.starts_with("Invalid MLmodel: field 'flavors.onnx.data': the path"), "{bad}: {told}");
        assert!(told.ends_with("leaves the model's folder"), "{told}");
    }
    assert_eq!(named(&path("./a//b/")), ["a/b"]);
    let nested = "flavors:\n  python_function:\n    artifacts:\n      a: {path: ../x, uri: x}\n";
    assert!(error(nested).contains("'flavors.python_function.artifacts.a.path'"));
    let example = "saved_input_example_info:\n  artifact_path: /x\n";
    assert!(error(example).contains("'saved_input_example_info.artifact_path'"));
    let code = "flavors:\n  python_function:\n    model_code_path: /somewhere/..\n";
    assert!(error(code).contains("'flavors.python_function.model_code_path'"));
}

#[test]
fn a_broken_file_names_its_field_and_line() {
    for (text, expected) in [
        ("- a\n", "Invalid MLmodel: line 1: expected fields with values"),
        ("flavors: 'x\n", "Invalid MLmodel: line 1: unclosed quote"),
        (
            "run_id: a\nflavors: [a]\n",
            "Invalid MLmodel: field 'flavors' (line 2): expected fields with values",
        ),
        (
            "flavors:\n  sklearn: 3\n",
            "Invalid MLmodel: field 'flavors.sklearn' (line 2): expected fields with values",
        ),
        ("run_id: [a]\n", "Invalid MLmodel: field 'run_id' (line 1): expected a text"),
        (
            "signature:\n  inputs: [a]\n",
            "Invalid MLmodel: field 'signature.inputs' (line 2): expected a text",
        ),
    ] {
        assert_eq!(error(text), expected, "{text}");
    }
}

#[test]
fn a_broken_signature_names_the_place_in_its_json() {
    for (json, field) in [
        ("", "signature.inputs"),
        ("{}", "signature.inputs"),
        ("[] x", "signature.inputs"),
        ("[{\"name\": \"a\"}]", "signature.inputs[0]"),
        ("[{\"type\": 3}]", "signature.inputs[0].type"),
        (
            "[{\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": \"x\", \"shape\": 1}}]",
            "signature.inputs[0].tensor-spec.shape",
        ),
    ] {
        let model = MlModel::read(&format!("signature:\n  inputs: '{json}'\n")).unwrap();
        match model.signature.unwrap().inputs() {
            Err(MlModelError::Content { field: told, .. }) => assert_eq!(told, field, "{json}"),
            other => panic!("{json}: {other:?}"),
        }
    }
    let nothing = MlModel::read("signature:\n  inputs: 'null'\n").unwrap().signature.unwrap();
    assert_eq!(nothing.inputs(), Ok(None));
}

proptest! {
    #[test]
    fn no_file_makes_a_reader_panic_and_no_path_leaves_the_folder(
        fixture in prop::sample::select(vec![SKLEARN, PYFUNC, PYFUNC_FROM_CODE, ONNX]),
        at in any::<prop::sample::Index>(),
        n_removed in 0..20_usize,
        inserted in "(\\.\\./|/|: |- |\n|\"|'|&a|\\*a|\\{|\\[|\\PC){0,6}",
    ) {
        let characters: Vec<char> = fixture.chars().collect();
        let at = at.index(characters.len());
        let rest = &characters[(at + n_removed).min(characters.len())..];
        let text: String = characters[..at].iter().copied().chain(inserted.chars()).chain(rest.iter().copied()).collect();
        let _ = policy_file::read(&text);
        if let Ok(files) = MlModel::read(&text).and_then(|model| model.named_files()) {
            for file in files {
                prop_assert!(!file.starts_with('/') && !file.split('/').any(|part| part == ".."), "{}", file);
            }
        }
    }
}
