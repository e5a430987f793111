//! The Python engine: any model that `mlflow.pyfunc` can load, in a child process of its own for each lane.
//!
//! The child runs `worker.py`, which is part of this binary, and is asked over a socket that is its standard input. A
//! table goes to it as an Arrow stream, tensors as raw bytes; answers come back likewise. Whatever the model does to its
//! process costs the one batch that it was scoring.

mod answer;
mod frame;
mod output;
mod process;
mod request;
#[cfg(test)]
mod tests;

use std::io;
use std::num::NonZero;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use self::frame::Frame;
use self::process::{Launch, Worker};
use super::cancellation::Cancellation;
use super::{Engine, EngineError, Lanes, LoadError, Loaded, Sharing};
use crate::model::batch::Batch;
use crate::model::folder::ModelFolder;
use crate::model::params::Params;
use crate::model::predictions::Predictions;
use crate::model::signature::{ColumnType, Inputs, Signature};

/// The flavor of models that `mlflow.pyfunc` can load.
const FLAVOR: &str = "python_function";

/// Loaders of models that score each row by itself, and are small enough to be loaded twice.
const ROW_BY_ROW: [&str; 4] = ["mlflow.catboost", "mlflow.lightgbm", "mlflow.sklearn", "mlflow.xgboost"];

/// Most workers that a model gets by itself: each is a whole Python with the model in it. One of somebody's own gets a single
/// one, since it may hold gigabytes or count on seeing all requests, as in MLflow's server.
const MAX_WORKERS: usize = 2;

/// How Python is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PythonOptions {
    /// The interpreter, of an environment with the packages that models need; a bare name is looked up on `PATH`.
    pub python: PathBuf,
    /// For each model; none for a number that fits the model.
    pub workers: Option<usize>,
    /// The longest that a worker may take to load its model.
    pub start_timeout: Duration,
}

impl Default for PythonOptions {
    fn default() -> Self {
        PythonOptions {
            python: PathBuf::from("python3"),
            workers: None,
            start_timeout: Duration::from_mins(5),
        }
    }
}

/// Looks at a model; Python itself is not started before an engine is opened.
pub(crate) fn load(folder: &ModelFolder, options: &PythonOptions) -> Result<Loaded, LoadError> {
    let flavors = &folder.mlmodel.flavors;
    if flavors.is_empty() {
        return Err(invalid(folder, "flavors", "it names none"));
    }
    let Some(flavor) = flavors.get(FLAVOR) else {
        return Err(LoadError::NoEngine(flavors.keys().cloned().collect()));
    };
    let loader = flavor.get("loader_module");
    let Some(loader) = loader.and_then(Value::as_str) else {
        let found = loader.map_or_else(|| "it is missing".to_owned(), |found| format!("{found} is no name"));
        return Err(invalid(folder, &format!("flavors.{FLAVOR}.loader_module"), &found));
    };
    let is_row_by_row = ROW_BY_ROW.contains(&loader);
    let has_params = !folder.signature.params.is_empty();
    let lanes = lanes(options.workers, is_row_by_row);
    let (options, model) = (options.clone(), folder.path.clone());
    Ok(Loaded {
        platform: "python",
        device: "cpu".to_owned(),
        inputs: None,
        outputs: None,
        sharing: if is_row_by_row { sharing(&folder.signature) } else { Sharing::Alone },
        open: Box::new(move |n_threads| {
            let (options, model) = (options.clone(), model.clone());
            Ok(Box::new(Python::open(Arc::new(Launch { options, model, n_threads, has_params }))?))
        }),
        lanes,
    })
}

fn invalid(folder: &ModelFolder, field: &str, reason: &str) -> LoadError {
    let file = folder.path.join("MLmodel");
    LoadError::Model(format!("{}: Invalid MLmodel: field '{field}': {reason}", file.display()))
}

/// Whose rows may be scored together by a model that scores each row by itself.
fn sharing(signature: &Signature) -> Sharing {
    let is_shared = match &signature.inputs {
        Inputs::Untold => false,
        Inputs::Tensors(_) => true,
        // The type that pandas gives to such columns depends on whether any of its rows is null.
        Inputs::Columns(columns) => columns.iter().all(|column| {
            let is_steady =
                matches!(column.column_type, ColumnType::Float | ColumnType::Double | ColumnType::String);
            column.required || is_steady
        }),
    };
    if is_shared { Sharing::Shared } else { Sharing::Alone }
}

fn lanes(workers: Option<usize>, is_row_by_row: bool) -> Lanes {
    let n_cores = thread::available_parallelism().map_or(1, NonZero::get);
    let fitting = if is_row_by_row { n_cores.min(MAX_WORKERS) } else { 1 };
    let n_lanes = workers.unwrap_or(fitting).max(1);
    Lanes { n_lanes, n_threads: (n_cores / n_lanes).max(1) }
}

/// A worker that has loaded its model.
struct Python {
    launch: Arc<Launch>,
    worker: Arc<Worker>,
    connection: UnixStream,
}

/// Why a worker does not answer.
enum Silence {
    /// It was gone before it began; another may be asked.
    Before(io::Error),
    /// It ended at what it was asked.
    Amid(io::Error),
}

impl Engine for Python {
    fn score(
        &mut self,
        batch: &Batch,
        params: &Params,
        cancellation: &Cancellation,
    ) -> Result<Predictions, EngineError> {
        let request = request::encode(batch, self.launch.has_params.then_some(params))?;
        if self.worker.has_ended() {
            self.restart()?;
        }
        let answered = match self.ask(&request, cancellation) {
            // It was ended, because nobody waits.
            Err(Silence::Before(error)) if cancellation.check().is_err() => Err(Silence::Amid(error)),
            Err(Silence::Before(_)) => {
                self.restart()?;
                self.ask(&request, cancellation)
            }
            answered => answered,
        };
        match answered {
            Ok(answer) => answer::predictions(&answer),
            Err(Silence::Before(error) | Silence::Amid(error)) => {
                Err(EngineError::Lost(self.worker.end(&error)))
            }
        }
    }

    fn is_alive(&self) -> bool {
        !self.worker.has_ended()
    }
}

impl Python {
    fn open(launch: Arc<Launch>) -> Result<Self, LoadError> {
        let started = Worker::start(&launch).map_err(|error| match error {
            // What Python says of that is a traceback.
            LoadError::Model(_) if !launch.model.exists() => LoadError::Gone(launch.model.clone()),
            error => error,
        });
        let (worker, connection) = started?;
        Ok(Python { launch, worker: Arc::new(worker), connection })
    }

    /// Puts another worker in the place of one that ended while it had nothing to do.
    fn restart(&mut self) -> Result<(), EngineError> {
        tracing::warn!("a Python ended while it was idle; another is started");
        *self = Python::open(Arc::clone(&self.launch)).map_err(|error| {
            tracing::error!(%error, "it cannot be started");
            EngineError::Lost(error.for_callers().to_owned())
        })?;
        Ok(())
    }

    fn ask(&mut self, request: &Frame, cancellation: &Cancellation) -> Result<Frame, Silence> {
        let worker = Arc::clone(&self.worker);
        cancellation.stop_with(move || worker.signal());
        self.begin(request).map_err(Silence::Before)?;
        frame::receive(&mut self.connection).map_err(Silence::Amid)
    }

    /// Sends a request, and waits until the worker has all of it.
    fn begin(&mut self, request: &Frame) -> io::Result<()> {
        frame::send(&mut self.connection, request)?;
        let told = frame::receive(&mut self.connection)?;
        answer::expect_begun(&told)
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        self.worker.kill();
    }
}
