//! What a `config.json` says about an encoder.

use serde_json::Value;

/// Most layers, heads, or tokens at once: far beyond any encoder, and small enough to count with.
const MAX_COUNT: u64 = 1 << 20;

/// The families, which differ in names of tensors and in how they count positions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Family {
    Bert,
    /// Also `XLM-RoBERTa` and `CamemBERT`.
    Roberta,
    DistilBert,
}

/// The shape of an encoder.
#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) family: Family,
    pub(super) n_layers: usize,
    pub(super) n_heads: usize,
    pub(super) hidden_size: usize,
    pub(super) curve: Curve,
    pub(super) layer_norm_eps: f64,
    /// The most tokens of a text.
    pub(super) max_tokens: usize,
    /// The position of the first token.
    pub(super) first_position: usize,
    /// What stands behind short texts.
    pub(super) pad_id: u32,
}

/// What stands between the two halves of a layer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Curve {
    /// By the error function.
    Gelu,
    /// By the hyperbolic tangent, which is almost the same.
    AlmostGelu,
    /// Nothing below 0.
    Relu,
}

impl Config {
    /// The shape that a `config.json` tells; none where it is of a model that is not known here.
    pub(super) fn read(settings: &Value) -> Option<Self> {
        let family = match settings.get("model_type")?.as_str()? {
            "bert" => Family::Bert,
            "roberta" | "xlm-roberta" | "camembert" => Family::Roberta,
            "distilbert" => Family::DistilBert,
            _ => return None,
        };
        let names = match family {
            Family::Bert | Family::Roberta => {
                ["num_hidden_layers", "num_attention_heads", "hidden_size", "hidden_act"]
            }
            Family::DistilBert => ["n_layers", "n_heads", "dim", "activation"],
        };
        let count = |name: &str| {
            let number = settings.get(name)?.as_u64().filter(|number| (1..=MAX_COUNT).contains(number))?;
            usize::try_from(number).ok()
        };
        let positions = settings.get("position_embedding_type").and_then(Value::as_str).unwrap_or("absolute");
        if positions != "absolute" || settings.get("is_decoder").and_then(Value::as_bool) == Some(true) {
            return None;
        }
        let pad_id = settings.get("pad_token_id").and_then(Value::as_u64).unwrap_or(0);
        // RoBERTa counts positions from behind that of the padding.
        let first_position = if family == Family::Roberta { usize::try_from(pad_id).ok()? + 1 } else { 0 };
        let config = Config {
            family,
            n_layers: count(names[0])?,
            n_heads: count(names[1])?,
            hidden_size: count(names[2])?,
            curve: curve(settings.get(names[3])?.as_str()?)?,
            layer_norm_eps: settings.get("layer_norm_eps").and_then(Value::as_f64).unwrap_or(1e-12),
            max_tokens: count("max_position_embeddings")?.checked_sub(first_position)?,
            first_position,
            pad_id: u32::try_from(pad_id).ok()?,
        };
        let fits = config.hidden_size.is_multiple_of(config.n_heads) && config.max_tokens > 0;
        fits.then_some(config)
    }
}

fn curve(name: &str) -> Option<Curve> {
    match name {
        "gelu" => Some(Curve::Gelu),
        "gelu_new" | "gelu_pytorch_tanh" => Some(Curve::AlmostGelu),
        "relu" => Some(Curve::Relu),
        _ => None,
    }
}
