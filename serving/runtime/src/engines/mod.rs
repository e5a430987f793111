//! Engines: what runs a model. One file or folder each, synchronous; a lane of the queue owns each and has a thread for
//! it.
//!
//! An engine's module has one function, `load`, which looks at a [`ModelFolder`] and says what it found.

pub(crate) mod cancellation;
mod onnx;
mod candle;
mod linfa;
mod python;

use std::path::PathBuf;
use std::str::FromStr;

use self::cancellation::Cancellation;
use self::onnx::OnnxRuntime;
use self::python::PythonOptions;
use crate::model::batch::Batch;
use crate::model::folder::ModelFolder;
use crate::model::params::Params;
use crate::model::predictions::Predictions;
use crate::model::signature::TensorField;

/// A model that is loaded and can score.
pub trait Engine: Send {
    /// Scores a batch. Once that is cancelled, it ends as soon as it can, with any error or what it had.
    fn score(
        &mut self,
        batch: &Batch,
        params: &Params,
        cancellation: &Cancellation,
    ) -> Result<Predictions, EngineError>;

    /// Whether it can still be asked; one with a process of its own may end while nobody asks it.
    fn is_alive(&self) -> bool {
        true
    }
}

/// Why a batch was not scored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The batch is not one that the model can score; the text names input and type.
    #[error("{0}")]
    Invalid(String),
    /// The model failed, though the batch looked right.
    #[error("the model failed: {0}")]
    Failed(String),
    /// The engine is gone, and with it whatever it was scoring. The lane opens another.
    #[error("the engine is gone: {0}")]
    Lost(String),
}

/// A model that an engine knows how to run.
pub struct Loaded {
    /// The engine's name in metadata, such as `onnxruntime`.
    pub platform: &'static str,
    /// Where it runs: `cpu` or `cuda:0`.
    pub device: String,
    /// The tensors that the engine takes, as the model's own file tells them; none where it does not.
    pub inputs: Option<Vec<TensorField>>,
    /// The tensors that it gives.
    pub outputs: Option<Vec<TensorField>>,
    /// Whose rows may be scored together.
    pub sharing: Sharing,
    /// Opens an engine for a lane; may be called again for more lanes, or when one was lost.
    pub open: Box<Open>,
    /// How many lanes are best on this machine, and the threads of each.
    pub lanes: Lanes,
}

/// Opens an engine that computes with so many threads.
pub type Open = dyn Fn(Threads) -> Result<Box<dyn Engine>, LoadError> + Send + Sync;

/// Whose rows may be scored together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// Rows of any requests: what comes out of a row does not depend on the others.
    Shared,
    /// Of one request alone.
    Alone,
}

/// Threads that an engine computes with.
pub type Threads = usize;

/// Lanes of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lanes {
    /// Engines that run side by side.
    pub n_lanes: usize,
    /// Of each.
    pub n_threads: Threads,
}

/// Where a model is asked to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Device {
    /// On the first GPU if the engine can use one, and else on the CPU.
    #[default]
    Auto,
    /// On the CPU.
    Cpu,
    /// On the GPU of this number; an error where there is none.
    Cuda(u32),
}

impl FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let cuda = |number: &str| number.parse().ok().map(Device::Cuda);
        match text {
            "auto" => Some(Device::Auto),
            "cpu" => Some(Device::Cpu),
            "cuda" => Some(Device::Cuda(0)),
            _ => text.strip_prefix("cuda:").and_then(cuda),
        }
        .ok_or_else(|| format!("'{text}' is none of auto, cpu, cuda and cuda:N"))
    }
}

/// Why a model cannot be loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// No engine knows any of its flavors.
    #[error("none of the flavors {0:?} can be served")]
    NoEngine(Vec<String>),
    /// A file of the model is not what it should be; the text names it.
    #[error("{0}")]
    Model(String),
    /// The process that loads it was killed, by an operator or for lack of memory: it may load another time.
    #[error("{0}")]
    Killed(String),
    /// Something that the engine needs is not on this machine; the text says how to get it.
    #[error("{0}")]
    Missing(String),
    /// The files of a model that was loaded are not there any more.
    #[error("the files of the model are gone: {}", .0.display())]
    Gone(PathBuf),
    /// The device that was asked for is not there.
    #[error("--device {device}: {reason}")]
    Device {
        /// As it was asked for.
        device: String,
        /// Without a full stop.
        reason: String,
    },
}

impl LoadError {
    /// What callers of a model are told whose engine cannot be opened again: nothing of the server's files. The whole error
    /// is for the log.
    pub fn for_callers(&self) -> &'static str {
        match self {
            LoadError::Gone(_) => "the files of the model are gone from the server",
            LoadError::NoEngine(_)
            | LoadError::Model(_)
            | LoadError::Killed(_)
            | LoadError::Missing(_)
            | LoadError::Device { .. } => "it cannot be started again; the server's log says why",
        }
    }
}

/// How engines are run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineOptions {
    /// Where models run.
    pub device: Device,
    /// The Python of models that no other engine takes; a bare name is looked up on `PATH`.
    pub python: PathBuf,
    /// Python processes for each of those models; none for a number that fits the model.
    pub workers: Option<usize>,
    /// ONNX Runtime's library; none to look for it.
    pub onnxruntime: Option<PathBuf>,
}

/// Looks at a model and chooses the engine for it: the first that knows one of its flavors, and Python last.
pub fn load(folder: &ModelFolder, options: &EngineOptions) -> Result<Loaded, LoadError> {
    if folder.mlmodel.flavors.contains_key(onnx::FLAVOR) {
        OnnxRuntime { library: options.onnxruntime.clone() }.start()?;
        return onnx::load(folder, options.device);
    }
    if linfa::can_load(folder) {
        return linfa::load(folder, options.device);
    }
    if candle::can_load(folder) {
        return candle::load(folder, options.device);
    }
    if let Device::Cuda(number) = options.device {
        let reason = "only models that ONNX Runtime or candle runs can be put on a GPU".to_owned();
        return Err(LoadError::Device { device: format!("cuda:{number}"), reason });
    }
    let (python, workers) = (options.python.clone(), options.workers);
    let loaded = python::load(folder, &PythonOptions { python, workers, ..PythonOptions::default() })?;
    Ok(match candle::refusal(folder) {
        Some(refusal) => with_refusal(loaded, refusal),
        None => loaded,
    })
}

/// A model for Python which says, where it cannot be opened there, why candle does not run it.
fn with_refusal(loaded: Loaded, refusal: String) -> Loaded {
    let open = loaded.open;
    let tell = move |error: LoadError| match error {
        LoadError::Missing(reason) => {
            LoadError::Missing(format!("{reason}; without Python it cannot be run, because {refusal}"))
        }
        error => error,
    };
    Loaded { open: Box::new(move |n_threads| open(n_threads).map_err(&tell)), ..loaded }
}
