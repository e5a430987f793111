//! The formulas of each kind, applied to rows.

use std::f64::consts::TAU;

use crate::labels::Labels;
use crate::model::Model;
use crate::parameters::{Class, Kernel, Node, Parameters, Support};

/// What a model makes of rows, one for each.
#[derive(Debug, Clone, PartialEq)]
pub enum Scores {
    /// Of a regression, or probabilities.
    Numbers(Vec<f64>),
    /// Labels, or positions of clusters.
    Integers(Vec<i64>),
    /// Labels.
    Booleans(Vec<bool>),
    /// Labels.
    Texts(Vec<String>),
}

impl Model {
    /// Scores rows that stand one behind the other, each of [`Model::n_features`] finite numbers; what is left over
    /// behind the last whole row is not looked at. A decision tree takes infinities too.
    pub fn predict(&self, rows: &[f64]) -> Scores {
        let rows = || rows.chunks_exact(self.n_features());
        let numbers = |of: &dyn Fn(&[f64]) -> f64| Scores::Numbers(rows().map(of).collect());
        let named = |labels, of: &dyn Fn(&[f64]) -> usize| named(labels, rows().map(of));
        match self.parameters() {
            Parameters::LinearRegression { coefficients, intercept }
            | Parameters::ElasticNet { coefficients, intercept } => {
                numbers(&|row| dot(coefficients, row) + intercept)
            }
            Parameters::LogisticRegression { coefficients, intercept, threshold, labels } => {
                named(labels, &|row| usize::from(logistic(dot(coefficients, row) + intercept) >= *threshold))
            }
            Parameters::MultinomialLogisticRegression { coefficients, intercepts, labels } => {
                let best = |row: &[f64]| {
                    let classes = coefficients.iter().zip(intercepts);
                    largest(classes.map(|(coefficients, intercept)| dot(coefficients, row) + intercept))
                };
                named(labels, &best)
            }
            Parameters::DecisionTree { nodes, labels, .. } => named(labels, &|row| leaf(nodes, row)),
            Parameters::KMeans { centroids } => {
                let nearest =
                    |row: &[f64]| largest(centroids.iter().map(|centroid| -squared_distance(centroid, row)));
                Scores::Integers(rows().map(nearest).map(position).collect())
            }
            Parameters::GaussianNaiveBayes { classes, labels } => {
                named(labels, &|row| largest(classes.iter().map(|class| log_likelihood(class, row))))
            }
            Parameters::SvmClassification { support, rho, labels } => {
                named(labels, &|row| usize::from(weighted_sum(support, row) - rho >= 0.0))
            }
            Parameters::SvmProbability { support, rho, a, b } => {
                numbers(&|row| platt(a * (weighted_sum(support, row) - rho) + b))
            }
            Parameters::SvmRegression { support, rho } => numbers(&|row| weighted_sum(support, row) - rho),
        }
    }
}

/// The labels at these positions.
fn named(labels: &Labels, positions: impl Iterator<Item = usize>) -> Scores {
    match labels {
        Labels::Booleans(labels) => Scores::Booleans(positions.map(|position| labels[position]).collect()),
        Labels::Integers(labels) => Scores::Integers(positions.map(|position| labels[position]).collect()),
        Labels::Texts(labels) => Scores::Texts(positions.map(|position| labels[position].clone()).collect()),
    }
}

fn position(cluster: usize) -> i64 {
    // Centroids are in memory, so there are fewer than that.
    i64::try_from(cluster).unwrap_or(i64::MAX)
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

fn squared_distance(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| (left - right) * (left - right)).sum()
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The position of the first largest score; 0 where all are NaN.
fn largest(scores: impl Iterator<Item = f64>) -> usize {
    let mut best = (0, f64::NEG_INFINITY);
    for (position, score) in scores.enumerate() {
        if score > best.1 {
            best = (position, score);
        }
    }
    best.0
}

/// The label's position at the leaf that a row ends in.
fn leaf(nodes: &[Node], row: &[f64]) -> usize {
    let mut position = 0;
    loop {
        match nodes[position] {
            Node::Leaf(label) => return label,
            Node::Split { feature, below, left, right } => {
                position = if row[feature] < below { left } else { right };
            }
        }
    }
}

fn log_likelihood(class: &Class, row: &[f64]) -> f64 {
    let features = class.means.iter().zip(&class.variances).zip(row);
    let terms = features.map(|((mean, variance), x)| (TAU * variance).ln() + (x - mean).powi(2) / variance);
    class.prior.ln() - 0.5 * terms.sum::<f64>()
}

fn weighted_sum(support: &Support, row: &[f64]) -> f64 {
    match support {
        Support::Hyperplane(coefficients) => dot(coefficients, row),
        Support::Vectors { kernel, vectors, weights } => {
            vectors.iter().zip(weights).map(|(vector, weight)| weight * alike(*kernel, vector, row)).sum()
        }
    }
}

fn alike(kernel: Kernel, vector: &[f64], row: &[f64]) -> f64 {
    match kernel {
        Kernel::Linear => dot(vector, row),
        Kernel::Gaussian { width } => (-squared_distance(vector, row) / width).exp(),
        Kernel::Polynomial { constant, degree } => (dot(vector, row) + constant).powf(degree),
    }
}

/// 1 / (1 + exp(x)) in single precision.
fn platt(x: f64) -> f64 {
    #[expect(clippy::cast_possible_truncation, reason = "linfa computes probabilities in single precision")]
    let x = x as f32;
    let probability = if x >= 0.0 { (-x).exp() / (1.0 + (-x).exp()) } else { 1.0 / (1.0 + x.exp()) };
    f64::from(probability)
}
