//! What is made of the vectors of tokens: one vector for each text, or a class with its score.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use candle_core::{D, Module as _, Result, Tensor};
use candle_nn::Linear;
use candle_nn::ops::{sigmoid, softmax_last_dim};

use super::config::Family;
use super::layout::{Activation, Classes, Layout, Pooling, Task};
use super::tokens::Group;
use super::weights::Tensors;
use crate::engines::EngineError;
use crate::model::dtype::DType;
use crate::model::predictions::Predictions;
use crate::model::signature::TensorField;
use crate::model::tensor::{self, Elements};

/// Lengths of vectors below this count as this when vectors are scaled.
const MIN_LENGTH: f64 = 1e-12;

/// The last step of a model.
pub(super) enum Head {
    Embed { pooling: Pooling, normalize: bool, width: usize },
    Classify(Classifier),
}

/// Two linear maps of the first token's vector, and what stands between them.
pub(super) struct Classifier {
    inner: Linear,
    between: fn(&Tensor) -> Result<Tensor>,
    outer: Linear,
    labels: Vec<String>,
    activation: Activation,
}

/// Numbers of each text of a batch, which come in any order.
pub(super) struct Scored {
    width: usize,
    numbers: Vec<f32>,
}

impl Scored {
    /// Room for the numbers of all texts.
    pub(super) fn new(n_texts: usize, width: usize) -> Self {
        Scored { width, numbers: vec![0.0; n_texts * width] }
    }

    /// Puts the numbers of texts, one behind the other, to their rows.
    pub(super) fn put(&mut self, rows: &[usize], numbers: &[f32]) {
        for (row, numbers) in rows.iter().zip(numbers.chunks_exact(self.width)) {
            self.numbers[row * self.width..][..self.width].copy_from_slice(numbers);
        }
    }
}

impl Head {
    /// Takes its weights out of a model's.
    pub(super) fn read(layout: &Layout, tensors: &Tensors) -> Result<Self> {
        match &layout.task {
            Task::Embed(embedding) => Ok(Head::Embed {
                pooling: embedding.pooling,
                normalize: embedding.normalize,
                width: layout.config.hidden_size,
            }),
            Task::Classify(classes) => {
                let (family, size) = (layout.config.family, layout.config.hidden_size);
                Classifier::read(classes, family, size, tensors).map(Head::Classify)
            }
        }
    }

    /// Numbers that it makes of a text.
    pub(super) fn width(&self) -> usize {
        match self {
            Head::Embed { width, .. } => *width,
            Head::Classify(classifier) => classifier.labels.len(),
        }
    }

    /// The tensors that it gives.
    pub(super) fn outputs(&self) -> Vec<TensorField> {
        let field =
            |name: Option<&str>, dtype, shape| TensorField { name: name.map(str::to_owned), dtype, shape };
        match self {
            Head::Embed { width, .. } => vec![field(None, DType::Fp32, vec![None, Some(*width)])],
            Head::Classify(_) => vec![
                field(Some("label"), DType::Bytes, vec![None]),
                field(Some("score"), DType::Fp64, vec![None]),
            ],
        }
    }

    /// The numbers of the texts of a group, one behind the other.
    pub(super) fn apply(&self, hidden: &Tensor, group: &Group) -> Result<Vec<f32>> {
        let numbers = match self {
            Head::Embed { pooling, normalize, .. } => {
                let pooled = pool(*pooling, hidden, group)?;
                if *normalize { scaled(&pooled)? } else { pooled }
            }
            Head::Classify(classifier) => classifier.apply(&first(hidden)?)?,
        };
        numbers.flatten_all()?.to_vec1()
    }

    /// The answer to a batch.
    pub(super) fn predictions(&self, all: Scored) -> std::result::Result<Predictions, EngineError> {
        let failed = |reason: String| EngineError::Failed(reason);
        match self {
            Head::Embed { width, .. } => {
                let shape = vec![all.numbers.len() / width, *width];
                let tensor = tensor::Tensor::new(shape, Elements::Fp32(all.numbers));
                tensor.map(Predictions::Array).map_err(|error| failed(error.to_string()))
            }
            Head::Classify(classifier) => {
                let best = all.numbers.chunks_exact(all.width).map(best);
                let (classes, scores): (Vec<usize>, Vec<f64>) = best.unzip();
                let labels = classes.iter().map(|class| classifier.labels[*class].as_str());
                let labels: ArrayRef = Arc::new(StringArray::from_iter_values(labels));
                let scores: ArrayRef = Arc::new(Float64Array::from(scores));
                let frame = RecordBatch::try_from_iter([("label", labels), ("score", scores)]);
                frame.map(Predictions::Frame).map_err(|error| failed(error.to_string()))
            }
        }
    }
}

impl Classifier {
    fn read(classes: &Classes, family: Family, size: usize, tensors: &Tensors) -> Result<Self> {
        let tanh: fn(&Tensor) -> Result<Tensor> = Tensor::tanh;
        let (inner, between, outer) = match family {
            Family::Bert => ("bert.pooler.dense", tanh, "classifier"),
            Family::Roberta => ("classifier.dense", tanh, "classifier.out_proj"),
            Family::DistilBert => ("pre_classifier", Tensor::relu as _, "classifier"),
        };
        Ok(Classifier {
            inner: tensors.linear_to(inner, size, size)?,
            between,
            outer: tensors.linear_to(outer, size, classes.labels.len())?,
            labels: classes.labels.clone(),
            activation: classes.activation,
        })
    }

    fn apply(&self, first: &Tensor) -> Result<Tensor> {
        let inner = (self.between)(&self.inner.forward(first)?)?;
        let numbers = self.outer.forward(&inner)?;
        match self.activation {
            Activation::None => Ok(numbers),
            Activation::Sigmoid => sigmoid(&numbers),
            Activation::Softmax => softmax_last_dim(&numbers),
        }
    }
}

/// The class with the largest score, the first of equals.
fn best(scores: &[f32]) -> (usize, f64) {
    let mut best = (0, scores[0]);
    for (class, score) in scores.iter().enumerate() {
        if *score > best.1 {
            best = (class, *score);
        }
    }
    (best.0, f64::from(best.1))
}

/// The vectors of the first tokens.
fn first(hidden: &Tensor) -> Result<Tensor> {
    hidden.narrow(1, 0, 1)?.squeeze(1)?.contiguous()
}

fn pool(pooling: Pooling, hidden: &Tensor, group: &Group) -> Result<Tensor> {
    let shape = (group.n_texts(), group.n_tokens, 1);
    let of_tokens = |numbers: Vec<f32>| Tensor::from_vec(numbers, shape, hidden.device());
    match pooling {
        Pooling::First => first(hidden),
        Pooling::Mean => {
            let counts = of_tokens(group.of_tokens(|is_text| if is_text { 1.0 } else { 0.0 }))?;
            let sum = hidden.broadcast_mul(&counts)?.sum(1)?;
            sum.broadcast_div(&counts.sum(1)?)
        }
        Pooling::Max => {
            let least = of_tokens(group.of_tokens(|is_text| if is_text { 0.0 } else { f32::MIN }))?;
            hidden.broadcast_add(&least)?.max(1)
        }
    }
}

/// Vectors of the length 1.
fn scaled(vectors: &Tensor) -> Result<Tensor> {
    let lengths = vectors.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?;
    vectors.broadcast_div(&lengths.maximum(MIN_LENGTH)?)
}
