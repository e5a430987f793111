//! Models that linfa trains on real data answer the same after they were written and read.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use forebay_linfa_flavor::{Fitted, Model, Scores};
use linfa::dataset::Pr;
use linfa::prelude::*;
use linfa_bayes::GaussianNb;
use linfa_clustering::KMeans;
use linfa_datasets::{diabetes, iris, winequality};
use linfa_elasticnet::ElasticNet;
use linfa_linear::LinearRegression;
use linfa_logistic::{LogisticRegression, MultiLogisticRegression};
use linfa_svm::Svm;
use linfa_trees::DecisionTree;

/// What a model answers for the rows of a dataset, written and read in between.
fn answers<T>(fitted: &impl Fitted, data: &DatasetBase<ndarray::Array2<f64>, T>) -> Scores {
    let written = Model::new(fitted.to_parameters().unwrap()).unwrap().write();
    let model = Model::read(&written).unwrap();
    assert_eq!(model.write(), written);
    let rows: Vec<f64> = data.records().iter().copied().collect();
    model.predict(&rows)
}

fn assert_close(scores: &Scores, expected: impl IntoIterator<Item = f64>) {
    let Scores::Numbers(numbers) = scores else { panic!("{scores:?}") };
    let expected: Vec<f64> = expected.into_iter().collect();
    assert_eq!(numbers.len(), expected.len());
    for (number, expected) in numbers.iter().zip(&expected) {
        assert!((number - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{number} {expected}");
    }
    assert!(expected.iter().any(|number| (number - expected[0]).abs() > 1e-6), "all the same");
}

fn integers(labels: impl IntoIterator<Item = usize>) -> Scores {
    Scores::Integers(labels.into_iter().map(|label| i64::try_from(label).unwrap()).collect())
}

/// Wines that are good, or not.
fn wines() -> Dataset<f64, bool, ndarray::Ix1> {
    winequality().map_targets(|quality| *quality > 5)
}

#[test]
fn a_linear_regression_answers_the_same() {
    let data = diabetes();
    let model = LinearRegression::new().fit(&data).unwrap();
    assert_close(&answers(&model, &data), model.predict(&data));
}

#[test]
fn an_elastic_net_answers_the_same() {
    let data = diabetes();
    let model = ElasticNet::params().penalty(0.1).l1_ratio(0.5).fit(&data).unwrap();
    assert_close(&answers(&model, &data), model.predict(&data));
}

#[test]
fn a_logistic_regression_answers_the_same_at_any_threshold() {
    let data = winequality().map_targets(|quality| if *quality > 5 { "good" } else { "bad" });
    let texts =
        |labels: ndarray::Array1<&str>| Scores::Texts(labels.iter().map(|l| (*l).to_owned()).collect());
    let model = LogisticRegression::default().max_iterations(200).fit(&data).unwrap();
    assert_eq!(answers(&model, &data), texts(model.predict(&data)));
    let wary = model.clone().set_threshold(0.8);
    assert_eq!(answers(&wary, &data), texts(wary.predict(&data)));
    assert!(answers(&wary, &data) != answers(&model, &data));
}

#[test]
fn a_multinomial_logistic_regression_answers_the_same() {
    let data = iris();
    let model = MultiLogisticRegression::default().max_iterations(100).fit(&data).unwrap();
    assert_eq!(answers(&model, &data), integers(model.predict(&data)));
}

#[test]
fn a_decision_tree_answers_the_same() {
    let data = winequality();
    let model = DecisionTree::params().max_depth(Some(8)).fit(&data).unwrap();
    assert_eq!(answers(&model, &data), integers(model.predict(&data)));
    let data = wines();
    let model = DecisionTree::params().fit(&data).unwrap();
    assert_eq!(answers(&model, &data), Scores::Booleans(model.predict(&data).to_vec()));
}

#[test]
fn k_means_answers_the_same() {
    let data = iris();
    let model = KMeans::params(3).fit(&data).unwrap();
    assert_eq!(answers(&model, &data), integers(model.predict(&data)));
}

#[test]
fn a_gaussian_naive_bayes_answers_the_same() {
    let data = iris();
    let model = GaussianNb::params().fit(&data).unwrap();
    assert_eq!(answers(&model, &data), integers(model.predict(&data)));
    let data = wines();
    let model = GaussianNb::params().fit(&data).unwrap();
    assert_eq!(answers(&model, &data), Scores::Booleans(model.predict(&data).to_vec()));
}

#[test]
fn a_support_vector_classifier_answers_the_same_with_every_kernel() {
    let data = iris().map_targets(|species| *species == 1);
    let params = || Svm::<f64, bool>::params().pos_neg_weights(5.0, 5.0);
    for params in
        [params().linear_kernel(), params().gaussian_kernel(4.0), params().polynomial_kernel(1.0, 2.0)]
    {
        let model = params.fit(&data).unwrap();
        assert_eq!(answers(&model, &data), Scores::Booleans(model.predict(&data).to_vec()));
    }
}

#[test]
fn the_probabilities_of_a_support_vector_machine_are_the_same() {
    let data = iris().map_targets(|species| *species == 1);
    let model = Svm::<f64, Pr>::params().pos_neg_weights(5.0, 5.0).gaussian_kernel(4.0).fit(&data).unwrap();
    let expected: Vec<f64> =
        model.predict(&data).iter().map(|probability| f64::from(**probability)).collect();
    let Scores::Numbers(numbers) = answers(&model, &data) else { panic!() };
    let differ = |(number, expected): (&f64, &f64)| (number - expected).abs() > 1e-6;
    assert!(!numbers.iter().zip(&expected).any(differ));
}

#[test]
fn a_support_vector_regression_answers_the_same() {
    let data = diabetes();
    for params in [Svm::<f64, f64>::params().linear_kernel(), Svm::params().gaussian_kernel(0.5)] {
        let model = params.c_svr(100.0, Some(10.0)).fit(&data).unwrap();
        assert_close(&answers(&model, &data), model.predict(&data));
    }
}
