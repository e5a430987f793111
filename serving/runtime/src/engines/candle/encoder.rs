//! The encoder itself: embeddings, then layers of attention and of two linear maps, each followed by a layer norm.
//!
//! Families differ in the names of their tensors alone, so one computation serves all.

use candle_core::{Device, Module as _, Result, Tensor};
use candle_nn::ops::softmax_last_dim;
use candle_nn::{Embedding, LayerNorm, Linear};

use super::config::{Config, Curve, Family};
use super::failed;
use super::tokens::Group;
use super::weights::Tensors;
use crate::engines::EngineError;
use crate::engines::cancellation::Cancellation;

/// An encoder with its weights.
pub(super) struct Encoder {
    words: Embedding,
    positions: Embedding,
    /// None in a family that has no kinds of segments.
    segments: Option<Embedding>,
    norm: LayerNorm,
    layers: Vec<Layer>,
    config: Config,
    device: Device,
}

struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    attention_output: Linear,
    attention_norm: LayerNorm,
    up: Linear,
    down: Linear,
    norm: LayerNorm,
}

/// Where a family keeps the parts of a layer: query, key, value, output, its norm, up, down, the last norm.
type Names = [&'static str; 8];

const BERT: Names = [
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "attention.output.LayerNorm",
    "intermediate.dense",
    "output.dense",
    "output.LayerNorm",
];

const DISTILBERT: Names = [
    "attention.q_lin",
    "attention.k_lin",
    "attention.v_lin",
    "attention.out_lin",
    "sa_layer_norm",
    "ffn.lin1",
    "ffn.lin2",
    "output_layer_norm",
];

impl Encoder {
    /// Takes its weights out of a model's.
    pub(super) fn read(config: &Config, tensors: &Tensors) -> Result<Self> {
        let (prefix, layers, names) = match config.family {
            Family::Bert => ("bert", "encoder.layer", BERT),
            Family::Roberta => ("roberta", "encoder.layer", BERT),
            Family::DistilBert => ("distilbert", "transformer.layer", DISTILBERT),
        };
        let tensors = tensors.of_encoder(prefix);
        let (size, eps) = (config.hidden_size, config.layer_norm_eps);
        let n_positions = config.max_tokens + config.first_position;
        let layer = |number| Layer::read(config, &tensors, &format!("{layers}.{number}"), names);
        let words = tensors.embedding("embeddings.word_embeddings", size, 1)?;
        let segments = || tensors.embedding("embeddings.token_type_embeddings", size, 1);
        Ok(Encoder {
            device: words.embeddings().device().clone(),
            words,
            positions: tensors.embedding("embeddings.position_embeddings", size, n_positions)?,
            segments: (config.family != Family::DistilBert).then(segments).transpose()?,
            norm: tensors.layer_norm("embeddings.LayerNorm", size, eps)?,
            layers: (0..config.n_layers).map(layer).collect::<Result<_>>()?,
            config: config.clone(),
        })
    }

    /// The vectors of all tokens: texts, tokens, numbers. It ends between layers when it is cancelled.
    pub(super) fn forward(
        &self,
        group: &Group,
        cancellation: &Cancellation,
    ) -> std::result::Result<Tensor, EngineError> {
        let mask = self.mask(group).map_err(|error| failed(&error))?;
        let mut hidden = self.embed(group).map_err(|error| failed(&error))?;
        for layer in &self.layers {
            cancellation.check()?;
            hidden = layer.forward(&hidden, mask.as_ref(), &self.config).map_err(|error| failed(&error))?;
        }
        Ok(hidden)
    }

    fn mask(&self, group: &Group) -> Result<Option<Tensor>> {
        let shape = (group.n_texts(), 1, 1, group.n_tokens);
        group.mask().map(|mask| Tensor::from_vec(mask, shape, &self.device)).transpose()
    }

    fn embed(&self, group: &Group) -> Result<Tensor> {
        let ids = Tensor::from_slice(&group.ids, (group.n_texts(), group.n_tokens), &self.device)?;
        let positions = self.positions.embeddings().narrow(0, self.config.first_position, group.n_tokens)?;
        let mut sum = self.words.forward(&ids)?.broadcast_add(&positions)?;
        if let Some(segments) = &self.segments {
            // A single text is all of the first segment.
            sum = sum.broadcast_add(&segments.embeddings().narrow(0, 0, 1)?)?;
        }
        self.norm.forward(&sum)
    }
}

impl Layer {
    fn read(config: &Config, tensors: &Tensors, prefix: &str, names: Names) -> Result<Self> {
        let (size, eps) = (config.hidden_size, config.layer_norm_eps);
        let name = |part: usize| format!("{prefix}.{}", names[part]);
        let square = |part| tensors.linear_to(&name(part), size, size);
        let up = tensors.linear(&name(5), size)?;
        let inner_size = up.weight().dim(0)?;
        Ok(Layer {
            query: square(0)?,
            key: square(1)?,
            value: square(2)?,
            attention_output: square(3)?,
            attention_norm: tensors.layer_norm(&name(4), size, eps)?,
            up,
            down: tensors.linear_to(&name(6), inner_size, size)?,
            norm: tensors.layer_norm(&name(7), size, eps)?,
        })
    }

    fn forward(&self, hidden: &Tensor, mask: Option<&Tensor>, config: &Config) -> Result<Tensor> {
        let attended = self.attention_output.forward(&self.attend(hidden, mask, config)?)?;
        let hidden = self.attention_norm.forward(&(attended + hidden)?)?;
        let inner = self.up.forward(&hidden)?;
        let inner = match config.curve {
            Curve::Gelu => inner.gelu_erf()?,
            Curve::AlmostGelu => inner.gelu()?,
            Curve::Relu => inner.relu()?,
        };
        self.norm.forward(&(self.down.forward(&inner)? + hidden)?)
    }

    fn attend(&self, hidden: &Tensor, mask: Option<&Tensor>, config: &Config) -> Result<Tensor> {
        let (n_texts, n_tokens, size) = hidden.dims3()?;
        let head_size = size / config.n_heads;
        let split = |tensor: Tensor| {
            tensor.reshape((n_texts, n_tokens, config.n_heads, head_size))?.transpose(1, 2)?.contiguous()
        };
        #[expect(clippy::cast_precision_loss, reason = "heads are some dozens of numbers wide")]
        let scale = 1.0 / (head_size as f64).sqrt();
        let query = split((self.query.forward(hidden)? * scale)?)?;
        let key = split(self.key.forward(hidden)?)?;
        let value = split(self.value.forward(hidden)?)?;
        let mut scores = query.matmul(&key.t()?)?;
        if let Some(mask) = mask {
            scores = scores.broadcast_add(mask)?;
        }
        let sum = softmax_last_dim(&scores)?.matmul(&value)?;
        sum.transpose(1, 2)?.reshape((n_texts, n_tokens, size))
    }
}
