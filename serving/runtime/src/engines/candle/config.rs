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
    /// The shape that a `config.json` tells.
    ///
    /// # Errors
    /// Names the field of a model that is not known here.
    pub(super) fn read(settings: &Value) -> Result<Self, String> {
        let text = |name: &str| {
            settings
                .get(name)
                .and_then(Value::as_str)
                .ok_or_else(|| format!("'{name}' is missing or no text"))
        };
        let family = match text("model_type")? {
            "bert" => Family::Bert,
            "roberta" | "xlm-roberta" | "camembert" => Family::Roberta,
            "distilbert" => Family::DistilBert,
            other => return Err(format!("'model_type' is '{other}', which is not known here")),
        };
        let names = match family {
            Family::Bert | Family::Roberta => {
                ["num_hidden_layers", "num_attention_heads", "hidden_size", "hidden_act"]
            }
            Family::DistilBert => ["n_layers", "n_heads", "dim", "activation"],
        };
        let count = |name: &str| {
            let number = settings.get(name).and_then(Value::as_u64);
            let number = number.filter(|number| (1..=MAX_COUNT).contains(number));
            let number = number.and_then(|number| usize::try_from(number).ok());
            number.ok_or_else(|| format!("'{name}' is no number from 1 to {MAX_COUNT}"))
        };
        let positions = settings.get("position_embedding_type").and_then(Value::as_str).unwrap_or("absolute");
        if positions != "absolute" || settings.get("is_decoder").and_then(Value::as_bool) == Some(true) {
            return Err("it is a decoder, or its positions are not absolute".to_owned());
        }
        if settings.get("vocab_size").is_some() {
            // The weights tell it, too, and are what is used.
            count("vocab_size")?;
        }
        let pad_id = settings.get("pad_token_id").and_then(Value::as_u64).unwrap_or(0);
        let pad_id =
            u32::try_from(pad_id).map_err(|_| format!("'pad_token_id' is {pad_id}, which is no token"))?;
        // RoBERTa counts positions from behind that of the padding.
        let first_position = if family == Family::Roberta { pad_id as usize + 1 } else { 0 };
        let (hidden_size, n_heads) = (count(names[2])?, count(names[1])?);
        if !hidden_size.is_multiple_of(n_heads) {
            return Err(format!("'{}' is {hidden_size}, which is no multiple of {n_heads} heads", names[2]));
        }
        let max_tokens = count("max_position_embeddings")?.saturating_sub(first_position);
        if max_tokens == 0 {
            return Err("'max_position_embeddings' leaves no room for a token".to_owned());
        }
        Ok(Config {
            family,
            n_layers: count(names[0])?,
            n_heads,
            hidden_size,
            curve: curve(names[3], text(names[3])?)?,
            layer_norm_eps: layer_norm_eps(settings)?,
            max_tokens,
            first_position,
            pad_id,
        })
    }
}

fn layer_norm_eps(settings: &Value) -> Result<f64, String> {
    let Some(told) = settings.get("layer_norm_eps") else { return Ok(1e-12) };
    let number = told.as_f64().filter(|number| *number >= 0.0);
    number.ok_or_else(|| "'layer_norm_eps' is no number from 0 on".to_owned())
}

fn curve(field: &str, name: &str) -> Result<Curve, String> {
    match name {
        "gelu" => Ok(Curve::Gelu),
        "gelu_new" | "gelu_pytorch_tanh" => Ok(Curve::AlmostGelu),
        "relu" => Ok(Curve::Relu),
        other => Err(format!("'{field}' is '{other}', which is not known here")),
    }
}
