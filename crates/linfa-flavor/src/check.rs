//! Whether parameters fit together, so that scoring can rely on it.

use crate::labels::Labels;
use crate::model::ModelError;
use crate::parameters::{Class, Kernel, Node, Parameters, Support};

/// How many features a row has, once everything fits together.
pub(crate) fn n_features(parameters: &Parameters) -> Result<usize, ModelError> {
    match parameters {
        Parameters::LinearRegression { coefficients, intercept }
        | Parameters::ElasticNet { coefficients, intercept } => linear(coefficients, *intercept),
        Parameters::LogisticRegression { coefficients, intercept, threshold, labels } => {
            two(labels)?;
            require("threshold", (0.0..=1.0).contains(threshold), "is not between 0 and 1")?;
            linear(coefficients, *intercept)
        }
        Parameters::MultinomialLogisticRegression { coefficients, intercepts, labels } => {
            same_length("coefficients", coefficients.len(), labels)?;
            same_length("intercepts", intercepts.len(), labels)?;
            finite("intercepts", intercepts)?;
            rows("coefficients", coefficients)
        }
        Parameters::DecisionTree { n_features, nodes, labels } => tree(*n_features, nodes, labels),
        Parameters::KMeans { centroids } => rows("centroids", centroids),
        Parameters::GaussianNaiveBayes { classes, labels } => {
            same_length("classes", classes.len(), labels)?;
            gaussian(classes)
        }
        Parameters::SvmClassification { support: sum, rho, labels } => {
            two(labels)?;
            finite("rho", &[*rho])?;
            support(sum)
        }
        Parameters::SvmProbability { support: sum, rho, a, b } => {
            finite("rho", &[*rho])?;
            finite("a", &[*a])?;
            finite("b", &[*b])?;
            support(sum)
        }
        Parameters::SvmRegression { support: sum, rho } => {
            finite("rho", &[*rho])?;
            support(sum)
        }
    }
}

fn linear(coefficients: &[f64], intercept: f64) -> Result<usize, ModelError> {
    finite("intercept", &[intercept])?;
    require("coefficients", !coefficients.is_empty(), "is empty")?;
    finite("coefficients", coefficients)?;
    Ok(coefficients.len())
}

fn tree(n_features: usize, nodes: &[Node], labels: &Labels) -> Result<usize, ModelError> {
    require("n_features", n_features > 0, "is 0")?;
    require("nodes", !nodes.is_empty(), "is empty")?;
    require("labels", !labels.is_empty(), "is empty")?;
    for (position, node) in nodes.iter().enumerate() {
        let field = |name: &str| format!("nodes[{position}].{name}");
        match *node {
            Node::Leaf(label) => {
                require(&field("leaf"), label < labels.len(), "is the position of no label")?;
            }
            Node::Split { feature, below, left, right } => {
                require(&field("split.feature"), feature < n_features, "is the position of no feature")?;
                require(&field("split.below"), below.is_finite(), "is no finite number")?;
                // A child that stands behind its parent cannot lead back to it.
                for (side, child) in [("split.left", left), ("split.right", right)] {
                    let fits = child > position && child < nodes.len();
                    require(&field(side), fits, "is not the position of a later node")?;
                }
            }
        }
    }
    Ok(n_features)
}

fn gaussian(classes: &[Class]) -> Result<usize, ModelError> {
    let n_features = classes.first().map_or(0, |class| class.means.len());
    require("classes[0].means", n_features > 0, "is empty")?;
    for (position, class) in classes.iter().enumerate() {
        let field = |name: &str| format!("classes[{position}].{name}");
        let is_share = class.prior > 0.0 && class.prior <= 1.0;
        require(&field("prior"), is_share, "is not more than 0 and at most 1")?;
        for (name, numbers) in [("means", &class.means), ("variances", &class.variances)] {
            let fits = numbers.len() == n_features;
            require(&field(name), fits, &format!("has not {n_features} numbers"))?;
            finite(&field(name), numbers)?;
        }
        let are_positive = class.variances.iter().all(|variance| *variance > 0.0);
        require(&field("variances"), are_positive, "has a number that is not more than 0")?;
    }
    Ok(n_features)
}

fn support(support: &Support) -> Result<usize, ModelError> {
    let (kernel, vectors, weights) = match support {
        Support::Hyperplane(coefficients) => {
            require("support.hyperplane", !coefficients.is_empty(), "is empty")?;
            finite("support.hyperplane", coefficients)?;
            return Ok(coefficients.len());
        }
        Support::Vectors { kernel, vectors, weights } => (kernel, vectors, weights),
    };
    match *kernel {
        Kernel::Linear => {}
        Kernel::Gaussian { width } => {
            let fits = width.is_finite() && width != 0.0;
            require("support.vectors.kernel.gaussian.width", fits, "is 0 or not finite")?;
        }
        Kernel::Polynomial { constant, degree } => {
            finite("support.vectors.kernel.polynomial", &[constant, degree])?;
        }
    }
    let fits = weights.len() == vectors.len();
    require("support.vectors.weights", fits, "has not one number for each of the vectors")?;
    finite("support.vectors.weights", weights)?;
    rows("support.vectors.vectors", vectors)
}

/// The common length of rows.
fn rows(field: &str, rows: &[Vec<f64>]) -> Result<usize, ModelError> {
    let n_features = rows.first().map_or(0, Vec::len);
    require(field, n_features > 0, "is empty")?;
    for (position, row) in rows.iter().enumerate() {
        let field = format!("{field}[{position}]");
        require(&field, row.len() == n_features, &format!("has not {n_features} numbers"))?;
        finite(&field, row)?;
    }
    Ok(n_features)
}

fn two(labels: &Labels) -> Result<(), ModelError> {
    require("labels", labels.len() == 2, "does not hold two labels")
}

fn same_length(field: &str, len: usize, labels: &Labels) -> Result<(), ModelError> {
    require("labels", !labels.is_empty(), "is empty")?;
    require(field, len == labels.len(), "has not one entry for each of the labels")
}

fn finite(field: &str, numbers: &[f64]) -> Result<(), ModelError> {
    require(field, numbers.iter().all(|number| number.is_finite()), "is not all of finite numbers")
}

fn require(field: &str, is_so: bool, reason: &str) -> Result<(), ModelError> {
    if is_so {
        return Ok(());
    }
    Err(ModelError { field: format!("parameters.{field}"), reason: reason.to_owned() })
}
