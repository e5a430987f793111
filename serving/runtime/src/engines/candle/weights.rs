//! Tensors by name, out of one safetensors file or of several that an index names.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use candle_core::{DType, Device, Error, Result, Tensor};
use candle_nn::{Embedding, LayerNorm, Linear};
use serde_json::Value;

use super::layout;
use crate::engines::LoadError;

/// All weights in one file.
pub(super) const FILE: &str = "model.safetensors";

/// Names the file of each tensor, where there are several files.
pub(super) const INDEX: &str = "model.safetensors.index.json";

/// The tensors of a model, as single precision on one device.
pub(super) struct Tensors {
    by_name: HashMap<String, Tensor>,
    /// What stands before the names of the encoder's own, such as `bert.`.
    prefix: String,
}

/// Reads all tensors of a folder.
///
/// # Errors
/// [`LoadError::Model`] names the file.
pub(super) fn read(dir: &Path, device: &Device) -> std::result::Result<Tensors, LoadError> {
    let mut by_name = HashMap::new();
    for file in files(dir)? {
        let path = dir.join(file);
        let refuse = |error: Error| LoadError::Model(format!("{}: {error}", path.display()));
        for (name, tensor) in candle_core::safetensors::load(&path, device).map_err(refuse)? {
            let tensor =
                if tensor.dtype().is_float() { tensor.to_dtype(DType::F32).map_err(refuse)? } else { tensor };
            by_name.insert(name, tensor);
        }
    }
    Ok(Tensors { by_name, prefix: String::new() })
}

/// The names of the files with weights.
fn files(dir: &Path) -> std::result::Result<BTreeSet<String>, LoadError> {
    if dir.join(FILE).is_file() {
        return Ok(BTreeSet::from([FILE.to_owned()]));
    }
    let path = dir.join(INDEX);
    let index = layout::settings(&path).unwrap_or_default();
    let names = index.get("weight_map").and_then(Value::as_object);
    let names = names.map(|names| names.values().filter_map(Value::as_str).map(str::to_owned));
    let files: BTreeSet<String> = names.into_iter().flatten().collect();
    if files.is_empty() || !files.iter().all(|name| layout::is_plain_name(name)) {
        let reason = "field 'weight_map' does not name files beside it";
        return Err(LoadError::Model(format!("{}: {reason}", path.display())));
    }
    Ok(files)
}

impl Tensors {
    /// The same, with the encoder's own tensors behind the prefix if they are there.
    pub(super) fn of_encoder(&self, prefix: &str) -> Tensors {
        let prefix = format!("{prefix}.");
        let is_there = self.by_name.keys().any(|name| name.starts_with(&format!("{prefix}embeddings.")));
        Tensors { by_name: self.by_name.clone(), prefix: if is_there { prefix } else { String::new() } }
    }

    /// A tensor of two dimensions, the second of which is known.
    fn matrix(&self, name: &str, width: usize) -> Result<Tensor> {
        let tensor = self.get(name)?;
        match tensor.dims() {
            [_, found] if *found == width => Ok(tensor),
            found => Err(unfit(&self.prefix, name, found, &format!("[…, {width}]"))),
        }
    }

    fn vector(&self, name: &str, length: usize) -> Result<Tensor> {
        let tensor = self.get(name)?;
        match tensor.dims() {
            [found] if *found == length => Ok(tensor),
            found => Err(unfit(&self.prefix, name, found, &format!("[{length}]"))),
        }
    }

    fn get(&self, name: &str) -> Result<Tensor> {
        let name = format!("{}{name}", self.prefix);
        self.by_name.get(&name).cloned().ok_or_else(|| Error::Msg(format!("there is no tensor '{name}'")))
    }

    /// A layer from `n_inputs` numbers to as many as it has rows.
    pub(super) fn linear(&self, name: &str, n_inputs: usize) -> Result<Linear> {
        let weight = self.matrix(&format!("{name}.weight"), n_inputs)?;
        let bias = self.vector(&format!("{name}.bias"), weight.dim(0)?)?;
        Ok(Linear::new(weight, Some(bias)))
    }

    /// A layer between as many numbers as are told.
    pub(super) fn linear_to(&self, name: &str, n_inputs: usize, n_outputs: usize) -> Result<Linear> {
        let linear = self.linear(name, n_inputs)?;
        let found = linear.weight().dims();
        if found[0] != n_outputs {
            return Err(unfit(&self.prefix, name, found, &format!("[{n_outputs}, {n_inputs}]")));
        }
        Ok(linear)
    }

    pub(super) fn layer_norm(&self, name: &str, size: usize, eps: f64) -> Result<LayerNorm> {
        let weight = self.vector(&format!("{name}.weight"), size)?;
        Ok(LayerNorm::new(weight, self.vector(&format!("{name}.bias"), size)?, eps))
    }

    /// A table of vectors, at least `n_rows` of them.
    pub(super) fn embedding(&self, name: &str, size: usize, n_rows: usize) -> Result<Embedding> {
        let weight = self.matrix(&format!("{name}.weight"), size)?;
        if weight.dim(0)? < n_rows {
            return Err(unfit(&self.prefix, name, weight.dims(), &format!("[≥ {n_rows}, {size}]")));
        }
        Ok(Embedding::new(weight, size))
    }
}

fn unfit(prefix: &str, name: &str, found: &[usize], wanted: &str) -> Error {
    Error::Msg(format!("tensor '{prefix}{name}' has the shape {found:?} instead of {wanted}"))
}
