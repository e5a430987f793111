//! What was learnt: the parameters of each kind of model, as they stand in `model.json`.

use serde::{Deserialize, Serialize};

use crate::labels::Labels;

/// The parameters of a fitted model. Formulas are in terms of a row x, whose features come in the order of training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    content = "parameters",
    rename_all = "snake_case",
    deny_unknown_fields,
    expecting = "an object with what the kind of the model asks for"
)]
pub enum Parameters {
    /// y = coefficients · x + intercept.
    LinearRegression {
        /// One for each feature.
        coefficients: Vec<f64>,
        /// 0 where none was fitted.
        intercept: f64,
    },
    /// y = coefficients · x + intercept.
    ElasticNet {
        /// One for each feature.
        coefficients: Vec<f64>,
        /// 0 where none was fitted.
        intercept: f64,
    },
    /// p = 1 / (1 + exp(-(coefficients · x + intercept))); the second label where p ≥ threshold, else the first.
    LogisticRegression {
        /// One for each feature.
        coefficients: Vec<f64>,
        /// 0 where none was fitted.
        intercept: f64,
        /// From 0 to 1.
        threshold: f64,
        /// The negative one, then the positive one.
        labels: Labels,
    },
    /// The label whose coefficients · x + intercept is largest; the first of equals.
    MultinomialLogisticRegression {
        /// For each label one for each feature.
        coefficients: Vec<Vec<f64>>,
        /// One for each label.
        intercepts: Vec<f64>,
        /// The classes.
        labels: Labels,
    },
    /// From the first node down to a leaf.
    DecisionTree {
        /// How many a row has.
        n_features: usize,
        /// Children stand behind their parent.
        nodes: Vec<Node>,
        /// What leaves name by position.
        labels: Labels,
    },
    /// The position of the centroid with the least squared Euclidean distance from x; the first of equals.
    KMeans {
        /// For each cluster one number for each feature.
        centroids: Vec<Vec<f64>>,
    },
    /// The label with the largest ln(prior) - ½ Σ ln(2π variance) - ½ Σ (x - mean)² / variance; the first of equals.
    GaussianNaiveBayes {
        /// One for each label.
        classes: Vec<Class>,
        /// The classes.
        labels: Labels,
    },
    /// The second label where f(x) - rho ≥ 0, else the first.
    SvmClassification {
        /// Gives f.
        support: Support,
        /// The offset.
        rho: f64,
        /// The negative one, then the positive one.
        labels: Labels,
    },
    /// 1 / (1 + exp(a (f(x) - rho) + b)), the probability of the positive class, in single precision as linfa has it.
    SvmProbability {
        /// Gives f.
        support: Support,
        /// The offset.
        rho: f64,
        /// Of Platt's scaling.
        a: f64,
        /// Of Platt's scaling.
        b: f64,
    },
    /// y = f(x) - rho.
    SvmRegression {
        /// Gives f.
        support: Support,
        /// The offset.
        rho: f64,
    },
}

/// A node of a decision tree.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(
    rename_all = "snake_case",
    deny_unknown_fields,
    expecting = "a node of a tree: an object with 'leaf' or 'split'"
)]
pub enum Node {
    /// The position of the label.
    Leaf(usize),
    /// Where to go on.
    Split {
        /// The feature that decides.
        feature: usize,
        /// Rows whose feature is less go left, all others right.
        below: f64,
        /// Position of a node.
        left: usize,
        /// Position of a node.
        right: usize,
    },
}

/// How the features of a class are distributed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// The share of the class, more than 0 and at most 1.
    pub prior: f64,
    /// One for each feature.
    pub means: Vec<f64>,
    /// One for each feature, more than 0.
    pub variances: Vec<f64>,
}

/// What a support vector machine sums up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Support {
    /// f(x) = coefficients · x.
    Hyperplane(Vec<f64>),
    /// f(x) = Σ weight · kernel(vector, x).
    Vectors {
        /// How alike two rows are.
        kernel: Kernel,
        /// For each one number for each feature.
        vectors: Vec<Vec<f64>>,
        /// One for each vector.
        weights: Vec<f64>,
    },
}

/// How alike two rows are to a support vector machine.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Kernel {
    /// v · x.
    Linear,
    /// exp(-|v - x|² / width).
    Gaussian {
        /// Not 0.
        width: f64,
    },
    /// (v · x + constant) to the power of degree.
    Polynomial {
        /// Added to the product.
        constant: f64,
        /// The exponent.
        degree: f64,
    },
}

impl Parameters {
    /// The name of the kind, as files have it.
    pub fn kind(&self) -> &'static str {
        match self {
            Parameters::LinearRegression { .. } => "linear_regression",
            Parameters::ElasticNet { .. } => "elastic_net",
            Parameters::LogisticRegression { .. } => "logistic_regression",
            Parameters::MultinomialLogisticRegression { .. } => "multinomial_logistic_regression",
            Parameters::DecisionTree { .. } => "decision_tree",
            Parameters::KMeans { .. } => "k_means",
            Parameters::GaussianNaiveBayes { .. } => "gaussian_naive_bayes",
            Parameters::SvmClassification { .. } => "svm_classification",
            Parameters::SvmProbability { .. } => "svm_probability",
            Parameters::SvmRegression { .. } => "svm_regression",
        }
    }

    /// The labels of a classifier that names them.
    pub fn labels(&self) -> Option<&Labels> {
        match self {
            Parameters::LogisticRegression { labels, .. }
            | Parameters::MultinomialLogisticRegression { labels, .. }
            | Parameters::DecisionTree { labels, .. }
            | Parameters::GaussianNaiveBayes { labels, .. }
            | Parameters::SvmClassification { labels, .. } => Some(labels),
            Parameters::LinearRegression { .. }
            | Parameters::ElasticNet { .. }
            | Parameters::KMeans { .. }
            | Parameters::SvmProbability { .. }
            | Parameters::SvmRegression { .. } => None,
        }
    }
}
