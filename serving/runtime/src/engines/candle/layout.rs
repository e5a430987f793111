//! Where MLflow's flavors keep what: the folder of the weights, the tokenizer, and how token vectors become an answer.
//!
//! A layout is found only where every setting that changes the answer is understood.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::config::Config;
use crate::model::folder::ModelFolder;
use crate::model::signature::{ColumnType, Inputs, Signature};

/// Longest file of settings, in bytes.
const MAX_SETTINGS_LEN: u64 = 4 * 1024 * 1024;

/// A folder that is understood.
pub(super) struct Layout {
    /// With `config.json` and the weights.
    pub(super) model_dir: PathBuf,
    /// A `tokenizer.json`.
    pub(super) tokenizer: PathBuf,
    /// Of the encoder.
    pub(super) config: Config,
    /// What is made of texts.
    pub(super) task: Task,
}

/// What is made of texts.
pub(super) enum Task {
    /// A vector for each.
    Embed(Embedding),
    /// A class for each.
    Classify(Classes),
}

/// How token vectors become one.
pub(super) struct Embedding {
    pub(super) pooling: Pooling,
    /// Whether vectors are scaled to the length 1.
    pub(super) normalize: bool,
    /// Texts are cut after so many tokens.
    pub(super) max_tokens: usize,
    /// Whether texts are put in lower case before all else.
    pub(super) lower_case: bool,
}

/// Which token vectors count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Pooling {
    /// That of the first token.
    First,
    /// The mean of all.
    Mean,
    /// The largest of each component.
    Max,
}

/// The classes of a classifier.
pub(super) struct Classes {
    /// By position.
    pub(super) labels: Vec<String>,
    pub(super) activation: Activation,
}

/// What makes scores of the last layer's numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Activation {
    /// They are the scores.
    None,
    /// Each on its own.
    Sigmoid,
    /// All together.
    Softmax,
}

/// The layout of a folder; none where it holds anything that is not understood.
pub(super) fn find(folder: &ModelFolder) -> Option<Layout> {
    if !takes_texts(&folder.signature) {
        return None;
    }
    let flavors = &folder.mlmodel.flavors;
    if let Some(pyfunc) = flavors.get("python_function") {
        let is_set = |value: &Value| !value.is_null() && value.as_object().is_none_or(|all| !all.is_empty());
        if pyfunc.get("model_config").is_some_and(is_set) {
            return None;
        }
    }
    if flavors.contains_key("sentence_transformers") {
        return sentence_transformer(&folder.path.join("model.sentence_transformer"));
    }
    let flavor = flavors.get("transformers")?;
    let task = flavor.get("task")?.as_str()?;
    let is_plain = ["peft_adaptor", "prompt_template", "local_base_model_path"]
        .iter()
        .all(|field| flavor.get(*field).is_none_or(Value::is_null));
    if !is_plain || !matches!(task, "text-classification" | "sentiment-analysis") {
        return None;
    }
    classifier(&folder.path)
}

/// One input of texts, and no params. A column `input` is that of MLflow's imitation of a chat service.
fn takes_texts(signature: &Signature) -> bool {
    let takes = match &signature.inputs {
        Inputs::Untold => true,
        Inputs::Columns(columns) => match &columns[..] {
            [column] => column.column_type == ColumnType::String && column.name.as_deref() != Some("input"),
            _ => false,
        },
        Inputs::Tensors(tensors) => matches!(&tensors[..], [tensor] if tensor.dtype == crate::DType::Bytes),
    };
    takes && signature.params.is_empty()
}

fn sentence_transformer(dir: &Path) -> Option<Layout> {
    let modules = settings(&dir.join("modules.json"))?;
    let modules: Vec<(&str, &str)> = modules
        .as_array()?
        .iter()
        .map(|module| {
            let kind = module.get("type")?.as_str()?;
            Some((kind.rsplit('.').next()?, module.get("path")?.as_str()?))
        })
        .collect::<Option<_>>()?;
    let (place, pooling, normalize) = match modules[..] {
        [("Transformer", place), ("Pooling", pooling)] => (place, pooling, false),
        [("Transformer", place), ("Pooling", pooling), ("Normalize", _)] => (place, pooling, true),
        _ => return None,
    };
    if has_default_prompt(dir) || !is_plain_name(pooling) || !(place.is_empty() || is_plain_name(place)) {
        return None;
    }
    let model_dir = dir.join(place);
    let config = Config::read(&settings(&model_dir.join("config.json"))?)?;
    let pooling = read_pooling(&settings(&dir.join(pooling).join("config.json"))?)?;
    let (max_tokens, lower_case) = limits(&model_dir, &config)?;
    let tokenizer = existing(model_dir.join("tokenizer.json"))?;
    let task = Task::Embed(Embedding { pooling, normalize, max_tokens, lower_case });
    has_weights(&model_dir).then_some(Layout { model_dir, tokenizer, config, task })
}

/// Whether a prompt is put before texts when nobody asks for it.
fn has_default_prompt(dir: &Path) -> bool {
    let settings = settings(&dir.join("config_sentence_transformers.json"));
    settings.is_some_and(|settings| settings.get("default_prompt_name").is_some_and(|name| !name.is_null()))
}

/// How many tokens of a text count, and whether it is put in lower case.
fn limits(model_dir: &Path, config: &Config) -> Option<(usize, bool)> {
    let own = settings(&model_dir.join("sentence_bert_config.json")).unwrap_or_default();
    let of_tokenizer = settings(&model_dir.join("tokenizer_config.json")).unwrap_or_default();
    let number = |value: Option<&Value>| value.and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
    let told = number(own.get("max_seq_length")).or_else(|| number(of_tokenizer.get("model_max_length")));
    let max_tokens = told.unwrap_or(config.max_tokens).min(config.max_tokens);
    let lower_case = own.get("do_lower_case").and_then(Value::as_bool).unwrap_or(false);
    (max_tokens > 0).then_some((max_tokens, lower_case))
}

fn read_pooling(settings: &Value) -> Option<Pooling> {
    let by_name = |name: &str| match name {
        "cls" => Some(Pooling::First),
        "mean" => Some(Pooling::Mean),
        "max" => Some(Pooling::Max),
        _ => None,
    };
    if let Some(name) = settings.get("pooling_mode").and_then(Value::as_str) {
        return by_name(name);
    }
    let prefix = "pooling_mode_";
    let mut set = settings
        .as_object()?
        .iter()
        .filter(|(field, value)| field.starts_with(prefix) && value.as_bool() == Some(true))
        .map(|(field, _)| field[prefix.len()..].trim_end_matches("_token").trim_end_matches("_tokens"));
    let pooling = by_name(set.next()?)?;
    // Several are put one behind the other, which nobody does.
    set.next().is_none().then_some(pooling)
}

fn classifier(path: &Path) -> Option<Layout> {
    let model_dir = path.join("model");
    let settings = settings(&model_dir.join("config.json"))?;
    let config = Config::read(&settings)?;
    let architecture = settings.get("architectures")?.as_array()?.first()?.as_str()?;
    if !architecture.ends_with("ForSequenceClassification") || settings.get("function_to_apply").is_some() {
        return None;
    }
    let labels = labels(settings.get("id2label")?)?;
    let activation = match settings.get("problem_type").and_then(Value::as_str) {
        Some("regression") => Activation::None,
        Some("multi_label_classification") => Activation::Sigmoid,
        Some("single_label_classification") | None if labels.len() == 1 => Activation::Sigmoid,
        Some("single_label_classification") | None => Activation::Softmax,
        Some(_) => return None,
    };
    let tokenizer = existing(path.join("components/tokenizer/tokenizer.json"))
        .or_else(|| existing(model_dir.join("tokenizer.json")))?;
    let task = Task::Classify(Classes { labels, activation });
    has_weights(&model_dir).then_some(Layout { model_dir, tokenizer, config, task })
}

/// The labels by position, from an object whose keys are the positions.
fn labels(id2label: &Value) -> Option<Vec<String>> {
    let id2label = id2label.as_object()?;
    let label = |position: usize| Some(id2label.get(&position.to_string())?.as_str()?.to_owned());
    let labels: Vec<String> = (0..id2label.len()).map(label).collect::<Option<_>>()?;
    (!labels.is_empty()).then_some(labels)
}

/// Reads a JSON file; none when it is missing, too long, or not JSON.
pub(super) fn settings(path: &Path) -> Option<Value> {
    let mut text = Vec::new();
    File::open(path).ok()?.take(MAX_SETTINGS_LEN).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

fn existing(path: PathBuf) -> Option<PathBuf> {
    path.is_file().then_some(path)
}

fn has_weights(dir: &Path) -> bool {
    dir.join(super::weights::FILE).is_file() || dir.join(super::weights::INDEX).is_file()
}

/// Whether a name is that of a file or folder right there.
pub(super) fn is_plain_name(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    matches!((parts.next(), parts.next()), (Some(std::path::Component::Normal(_)), None))
}
