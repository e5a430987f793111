//! What is decided before a Python is there: which model it is for, how many workers it gets, whether rows are shared.

use super::*;

#[test]
fn an_interpreter_that_is_not_there_is_named() {
    let options = PythonOptions { python: "/nowhere/python".into(), ..PythonOptions::default() };
    let error = (load(&logged("mlflow.sklearn", "[]"), &options).unwrap().open)(1).err().unwrap();
    assert!(matches!(&error, LoadError::Missing(text) if text.contains("/nowhere/python")), "{error}");
}

/// A model of this loader and these inputs, which is nowhere.
fn logged(loader: &str, inputs: &str) -> ModelFolder {
    let text = format!(
        "flavors: {{python_function: {{loader_module: {loader}}}}}\nsignature: {{inputs: '{inputs}'}}\n"
    );
    let mlmodel = MlModel::read(&text).unwrap();
    let signature = Signature::read(mlmodel.signature.as_ref()).unwrap();
    ModelFolder { path: "/nowhere".into(), mlmodel, signature }
}

#[test]
fn rows_are_shared_where_neither_model_nor_pandas_looks_at_the_others() {
    let sharing = |loader: &str, inputs: &str| {
        load(&logged(loader, inputs), &PythonOptions::default()).unwrap().sharing
    };
    let required = r#"[{"name": "x", "type": "long", "required": true}]"#;
    assert_eq!(sharing("mlflow.sklearn", required), Sharing::Shared);
    assert_eq!(sharing("mlflow.pyfunc.model", required), Sharing::Alone);
    assert_eq!(
        sharing("mlflow.sklearn", r#"[{"name": "x", "type": "long", "required": false}]"#),
        Sharing::Alone
    );
    assert_eq!(
        sharing("mlflow.sklearn", r#"[{"name": "x", "type": "double", "required": false}]"#),
        Sharing::Shared
    );
    assert_eq!(sharing("mlflow.sklearn", "null"), Sharing::Alone);
}

#[test]
fn a_model_has_as_many_workers_as_were_asked_for() {
    let n_lanes = |loader: &str, workers: Option<usize>| {
        let options = PythonOptions { workers, ..PythonOptions::default() };
        load(&logged(loader, "null"), &options).unwrap().lanes.n_lanes
    };
    assert_eq!(n_lanes("mlflow.pyfunc.model", None), 1);
    assert!([1, 2].contains(&n_lanes("mlflow.sklearn", None)));
    for loader in ["mlflow.pyfunc.model", "mlflow.sklearn"] {
        assert_eq!(n_lanes(loader, Some(8)), 8);
    }
}

#[test]
fn a_model_that_python_cannot_load_is_left_to_others() {
    let mut folder = logged("mlflow.sklearn", "[]");
    folder.mlmodel.flavors = [("onnx".to_owned(), [].into())].into();
    let error = load(&folder, &PythonOptions::default()).err();
    assert_eq!(error, Some(LoadError::NoEngine(vec!["onnx".to_owned()])));
}

#[test]
fn a_flavor_that_is_not_as_it_should_be_is_named_with_its_file() {
    let mut folder = logged("mlflow.sklearn", "[]");
    let mut refused = |flavors: Value| {
        folder.mlmodel.flavors = serde_json::from_value(flavors).unwrap();
        load(&folder, &PythonOptions::default()).err().unwrap().to_string()
    };
    let start = "/nowhere/MLmodel: Invalid MLmodel: field";
    assert_eq!(refused(json!({})), format!("{start} 'flavors': it names none"));
    let field = format!("{start} 'flavors.python_function.loader_module'");
    assert_eq!(refused(json!({"python_function": {}})), format!("{field}: it is missing"));
    let number = json!({"python_function": {"loader_module": 5}});
    assert_eq!(refused(number), format!("{field}: 5 is no name"));
}
