//! ONNX Runtime: models as `mlflow.onnx` logs them, from any framework that exports them.
//!
//! Its library is loaded at run time. A lane owns a session; each has a copy of the model's weights, so that small
//! models get a lane for each core, and large ones a single lane with a thread for each.

mod library;
mod graph;
mod ports;
mod session;
mod numbers;
mod inputs;
mod pace;
mod outputs;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;
use std::time::Instant;

use ort::session::{Session, SessionInputs};

pub(super) use library::OnnxRuntime;

use self::graph::Graph;
use self::inputs::{Feed, Piece};
use self::outputs::Outputs;
use self::pace::Pace;
use self::ports::{Ports, Rows};
use self::session::{Place, one_line};
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
    fn score(&mut self, batch: &Batch, _: &Params) -> Result<Predictions, EngineError> {
        let ports = self.ports.clone();
        let feeds = inputs::feeds(&ports, batch)?;
        let mut outputs = Outputs::new(&ports.outputs);
        let n_rows = batch.n_rows();
        match ports.rows {
            Rows::None => self.score_all(&feeds, &mut outputs)?,
            Rows::Together => self.score_piece(&feeds, piece(0, n_rows, n_rows.max(1)), &mut outputs)?,
            Rows::Any => self.score_at_pace(&feeds, n_rows, &mut outputs)?,
            Rows::Fixed(n_fixed) => {
                for start in (0..n_rows.max(1)).step_by(n_fixed) {
                    self.score_piece(
                        &feeds,
                        piece(start, n_fixed.min(n_rows - start), n_fixed),
                        &mut outputs,
                    )?;
                }
            }
        }
        match batch {
            Batch::Columns(_) => outputs.into_frame(n_rows),
            Batch::Tensors(_) => outputs.into_arrays(n_rows),
        }
    }
}

impl OnnxEngine {
    fn score_at_pace(
        &mut self,
        feeds: &[Feed<'_>],
        n_rows: usize,
        outputs: &mut Outputs<'_>,
    ) -> Result<(), EngineError> {
        let mut start = 0;
        loop {
            let n_next = self.pace.next(n_rows - start);
            let begun = Instant::now();
            self.score_piece(feeds, piece(start, n_next, n_next.max(1)), outputs)?;
            self.pace.record(n_next, begun.elapsed());
            start += n_next;
            if start >= n_rows {
                return Ok(());
            }
        }
    }

    fn score_piece(
        &mut self,
        feeds: &[Feed<'_>],
        piece: Piece,
        outputs: &mut Outputs<'_>,
    ) -> Result<(), EngineError> {
        let values = feeds.iter().map(|feed| feed.value(Some(piece))).collect::<Result<Vec<_>, _>>()?;
        let scored =
            self.session.run(SessionInputs::<0>::ValueSlice(&values)).map_err(|error| failed(&error))?;
        outputs.append_rows(&scored, piece.n_rows, piece.n_padded)
    }

    fn score_all(&mut self, feeds: &[Feed<'_>], outputs: &mut Outputs<'_>) -> Result<(), EngineError> {
        let values = feeds.iter().map(|feed| feed.value(None)).collect::<Result<Vec<_>, _>>()?;
        let scored =
            self.session.run(SessionInputs::<0>::ValueSlice(&values)).map_err(|error| failed(&error))?;
        outputs.append_all(&scored)
    }
}

fn piece(start: usize, n_rows: usize, n_padded: usize) -> Piece {
    Piece { start, n_rows, n_padded }
}

/// What the library refuses is the caller's mistake: a shape that the model's file does not tell, or a value such as an
/// index beyond a table.
fn failed(error: &ort::Error) -> EngineError {
    match error.code() {
        ort::ErrorCode::InvalidArgument => {
            EngineError::Invalid(format!("the model refuses it: {}", one_line(error)))
        }
        _ => EngineError::Failed(one_line(error)),
    }
}
