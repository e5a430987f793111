//! The files of a folder are what serving reads, and files that are broken name what is wrong with them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use forebay_linfa_flavor::{FLAVOR, Folder, Labels, Model, Origin, Parameters};
use forebay_wire::mlmodel::MlModel;

fn model(labels: Labels) -> Model {
    let coefficients = vec![0.1, -2.5e-300];
    Model::new(Parameters::LogisticRegression { coefficients, intercept: 1.0, threshold: 0.5, labels })
        .unwrap()
}

#[test]
fn an_mlmodel_tells_the_flavor_and_the_signature() {
    let model = model(Labels::Texts(vec!["no".to_owned(), "yes".to_owned()]));
    let columns = vec!["sepal \"length\"".to_owned(), "größe: #1".to_owned()];
    let folder = Folder::new(model.clone(), columns.clone()).unwrap();
    let files = folder.files(&Origin { model_id: Some("m-1".to_owned()), ..Origin::default() });
    let [(mlmodel, text), (data, json)] = &files[..] else { panic!("{files:?}") };
    assert_eq!((mlmodel.as_str(), data.as_str()), ("MLmodel", "model.json"));
    assert_eq!(Model::read(json).unwrap(), model);

    let read = MlModel::read(std::str::from_utf8(text).unwrap()).unwrap();
    assert_eq!((read.model_id.as_deref(), read.run_id), (Some("m-1"), None));
    assert_eq!(read.flavors[FLAVOR]["data"], "model.json");
    assert_eq!(read.flavors[FLAVOR]["kind"], "logistic_regression");
    let signature = read.signature.unwrap();
    let names: Vec<_> =
        signature.inputs().unwrap().unwrap().into_iter().filter_map(|field| field.name).collect();
    assert_eq!(names, columns);
    let outputs = signature.outputs().unwrap().unwrap();
    assert_eq!(outputs[0].tensor_spec.as_ref().unwrap().dtype, "str");
}

#[test]
fn every_feature_needs_a_name() {
    let error = Folder::new(model(Labels::Booleans(vec![false, true])), Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "field 'columns': 0 names for 2 features");
}

#[test]
fn a_broken_file_names_its_field() {
    let refused = [
        (r#"{"kind":"forest","parameters":{}}"#, "kind", "unknown variant `forest`"),
        (
            r#"{"kind":"elastic_net","parameters":{"coefficients":[1,"x"],"intercept":0}}"#,
            "coefficients[1]",
            "string",
        ),
        (
            r#"{"kind":"elastic_net","parameters":{"coefficients":[1]}}"#,
            "parameters",
            "missing field `intercept`",
        ),
        (
            r#"{"kind":"elastic_net","parameters":{"coefficients":[],"intercept":0}}"#,
            "coefficients",
            "is empty",
        ),
        (
            r#"{"kind":"elastic_net","parameters":{"coefficients":[1e999],"intercept":0}}"#,
            "coefficients[0]",
            "range",
        ),
        (r#"{"kind":"k_means","parameters":{"centroids":[[1,2],[3]]}}"#, "centroids[1]", "has not 2 numbers"),
        (r#"{"kind":"k_means","parameters":{"centroids":[[]]}}"#, "centroids", "is empty"),
        (
            r#"{"kind":"decision_tree","parameters":{"n_features":1,"labels":[1],"nodes":[
                {"split":{"feature":0,"below":1,"left":0,"right":0}}]}}"#,
            "nodes[0].split.left",
            "later node",
        ),
        (
            r#"{"kind":"decision_tree","parameters":{"n_features":1,"labels":[1],"nodes":[{"leaf":1}]}}"#,
            "nodes[0].leaf",
            "no label",
        ),
        (
            r#"{"kind":"gaussian_naive_bayes","parameters":{"labels":[1],"classes":[
                {"prior":1,"means":[0],"variances":[0]}]}}"#,
            "classes[0].variances",
            "not more than 0",
        ),
        (
            r#"{"kind":"svm_regression","parameters":{"rho":0,"support":{"vectors":{
                "kernel":{"gaussian":{"width":0}},"vectors":[[1]],"weights":[1]}}}}"#,
            "gaussian.width",
            "is 0",
        ),
        (
            r#"{"kind":"svm_classification","parameters":{"rho":0,"support":{"hyperplane":[1]},"labels":["a"]}}"#,
            "labels",
            "two labels",
        ),
        (
            r#"{"kind":"logistic_regression","parameters":{"coefficients":[1],"intercept":0,"threshold":0.5,
                "labels":["a",1]}}"#,
            "labels",
            "expected a list",
        ),
        (r#"{"kind":"k_means","parameters":5}"#, "parameters", "expected an object with what"),
        (r#"{"kind":"decision_tree","parameters":[]}"#, "parameters", "expected an object with what"),
        ("[", ".", "EOF"),
        (r#"{"kind":"k_means","parameters":{"centroids":[[1]]}} x"#, ".", "trailing"),
    ];
    for (json, field, reason) in refused {
        let error = Model::read(json.as_bytes()).unwrap_err();
        assert!(error.field.ends_with(field) || error.reason.contains(field), "{json}: {error}");
        assert!(error.reason.contains(reason), "{json}: {error}");
        assert!(!error.reason.contains("Parameters"), "{json}: {error}");
    }
}
