//! Small encoders with made-up weights: what does not depend on weights is checked here. The real `MiniLM` is compared
//! with onnxruntime where `FOREBAY_MINILM` names a folder that `tests/clients/minilm.py` wrote.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Float64Type;
use candle_core::{DType, Tensor as Values};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::model::tensor::{Elements, Tensor};

const SIZE: usize = 8;
const WORDS: [&str; 8] = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "lake", "river", "sea", "turbine"];

/// Numbers that look like weights, the same every time.
fn made_up(shape: &[usize], seed: usize) -> Values {
    let n_numbers = shape.iter().product();
    let numbers: Vec<f32> = (0..n_numbers)
        .map(|n: usize| {
            let mixed = (n * 31 + seed * 17 + 7) * 2_654_435_761 % 1_000;
            f32::from(u16::try_from(mixed).unwrap()) / 1_000.0 - 0.5
        })
        .collect();
    Values::from_vec(numbers, shape, &candle_core::Device::Cpu).unwrap()
}

struct Weights(HashMap<String, Values>);

impl Weights {
    fn add(&mut self, name: &str, shape: &[usize]) {
        let seed = self.0.len();
        self.0.insert(name.to_owned(), made_up(shape, seed));
    }

    fn linear(&mut self, name: &str, n_inputs: usize, n_outputs: usize) {
        self.add(&format!("{name}.weight"), &[n_outputs, n_inputs]);
        self.add(&format!("{name}.bias"), &[n_outputs]);
    }

    fn norm(&mut self, name: &str) {
        self.linear(name, 1, SIZE);
        self.0.insert(
            format!("{name}.weight"),
            Values::ones(SIZE, DType::F32, &candle_core::Device::Cpu).unwrap(),
        );
    }

    fn embeddings(&mut self, prefix: &str, tables: &[(&str, usize)]) {
        for (table, n_rows) in tables {
            self.add(&format!("{prefix}embeddings.{table}_embeddings.weight"), &[*n_rows, SIZE]);
        }
        self.norm(&format!("{prefix}embeddings.LayerNorm"));
    }
}

fn bert(prefix: &str, n_positions: usize) -> Weights {
    let mut weights = Weights(HashMap::new());
    weights.embeddings(prefix, &[("word", 8), ("position", n_positions), ("token_type", 2)]);
    for layer in 0..2 {
        let name = |part: &str| format!("{prefix}encoder.layer.{layer}.{part}");
        for part in
            ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"]
        {
            weights.linear(&name(part), SIZE, SIZE);
        }
        weights.norm(&name("attention.output.LayerNorm"));
        weights.linear(&name("intermediate.dense"), SIZE, 16);
        weights.linear(&name("output.dense"), 16, SIZE);
        weights.norm(&name("output.LayerNorm"));
    }
    weights
}

fn distilbert() -> Weights {
    let mut weights = Weights(HashMap::new());
    weights.embeddings("distilbert.", &[("word", 8), ("position", 16)]);
    let name = |part: &str| format!("distilbert.transformer.layer.0.{part}");
    for part in ["attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin"] {
        weights.linear(&name(part), SIZE, SIZE);
    }
    weights.norm(&name("sa_layer_norm"));
    weights.linear(&name("ffn.lin1"), SIZE, 16);
    weights.linear(&name("ffn.lin2"), 16, SIZE);
    weights.norm(&name("output_layer_norm"));
    weights.linear("pre_classifier", SIZE, SIZE);
    weights.linear("classifier", SIZE, 3);
    weights
}

fn bert_config() -> Value {
    json!({"model_type": "bert", "num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": SIZE,
        "hidden_act": "gelu", "max_position_embeddings": 16, "pad_token_id": 0})
}

fn tokenizer() -> Value {
    let vocab: HashMap<&str, usize> = WORDS.iter().enumerate().map(|(id, word)| (*word, id)).collect();
    json!({"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "decoder": null,
        "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]},
        "model": {"type": "WordLevel", "vocab": vocab, "unk_token": "[UNK]"}})
}

fn put(dir: &Path, path: &str, content: &Value) {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content.to_string()).unwrap();
}

/// A sentence transformer in the layout of MLflow.
fn embedder(pooling: &Value, normalize: bool) -> TempDir {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("MLmodel"), "flavors:\n  sentence_transformers:\n    code: null\n").unwrap();
    let dir = place.path().join("model.sentence_transformer");
    let module = |kind: &str, path: &str| json!({"type": format!("sentence_transformers.models.{kind}"), "path": path});
    let mut modules = vec![module("Transformer", ""), module("Pooling", "1_Pooling")];
    if normalize {
        modules.push(module("Normalize", "2_Normalize"));
    }
    put(&dir, "modules.json", &modules.into());
    put(&dir, "1_Pooling/config.json", pooling);
    put(&dir, "sentence_bert_config.json", &json!({"max_seq_length": 6}));
    put(&dir, "config.json", &bert_config());
    put(&dir, "tokenizer.json", &tokenizer());
    candle_core::safetensors::save(&bert("", 16).0, dir.join("model.safetensors")).unwrap();
    place
}

/// A text classifier in the layout of MLflow.
fn classifier(config: &Value, weights: &Weights) -> TempDir {
    let place = tempfile::tempdir().unwrap();
    let flavor = "flavors:\n  transformers:\n    task: text-classification\n    model_binary: model\n";
    fs::write(place.path().join("MLmodel"), flavor).unwrap();
    put(place.path(), "model/config.json", config);
    put(place.path(), "components/tokenizer/tokenizer.json", &tokenizer());
    candle_core::safetensors::save(&weights.0, place.path().join("model/model.safetensors")).unwrap();
    place
}

fn folder(place: &TempDir) -> ModelFolder {
    ModelFolder::open(place.path()).unwrap()
}

fn open(folder: &ModelFolder) -> Box<dyn Engine> {
    assert!(can_load(folder));
    (load(folder, Device::Cpu).unwrap().open)(1).unwrap()
}

fn texts(texts: &[&str]) -> Batch {
    let texts: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
    Batch::Columns(RecordBatch::try_from_iter([("text", texts)]).unwrap())
}

/// Scores for somebody who waits to the end.
fn scored(engine: &mut dyn Engine, batch: &Batch) -> Result<Predictions, EngineError> {
    engine.score(batch, &Params::default(), &Cancellation::default())
}

fn embed(engine: &mut dyn Engine, all: &[&str]) -> Vec<Vec<f32>> {
    let Predictions::Array(tensor) = scored(engine, &texts(all)).unwrap() else { panic!() };
    let (shape, Elements::Fp32(numbers)) = tensor.into_parts() else { panic!() };
    assert_eq!(shape[0], all.len());
    numbers.chunks(shape[1]).map(<[f32]>::to_vec).collect()
}

fn classify(engine: &mut dyn Engine, all: &[&str]) -> Vec<(String, f64)> {
    let Predictions::Frame(frame) = scored(engine, &texts(all)).unwrap() else { panic!() };
    let labels = frame.column_by_name("label").unwrap().as_string::<i32>().iter();
    let scores = frame.column_by_name("score").unwrap().as_primitive::<Float64Type>().values();
    labels.map(|label| label.unwrap().to_owned()).zip(scores.iter().copied()).collect()
}

fn assert_close(left: &[f32], right: &[f32], tolerance: f32) {
    assert_eq!(left.len(), right.len());
    let worst = left.iter().zip(right).map(|(left, right)| (left - right).abs()).fold(0.0, f32::max);
    assert!(worst <= tolerance, "{worst} apart: {left:?} {right:?}");
}

const MANY: [&str; 5] =
    ["lake", "lake river sea turbine", "river sea", "lake river sea turbine lake lake", "the sea"];

#[test]
fn a_text_has_the_same_vector_alone_and_among_others_with_every_pooling() {
    let poolings = [
        json!({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}),
        json!({"pooling_mode_mean_tokens": true}),
        json!({"pooling_mode": "max", "embedding_dimension": SIZE}),
    ];
    let mut seen = Vec::new();
    for pooling in poolings {
        let mut engine = open(&folder(&embedder(&pooling, false)));
        let together = embed(&mut *engine, &MANY);
        for (text, vector) in MANY.iter().zip(&together) {
            assert_close(&embed(&mut *engine, &[text])[0], vector, 1e-5);
        }
        assert!(!seen.contains(&together[1]));
        seen.push(together[1].clone());
    }
}

#[test]
fn vectors_are_normalised_and_texts_cut_as_the_files_say() {
    let mut engine = open(&folder(&embedder(&json!({"pooling_mode_mean_tokens": true}), true)));
    let vectors = embed(&mut *engine, &["sea", "lake sea river lake", "lake sea river lake turbine turbine"]);
    let length = vectors[0].iter().map(|number| number * number).sum::<f32>();
    assert!((length - 1.0).abs() < 1e-5);
    assert_eq!(vectors[1], vectors[2]);
    assert!(vectors[0] != vectors[1]);
    assert_eq!(embed(&mut *engine, &[]), Vec::<Vec<f32>>::new());
}

#[test]
fn every_family_classifies_with_its_own_names_of_tensors() {
    let id2label = json!({"0": "low", "1": "mid", "2": "high"});
    let mut bert_weights = bert("bert.", 16);
    bert_weights.linear("bert.pooler.dense", SIZE, SIZE);
    bert_weights.linear("classifier", SIZE, 3);
    let mut roberta_weights = bert("roberta.", 18);
    roberta_weights.linear("classifier.dense", SIZE, SIZE);
    roberta_weights.linear("classifier.out_proj", SIZE, 3);
    let with = |mut config: Value, more: &[(&str, Value)]| {
        config["id2label"] = id2label.clone();
        config["architectures"] = json!(["SomeForSequenceClassification"]);
        for (field, value) in more {
            config[*field] = value.clone();
        }
        config
    };
    let roberta: &[(&str, Value)] = &[
        ("model_type", json!("xlm-roberta")),
        ("max_position_embeddings", json!(18)),
        ("pad_token_id", json!(1)),
    ];
    let small = json!({"model_type": "distilbert", "n_layers": 1, "n_heads": 2, "dim": SIZE, "activation": "gelu",
        "max_position_embeddings": 16});
    for (config, weights) in [
        (with(bert_config(), &[]), bert_weights),
        (with(bert_config(), roberta), roberta_weights),
        (with(small, &[]), distilbert()),
    ] {
        let mut engine = open(&folder(&classifier(&config, &weights)));
        let together = classify(&mut *engine, &MANY);
        for (text, (label, score)) in MANY.iter().zip(&together) {
            let (own_label, own_score) = &classify(&mut *engine, &[text])[0];
            assert_eq!(own_label, label);
            assert!((own_score - score).abs() < 1e-5 && (1.0 / 3.0..=1.0).contains(score), "{score}");
        }
        let long = "lake ".repeat(17);
        let error = scored(&mut *engine, &texts(&["sea", &long])).unwrap_err();
        assert_eq!(error.to_string(), "row 1: the text has 19 tokens, where 16 are the most");
    }
}

#[test]
fn nothing_is_computed_for_nobody() {
    let place = embedder(&json!({"pooling_mode": "mean"}), true);
    let layout = layout::find(&folder(&place)).ok().unwrap();
    let model = Model::read(&layout, &candle_core::Device::Cpu).unwrap();
    let (wanted, cancelled) = (Cancellation::default(), Cancellation::default());
    cancelled.cancel();
    assert!(model.tokens.of(&MANY, &cancelled).is_err());
    let group = &tokens::groups(&model.tokens.of(&MANY, &wanted).unwrap())[0];
    assert!(model.encoder.forward(group, &wanted).is_ok());
    assert!(model.encoder.forward(group, &cancelled).is_err());
}

#[test]
fn what_is_no_text_is_named() {
    let mut engine = open(&folder(&embedder(&json!({"pooling_mode": "mean"}), true)));
    let mut refused = |batch: Batch| scored(&mut *engine, &batch).unwrap_err().to_string();
    let nulls: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None]));
    let nulls = Batch::Columns(RecordBatch::try_from_iter_with_nullable([("text", nulls, true)]).unwrap());
    assert_eq!(refused(nulls), "column 'text', row 1: null, where a text is expected");
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let numbers = Batch::Columns(RecordBatch::try_from_iter([("text", numbers)]).unwrap());
    assert_eq!(refused(numbers), "column 'text': Int64 came, where texts are expected");
    let bytes = Tensor::of_rows(Elements::Bytes(vec![vec![0xff]]));
    let bytes = Batch::Tensors(vec![("t".to_owned(), bytes)]);
    assert_eq!(refused(bytes), "tensor 't', row 0: the text is not UTF-8");
}

#[test]
fn what_is_not_understood_is_left_to_others() {
    let changes = [
        ("config.json", json!({"model_type": "mpnet"})),
        ("1_Pooling/config.json", json!({"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": true})),
        ("1_Pooling/config.json", json!({"pooling_mode": "lasttoken"})),
        (
            "modules.json",
            json!([{"type": "x.Transformer", "path": "../.."}, {"type": "x.Pooling", "path": "1_Pooling"}]),
        ),
        (
            "modules.json",
            json!([{"type": "x.Transformer", "path": ""}, {"type": "x.Dense", "path": "1_Dense"}]),
        ),
        ("config_sentence_transformers.json", json!({"default_prompt_name": "query"})),
    ];
    for (file, content) in changes {
        let place = embedder(&json!({"pooling_mode": "mean"}), true);
        put(&place.path().join("model.sentence_transformer"), file, &content);
        assert!(!can_load(&folder(&place)), "{file} {content}");
    }
    let mut refusals = Vec::new();
    for (field, value) in [
        ("hidden_size", json!(7)),
        ("num_attention_heads", json!(0)),
        ("hidden_act", json!("swish")),
        ("layer_norm_eps", json!("x")),
        ("vocab_size", json!(-1)),
    ] {
        let place = embedder(&json!({"pooling_mode": "mean"}), true);
        let mut config = bert_config();
        config[field] = value;
        put(&place.path().join("model.sentence_transformer"), "config.json", &config);
        refusals.push(refusal(&folder(&place)).unwrap());
        assert!(refusals.last().unwrap().starts_with(&format!("config.json: '{field}' is ")), "{refusals:?}");
    }
    let place = embedder(&json!({"pooling_mode": "mean"}), true);
    fs::remove_file(place.path().join("model.sentence_transformer/model.safetensors")).unwrap();
    assert!(!can_load(&folder(&place)));
}

#[test]
fn broken_weights_and_absent_devices_are_errors_at_load() {
    let place = embedder(&json!({"pooling_mode": "mean"}), true);
    let weights = place.path().join("model.sentence_transformer/model.safetensors");
    let refused = |device| load(&folder(&place), device).err().unwrap().to_string();
    if !cuda_is_available() {
        assert!(refused(Device::Cuda(0)).starts_with("--device cuda:0: this build has no CUDA"));
    }
    let mut fewer = bert("", 16);
    fewer.0.remove("encoder.layer.1.output.dense.bias");
    candle_core::safetensors::save(&fewer.0, &weights).unwrap();
    assert!(refused(Device::Cpu).ends_with("there is no tensor 'encoder.layer.1.output.dense.bias'"));
    candle_core::safetensors::save(&bert("", 9).0, &weights).unwrap();
    assert!(refused(Device::Cpu).contains("'embeddings.position_embeddings' has the shape [9, 8]"));
    fs::write(&weights, [0xff; 64]).unwrap();
    assert!(refused(Device::Cpu).contains("model.safetensors: "));
}

#[test]
fn minilm_embeds_as_onnxruntime_does() {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test that needs 90 MB of weights is told where they are"
    )]
    let Some(place) = std::env::var_os("FOREBAY_MINILM").map(PathBuf::from) else {
        println!("skipped: FOREBAY_MINILM names no folder");
        return;
    };
    let expected: Value = serde_json::from_slice(&fs::read(place.join("expected.json")).unwrap()).unwrap();
    let strings: Vec<&str> =
        expected["texts"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    let mut engine = open(&ModelFolder::open(&place).unwrap());
    let vectors = embed(&mut *engine, &strings);
    for (vector, expected) in vectors.iter().zip(expected["embeddings"].as_array().unwrap()) {
        #[expect(clippy::cast_possible_truncation, reason = "the numbers were in single precision")]
        let expected: Vec<f32> =
            expected.as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect();
        assert_close(vector, &expected, 1e-4);
    }
}
