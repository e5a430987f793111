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

/// The layout of a folder.
///
/// # Errors
/// What in it is not understood, without a full stop.
pub(super) fn find(folder: &ModelFolder) -> Result<Layout, String> {
    if !takes_texts(&folder.signature) {
        return Err("the signature is not of one input of texts without params".to_owned());
    }
    let flavors = &folder.mlmodel.flavors;
    if let Some(pyfunc) = flavors.get("python_function") {
        let is_set = |value: &Value| !value.is_null() && value.as_object().is_none_or(|all| !all.is_empty());
        if pyfunc.get("model_config").is_some_and(is_set) {
            return Err("it has a 'model_config', which is Python's".to_owned());
        }
    }
    if flavors.contains_key("sentence_transformers") {
        return sentence_transformer(&folder.path.join("model.sentence_transformer"));
    }
    let Some(flavor) = flavors.get("transformers") else {
        return Err("it is no encoder of texts".to_owned());
    };
    let task = flavor.get("task").and_then(Value::as_str).unwrap_or_default();
    let is_plain = ["peft_adaptor", "prompt_template", "local_base_model_path"]
        .iter()
        .all(|field| flavor.get(*field).is_none_or(Value::is_null));
    if !is_plain || !matches!(task, "text-classification" | "sentiment-analysis") {
        return Err(format!("the task '{task}', an adaptor or a prompt is not known here"));
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

fn sentence_transformer(dir: &Path) -> Result<Layout, String> {
    let modules = read(&dir.join("modules.json"))?;
    let part = |module: &'_ Value| {
        let kind = module.get("type")?.as_str()?.rsplit('.').next()?.to_owned();
        Some((kind, module.get("path")?.as_str()?.to_owned()))
    };
    let modules: Option<Vec<(String, String)>> =
        modules.as_array().and_then(|modules| modules.iter().map(part).collect());
    let modules = modules.ok_or("modules.json is no list of modules")?;
    let modules: Vec<(&str, &str)> =
        modules.iter().map(|(kind, path)| (kind.as_str(), path.as_str())).collect();
    let (place, pooling, normalize) = match modules[..] {
        [("Transformer", place), ("Pooling", pooling)] => (place, pooling, false),
        [("Transformer", place), ("Pooling", pooling), ("Normalize", _)] => (place, pooling, true),
        _ => return Err("modules.json has other modules than Transformer, Pooling and Normalize".to_owned()),
    };
    if !is_plain_name(pooling) || !(place.is_empty() || is_plain_name(place)) {
        return Err("modules.json names folders that are not beside it".to_owned());
    }
    if has_default_prompt(dir) {
        return Err("it puts a prompt before texts".to_owned());
    }
    let model_dir = dir.join(place);
    let config = Config::read(&read(&model_dir.join("config.json"))?);
    let config = config.map_err(|reason| format!("config.json: {reason}"))?;
    let pooling = read_pooling(&read(&dir.join(pooling).join("config.json"))?)
        .ok_or("it pools tokens otherwise than by the first, the mean or the largest")?;
    let (max_tokens, lower_case) = limits(&model_dir, &config).ok_or("it takes no tokens")?;
    let tokenizer = existing(model_dir.join("tokenizer.json")).ok_or("there is no tokenizer.json")?;
    let task = Task::Embed(Embedding { pooling, normalize, max_tokens, lower_case });
    has_weights(&model_dir)?;
    Ok(Layout { model_dir, tokenizer, config, task })
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

fn classifier(path: &Path) -> Result<Layout, String> {
    let model_dir = path.join("model");
    let settings = read(&model_dir.join("config.json"))?;
    let wrong = |reason: &str| format!("config.json: {reason}");
    let config = Config::read(&settings).map_err(|reason| wrong(&reason))?;
    let architecture = settings.get("architectures").and_then(|all| all.get(0)).and_then(Value::as_str);
    if !architecture.is_some_and(|name| name.ends_with("ForSequenceClassification")) {
        return Err(wrong("'architectures' is of no classifier of texts"));
    }
    if settings.get("function_to_apply").is_some() {
        return Err(wrong("'function_to_apply' is not known here"));
    }
    let labels = settings.get("id2label").and_then(labels);
    let labels = labels.ok_or_else(|| wrong("'id2label' does not name labels by position"))?;
    let activation = match settings.get("problem_type").and_then(Value::as_str) {
        Some("regression") => Activation::None,
        Some("multi_label_classification") => Activation::Sigmoid,
        Some("single_label_classification") | None if labels.len() == 1 => Activation::Sigmoid,
        Some("single_label_classification") | None => Activation::Softmax,
        Some(other) => return Err(wrong(&format!("'problem_type' is '{other}', which is not known here"))),
    };
    let tokenizer = existing(path.join("components/tokenizer/tokenizer.json"))
        .or_else(|| existing(model_dir.join("tokenizer.json")))
        .ok_or("there is no tokenizer.json")?;
    let task = Task::Classify(Classes { labels, activation });
    has_weights(&model_dir)?;
    Ok(Layout { model_dir, tokenizer, config, task })
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

/// Reads a JSON file that has to be there.
fn read(path: &Path) -> Result<Value, String> {
    let name = path.file_name().unwrap_or_default().display();
    settings(path).ok_or_else(|| format!("{name} is missing or no JSON"))
}

fn existing(path: PathBuf) -> Option<PathBuf> {
    path.is_file().then_some(path)
}

fn has_weights(dir: &Path) -> Result<(), String> {
    let is_there = [super::weights::FILE, super::weights::INDEX].iter().any(|name| dir.join(name).is_file());
    is_there.then_some(()).ok_or_else(|| format!("there is no {}", super::weights::FILE))
}

/// Whether a name is that of a file or folder right there.
pub(super) fn is_plain_name(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    matches!((parts.next(), parts.next()), (Some(std::path::Component::Normal(_)), None))
}
