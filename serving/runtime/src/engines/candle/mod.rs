//! Encoders of the BERT family that MLflow's flavors `sentence_transformers` and `transformers` keep as safetensors:
//! embeddings and classes of texts, without Python.
//!
//! [`layout`] decides whether a folder is one that is understood to the last setting; everything else is left to the
//! Python worker. Weights are read once and shared by all lanes.

mod layout;
mod config;
mod weights;
mod encoder;
mod head;
mod tokens;
mod texts;

use std::sync::Arc;
use std::thread::available_parallelism;

use candle_core::utils::cuda_is_available;
use rayon::{ThreadPool, ThreadPoolBuilder};

use self::encoder::Encoder;
use self::head::{Head, Scored};
use self::layout::Layout;
use self::tokens::Tokens;
use super::cancellation::Cancellation;
use super::{Device, Engine, EngineError, Lanes, LoadError, Loaded, Sharing, Threads};
use crate::model::batch::Batch;
use crate::model::folder::ModelFolder;
use crate::model::params::Params;
use crate::model::predictions::Predictions;

/// Those that can hold an encoder.
const FLAVORS: [&str; 2] = ["sentence_transformers", "transformers"];

/// Whether the folder holds an encoder that can be run here.
pub(crate) fn can_load(folder: &ModelFolder) -> bool {
    layout::find(folder).is_ok()
}

/// Why a folder of one of the flavors that can hold an encoder cannot be run here; none for others.
pub(crate) fn refusal(folder: &ModelFolder) -> Option<String> {
    let is_known = FLAVORS.iter().any(|flavor| folder.mlmodel.flavors.contains_key(*flavor));
    is_known.then(|| layout::find(folder).err()).flatten()
}

/// Reads an encoder; the folder is one that [`can_load`] knows.
///
/// # Errors
/// [`LoadError::Device`] when the device is not there; [`LoadError::Model`] names the file or tensor that is not right.
pub(crate) fn load(folder: &ModelFolder, device: Device) -> Result<Loaded, LoadError> {
    let Ok(layout) = layout::find(folder) else {
        return Err(LoadError::NoEngine(folder.mlmodel.flavors.keys().cloned().collect()));
    };
    let (name, device) = choose(device)?;
    let is_cuda = device.is_cuda();
    let model = Arc::new(Model::read(&layout, &device)?);
    Ok(Loaded {
        platform: "candle",
        device: name,
        inputs: None,
        outputs: Some(model.head.outputs()),
        sharing: Sharing::Shared,
        open: Box::new(move |threads| Ok(Box::new(Lane::open(Arc::clone(&model), threads)?))),
        lanes: Lanes {
            n_lanes: if is_cuda { 1 } else { available_parallelism().map_or(1, usize::from) },
            n_threads: 1,
        },
    })
}

/// Finds a device, and its name in metadata.
fn choose(device: Device) -> Result<(String, candle_core::Device), LoadError> {
    let cuda = |number: u32| {
        let found = candle_core::Device::new_cuda(number as usize);
        let name = format!("cuda:{number}");
        match found {
            Ok(found) => Ok((name, found)),
            Err(_) if !cuda_is_available() => {
                let reason = "this build has no CUDA for candle (cargo feature `cuda`)".to_owned();
                Err(LoadError::Device { device: name, reason })
            }
            Err(error) => Err(LoadError::Device { device: name, reason: error.to_string() }),
        }
    };
    match device {
        Device::Cuda(number) => cuda(number),
        Device::Auto if cuda_is_available() => {
            cuda(0).or_else(|_| Ok(("cpu".to_owned(), candle_core::Device::Cpu)))
        }
        Device::Auto | Device::Cpu => Ok(("cpu".to_owned(), candle_core::Device::Cpu)),
    }
}

/// What all lanes share.
struct Model {
    tokens: Tokens,
    encoder: Encoder,
    head: Head,
}

impl Model {
    fn read(layout: &Layout, device: &candle_core::Device) -> Result<Self, LoadError> {
        let refuse =
            |error: candle_core::Error| LoadError::Model(format!("{}: {error}", layout.model_dir.display()));
        let tensors = weights::read(&layout.model_dir, device)?;
        let encoder = Encoder::read(&layout.config, &tensors).map_err(refuse)?;
        let head = Head::read(layout, &tensors).map_err(refuse)?;
        Ok(Model { tokens: Tokens::read(layout)?, encoder, head })
    }
}

/// A lane: threads of its own for a model that is shared.
struct Lane {
    model: Arc<Model>,
    threads: ThreadPool,
}

impl Lane {
    fn open(model: Arc<Model>, threads: Threads) -> Result<Self, LoadError> {
        let threads = ThreadPoolBuilder::new().num_threads(threads.max(1)).build();
        let threads = threads.map_err(|error| LoadError::Missing(format!("threads for candle: {error}")))?;
        Ok(Lane { model, threads })
    }
}

impl Engine for Lane {
    fn score(
        &mut self,
        batch: &Batch,
        params: &Params,
        cancellation: &Cancellation,
    ) -> Result<Predictions, EngineError> {
        if let Some(name) = params.0.keys().next() {
            return Err(EngineError::Invalid(format!("param '{name}': the model takes no params")));
        }
        let texts = texts::of(batch)?;
        let model = &*self.model;
        self.threads.install(|| score(model, &texts, cancellation))
    }
}

fn score(model: &Model, texts: &[&str], cancellation: &Cancellation) -> Result<Predictions, EngineError> {
    let all = model.tokens.of(texts, cancellation)?;
    let mut scored = Scored::new(texts.len(), model.head.width());
    for group in tokens::groups(&all) {
        let hidden = model.encoder.forward(&group, cancellation)?;
        let rows = model.head.apply(&hidden, &group).map_err(|error| failed(&error))?;
        scored.put(&group.rows, &rows);
    }
    model.head.predictions(scored)
}

fn failed(error: &candle_core::Error) -> EngineError {
    EngineError::Failed(error.to_string())
}

#[cfg(test)]
mod tests;
