//! The parameters of linfa's own models, fitted in double precision.
//!
//! What linfa shows by methods is read from there. The threshold of a logistic regression, the classes of a naive Bayes
//! and the sum of a support vector machine show only in its serialised form, which is read back into types of our own.

use std::collections::{BTreeMap, VecDeque};
use std::hash::Hash;
use std::str::FromStr;

use linfa::dataset::Pr;
use linfa_bayes::GaussianNb;
use linfa_clustering::KMeans;
use linfa_elasticnet::ElasticNet;
use linfa_linear::FittedLinearRegression;
use linfa_logistic::{FittedLogisticRegression, MultiFittedLogisticRegression};
use linfa_nn::distance::L2Dist;
use linfa_svm::Svm;
use linfa_trees::{DecisionTree, TreeNode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::labels::{Label, Labels};
use crate::parameters::{Class, Kernel, Node, Parameters, Support};

/// Weights of support vectors up to this count as 0 in linfa.
const NO_WEIGHT: f64 = 100.0 * f64::EPSILON;

/// A model that linfa fitted.
pub trait Fitted {
    /// What was learnt.
    ///
    /// # Errors
    /// For labels beyond 64 bits, and for numbers that are not finite.
    fn to_parameters(&self) -> Result<Parameters, UnfitError>;
}

/// Why a fitted model cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnfitError {
    /// Labels are kept in 64 bits with a sign.
    #[error("a label is not within the whole numbers of 64 bits")]
    Label,
    /// It holds something that no file can: NaN, or parts that do not belong together.
    #[error("the model is not as linfa should have made it: {0}")]
    Content(String),
}

impl Fitted for FittedLinearRegression<f64> {
    fn to_parameters(&self) -> Result<Parameters, UnfitError> {
        Ok(Parameters::LinearRegression { coefficients: self.params().to_vec(), intercept: self.intercept() })
    }
}

impl Fitted for ElasticNet<f64> {
    fn to_parameters(&self) -> Result<Parameters, UnfitError> {
        Ok(Parameters::ElasticNet { coefficients: self.hyperplane().to_vec(), intercept: self.intercept() })
    }
}

impl<C: Label + PartialOrd + Serialize> Fitted for FittedLogisticRegression<f64, C> {
    fn to_parameters(&self) -> Result<Parameters, UnfitError> {
        #[derive(Deserialize)]
        struct Serialised {
            threshold: f64,
        }
        let Serialised { threshold } = serialised(self)?;
        let (negative, positive) = (&self.labels().neg.class, &self.labels().pos.class);
        Ok(Parameters::LogisticRegression {
            coefficients: self.params().to_vec(),
            intercept: self.intercept(),
            threshold,
            labels: labels(&[negative.clone(), positive.clone()])?,
        })
    }
}

impl<C: Label + PartialOrd> Fitted for MultiFittedLogisticRegression<f64, C> {
    fn to_parameters(&self) -> Result<Parameters, UnfitError> {
        Ok(Parameters::MultinomialLogisticRegression {
            coefficients: self.params().columns().into_iter().map(|column| column.to_vec()).collect(),
            intercepts: self.intercept().to_vec(),
            labels: labels(self.classes())?,
        })
    }
}

impl<L: Label + linfa::Label> Fitted for DecisionTree<f64, L> {
    fn to_parameters(&self) -> Result<Parameters, UnfitError> {
        let mut known: Vec<L> = self.iter_nodes().filter_map(TreeNode::prediction).collect();
        known.sort_unstable();
        known.dedup();
        Ok(Parameters::DecisionTree {
            // There is one importance for each feature.
            n_features: self.feature_importance().len(),
            nodes: nodes(self.root_node(), &known)?,
            labels: labels(&known)?,
        })
    }
}

impl Fitted for KMeans<f64, L2Dist> {
    fn to_parameters(&self) -> Result<Parameters, UnfitError> {
        Ok(Parameters::KMeans {
            centroids: self.centroids().rows().into_iter().map(|row| row.to_vec()).collect(),
        })
    }
}

impl<L: Label + FromStr + Ord + Hash + Serialize> Fitted for GaussianNb<f64, L> {
    fn to_parameters(&self) -> Result<Parameters, UnfitError> {
        #[derive(Deserialize)]
        struct Serialised {
            class_info: BTreeMap<String, Info>,
        }
        #[derive(Deserialize)]
        struct Info {
            prior: f64,
            theta: Matrix,
            sigma: Matrix,
        }
        let Serialised { class_info } = serialised(self)?;
        let mut infos = BTreeMap::new();
        for (label, info) in class_info {
            infos
                .insert(label.parse::<L>().map_err(|_| UnfitError::Content(format!("label {label}")))?, info);
        }
        let known: Vec<L> = infos.keys().cloned().collect();
        let class =
            |info: Info| Class { prior: info.prior, means: info.theta.data, variances: info.sigma.data };
        Ok(Parameters::GaussianNaiveBayes {
            classes: infos.into_values().map(class).collect(),
            labels: labels(&known)?,
        })
    }
}

impl Fitted for Svm<f64, bool> {
    fn to_parameters(&self) -> Result<Parameters, UnfitError> {
        let SerialisedSvm { rho, .. } = serialised(self)?;
        let labels = Labels::Booleans(vec![false, true]);
        Ok(Parameters::SvmClassification { support: support(self)?, rho, labels })
    }
}

impl Fitted for Svm<f64, Pr> {
    fn to_parameters(&self) -> Result<Parameters, UnfitError> {
        let SerialisedSvm { rho, probability_coeffs, .. } = serialised(self)?;
        let (a, b) = probability_coeffs.ok_or_else(|| UnfitError::Content("no coefficients".to_owned()))?;
        Ok(Parameters::SvmProbability { support: support(self)?, rho, a, b })
    }
}

impl Fitted for Svm<f64, f64> {
    fn to_parameters(&self) -> Result<Parameters, UnfitError> {
        let SerialisedSvm { rho, .. } = serialised(self)?;
        Ok(Parameters::SvmRegression { support: support(self)?, rho })
    }
}

/// How linfa serialises arrays: all numbers, the last dimension next to each other.
#[derive(Deserialize)]
struct Matrix {
    dim: Vec<usize>,
    data: Vec<f64>,
}

#[derive(Deserialize)]
struct SerialisedSvm {
    alpha: Vec<f64>,
    rho: f64,
    kernel_method: SerialisedKernel,
    sep_hyperplane: SerialisedHyperplane,
    probability_coeffs: Option<(f64, f64)>,
}

#[derive(Deserialize)]
enum SerialisedKernel {
    Gaussian(f64),
    Linear,
    Polynomial(f64, f64),
}

#[derive(Deserialize)]
enum SerialisedHyperplane {
    Linear(Matrix),
    WeightedCombination(Matrix),
}

fn support<T>(svm: &Svm<f64, T>) -> Result<Support, UnfitError>
where
    Svm<f64, T>: Serialize,
{
    let SerialisedSvm { alpha, kernel_method, sep_hyperplane, .. } = serialised(svm)?;
    let vectors = match sep_hyperplane {
        SerialisedHyperplane::Linear(coefficients) => return Ok(Support::Hyperplane(coefficients.data)),
        SerialisedHyperplane::WeightedCombination(vectors) => vectors,
    };
    let kernel = match kernel_method {
        SerialisedKernel::Gaussian(width) => Kernel::Gaussian { width },
        SerialisedKernel::Linear => Kernel::Linear,
        SerialisedKernel::Polynomial(constant, degree) => Kernel::Polynomial { constant, degree },
    };
    let weights: Vec<f64> = alpha.into_iter().filter(|weight| weight.abs() > NO_WEIGHT).collect();
    let n_features = vectors.dim.last().copied().filter(|n_features| *n_features > 0);
    let n_features = n_features.ok_or_else(|| UnfitError::Content("no features".to_owned()))?;
    // linfa pairs vectors with weights as far as both go.
    let vectors = vectors.data.chunks_exact(n_features).take(weights.len()).map(<[f64]>::to_vec);
    let vectors: Vec<_> = vectors.collect();
    let weights = weights[..vectors.len()].to_vec();
    Ok(Support::Vectors { kernel, vectors, weights })
}

/// The nodes of a tree level by level, so that children stand behind their parents.
fn nodes<L: Label + linfa::Label>(root: &TreeNode<f64, L>, labels: &[L]) -> Result<Vec<Node>, UnfitError> {
    let mut nodes = Vec::new();
    let mut waiting = VecDeque::from([root]);
    while let Some(node) = waiting.pop_front() {
        if let Some(label) = node.prediction() {
            // The labels are those of the leaves.
            nodes.push(Node::Leaf(labels.binary_search(&label).unwrap_or_default()));
            continue;
        }
        let [Some(left), Some(right)] = node.children()[..] else {
            return Err(UnfitError::Content("a split without two children".to_owned()));
        };
        let first = nodes.len() + 1 + waiting.len();
        let (feature, below, _) = node.split();
        nodes.push(Node::Split { feature, below, left: first, right: first + 1 });
        waiting.extend([left.as_ref(), right.as_ref()]);
    }
    Ok(nodes)
}

fn labels<L: Label>(all: &[L]) -> Result<Labels, UnfitError> {
    L::labels(all).ok_or(UnfitError::Label)
}

fn serialised<T: DeserializeOwned>(model: &impl Serialize) -> Result<T, UnfitError> {
    let value = serde_json::to_value(model).and_then(serde_json::from_value);
    value.map_err(|error| UnfitError::Content(error.to_string()))
}
