//! What `prepare.py` made, as the rest reads it.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::answers::{self, Kind};

/// A model in its flavors, with what is asked of it.
pub(super) struct Model {
    pub(super) name: String,
    /// ONNX flavor, its signature in columns if it has any.
    pub(super) onnx: PathBuf,
    /// The same graph with one matrix for signature; `onnx` where that takes tensors already.
    pub(super) matrix: PathBuf,
    pub(super) sklearn: Option<PathBuf>,
    pub(super) bodies: Vec<Body>,
    /// An encoder is measured in tokens, and is not small.
    pub(super) is_encoder: bool,
}

/// One kind of request, and its right answer.
pub(super) struct Body {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Head and body, as they are sent.
    pub(super) request: Vec<u8>,
    /// Rows or tokens.
    pub(super) amount: f64,
    pub(super) wanted: Vec<f32>,
}

/// The models in `folder`.
pub(super) fn read(folder: &Path) -> Result<Vec<Model>> {
    let text = fs::read_to_string(folder.join("manifest.json"))?;
    let manifest: Value = serde_json::from_str(&text)?;
    list(&manifest, "models")?.iter().map(|model| read_model(folder, model)).collect()
}

fn read_model(folder: &Path, model: &Value) -> Result<Model> {
    let path = |name: &str| Some(folder.join(model.get(name)?.as_str()?));
    let onnx = path("onnx").context("a model without ONNX")?;
    Ok(Model {
        name: text(model, "name")?.to_owned(),
        matrix: path("matrix").unwrap_or_else(|| onnx.clone()),
        onnx,
        sklearn: path("sklearn"),
        bodies: list(model, "bodies")?.iter().map(|body| read_body(folder, body)).collect::<Result<_>>()?,
        is_encoder: model.get("row_tokens").and_then(Value::as_u64).is_some_and(|tokens| tokens > 0),
    })
}

fn read_body(folder: &Path, body: &Value) -> Result<Body> {
    let content = fs::read(folder.join(text(body, "body")?))?;
    let answers = fs::read(folder.join(text(body, "answers")?))?;
    let wanted: Vec<_> = answers::floats(&answers).collect();
    ensure!(!wanted.is_empty(), "a body without answers");
    let amount = body.get("rows").and_then(Value::as_f64).context("no rows")?;
    let kind = match text(body, "kind")? {
        "json" => Kind::Json,
        "oip" => Kind::Oip,
        _ => Kind::Arrow,
    };
    let request = [head(body, content.len())?.into_bytes(), content].concat();
    Ok(Body { name: text(body, "name")?.to_owned(), kind, request, amount, wanted })
}

fn head(body: &Value, n_bytes: usize) -> Result<String> {
    let path = text(body, "path")?;
    let mut head = format!("POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {n_bytes}\r\n");
    let headers = body.get("headers").and_then(Value::as_object).context("no headers")?;
    for (name, value) in headers {
        let _ = write!(head, "{name}: {}\r\n", value.as_str().unwrap_or_default());
    }
    Ok(head + "\r\n")
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str> {
    value.get(name).and_then(Value::as_str).with_context(|| format!("no {name} in the manifest"))
}

fn list<'a>(value: &'a Value, name: &str) -> Result<&'a Vec<Value>> {
    value.get(name).and_then(Value::as_array).with_context(|| format!("no {name} in the manifest"))
}
