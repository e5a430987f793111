//! ONNX Runtime: models as `mlflow.onnx` logs them, from any framework that exports them.
//!
//! Its library is loaded at run time. A lane owns a session; each has a copy of the model's weights, so that small
//! models get a lane for each core, and large ones a single lane with a thread for each.

mod library;
mod graph;
mod ports;
mod session;
mod numbers;
mod refusals;
mod inputs;
mod pieces;
mod pace;
mod outputs;
mod run;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;

use ort::session::Session;

pub(super) use library::OnnxRuntime;

use self::graph::Graph;
use self::outputs::Outputs;
use self::pace::Pace;
use self::pieces::Piece;
use self::ports::{Ports, Rows};
use self::run::Run;
use self::session::Place;
use super::cancellation::Cancellation;
use super::{Device, Engine, EngineError, Lanes, LoadError, Loaded, Threads};
use crate::model::batch::Batch;
use crate::model::folder::ModelFolder;
use crate::model::params::Params;
use crate::model::predictions::Predictions;

/// The flavor, and the engine's name in metadata.
pub(super) const FLAVOR: &str = "onnx";
const PLATFORM: &str = "onnxruntime";

/// The model in a folder that a flavor names.
const MODEL_FILE: &str = "model.onnx";

/// A model of at least so many bytes, with all of its weights, gets one lane.
const LARGE_MODEL_BYTES: u64 = 50 * 1024 * 1024;

/// Opens a model, and keeps the session for the first lane that asks for one.
///
/// # Errors
/// [`LoadError::Missing`] without ONNX Runtime, [`LoadError::Device`] where the device is not there, and
/// [`LoadError::Model`] for a file that is no model.
pub(crate) fn load(folder: &ModelFolder, device: Device) -> Result<Loaded, LoadError> {
    let file = model_file(folder)?;
    let broken = |error: &dyn std::fmt::Display| {
        let name = file.strip_prefix(&folder.path).unwrap_or(&file);
        LoadError::Model(format!("{} cannot be loaded: {error}", name.display()))
    };
    let graph = Graph::read(&file).map_err(|error| broken(&error))?;
    let is_large = size_bytes(&file, &graph).map_err(|error| broken(&error))? >= LARGE_MODEL_BYTES;
    let n_threads = if is_large { n_cores() } else { 1 };
    let (first, place) = session::open_on(&file, device, n_threads)?;
    let ports = Arc::new(Ports::of(&first, graph.is_dynamically_quantised)?);
    Ok(Loaded {
        platform: PLATFORM,
        device: place.to_string(),
        inputs: Some(ports.inputs.iter().map(ports::Port::field).collect()),
        outputs: Some(ports.outputs.iter().map(ports::Port::field).collect()),
        sharing: ports.sharing(graph.is_dynamically_quantised),
        lanes: lanes(place, n_threads),
        open: opener(file, place, ports, (n_threads, first)),
    })
}

fn model_file(folder: &ModelFolder) -> Result<PathBuf, LoadError> {
    let named = folder.flavor_path(FLAVOR, "data");
    let path = named
        .ok_or_else(|| LoadError::Model("flavor 'onnx' names no file in its field 'data'".to_owned()))?;
    Ok(if path.is_dir() { path.join(MODEL_FILE) } else { path })
}

/// Of the file and those with its weights.
fn size_bytes(file: &Path, graph: &Graph) -> std::io::Result<u64> {
    let mut size = fs::metadata(file)?.len();
    for name in &graph.external_files {
        let weights = fs::metadata(file.with_file_name(name));
        let named = |error: std::io::Error| std::io::Error::new(error.kind(), format!("{name}: {error}"));
        size = size.saturating_add(weights.map_err(named)?.len());
    }
    Ok(size)
}

fn n_cores() -> usize {
    available_parallelism().map_or(1, usize::from)
}

fn lanes(place: Place, n_threads: Threads) -> Lanes {
    match place {
        Place::Cpu => Lanes { n_lanes: n_cores().div_ceil(n_threads.max(1)), n_threads },
        Place::Cuda(_) => Lanes { n_lanes: 1, n_threads },
    }
}

type Open = Box<dyn Fn(Threads) -> Result<Box<dyn Engine>, LoadError> + Send + Sync>;

fn opener(file: PathBuf, place: Place, ports: Arc<Ports>, first: (Threads, Session)) -> Open {
    let first = Mutex::new(Some(first));
    Box::new(move |n_threads| {
        let kept = first.lock().unwrap_or_else(PoisonError::into_inner).take();
        let session = match kept {
            Some((kept_threads, session)) if kept_threads == n_threads => session,
            _ => session::open(&file, place, n_threads)?,
        };
        Ok(Box::new(OnnxEngine { session, ports: ports.clone(), pace: Pace::default() }))
    })
}

/// A session of a lane.
struct OnnxEngine {
    session: Session,
    ports: Arc<Ports>,
    pace: Pace,
}

impl Engine for OnnxEngine {
    fn score(
        &mut self,
        batch: &Batch,
        _: &Params,
        cancellation: &Cancellation,
    ) -> Result<Predictions, EngineError> {
        let OnnxEngine { session, ports, pace } = self;
        let mut run = Run {
            session,
            options: run::options(cancellation)?,
            feeds: inputs::feeds(ports, batch)?,
            outputs: Outputs::new(&ports.outputs),
        };
        let n_rows = batch.n_rows();
        match ports.rows {
            Rows::None => run.whole()?,
            Rows::Together => run.piece(Piece { start: 0, n_rows, n_padded: n_rows.max(1) })?,
            Rows::Any => run.at_pace(pace, n_rows)?,
            Rows::Fixed(n_fixed) => run.in_fixed(n_fixed, n_rows)?,
        }
        match batch {
            Batch::Columns(_) => run.outputs.into_frame(n_rows),
            Batch::Tensors(_) => run.outputs.into_arrays(n_rows),
        }
    }
}
