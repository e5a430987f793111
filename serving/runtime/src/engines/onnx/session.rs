//! Opens a model's file in ONNX Runtime, on the CPU or on a GPU.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use ort::environment::Environment;
use ort::ep::{self, ExecutionProvider};
use ort::session::Session;
use ort::session::builder::{AutoDevicePolicy, SessionBuilder};

use super::library;
use crate::engines::{Device, LoadError, Threads};

/// Where a session runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Cpu,
    Cuda(u32),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Cpu => f.write_str("cpu"),
            Place::Cuda(number) => write!(f, "cuda:{number}"),
        }
    }
}

/// Opens a session where it was asked for, and says where that is.
pub(super) fn open_on(
    file: &Path,
    device: Device,
    n_threads: Threads,
) -> Result<(Session, Place), LoadError> {
    let place = match device {
        Device::Cpu => Place::Cpu,
        Device::Cuda(number) => Place::Cuda(number),
        Device::Auto => {
            library::environment()?;
            let may_have_gpu = ep::CUDA::is_available().unwrap_or(false);
            let on_gpu = may_have_gpu.then(|| open(file, Place::Cuda(0), n_threads));
            if let Some(Ok(session)) = on_gpu {
                return Ok((session, Place::Cuda(0)));
            }
            Place::Cpu
        }
    };
    Ok((open(file, place, n_threads)?, place))
}

/// Opens a session that computes with so many threads.
pub(super) fn open(file: &Path, place: Place, n_threads: Threads) -> Result<Session, LoadError> {
    let environment = library::environment()?;
    let builder = builder(environment, n_threads).map_err(|error| broken(file, &error))?;
    let mut builder = match place {
        Place::Cpu => {
            builder.with_auto_device(AutoDevicePolicy::PreferCPU).map_err(|error| broken(file, &error))?
        }
        Place::Cuda(number) => on_cuda(builder, number)?,
    };
    // The bindings panic on types of values that they do not know.
    let opened = catch_unwind(AssertUnwindSafe(|| builder.commit_from_file(file)));
    match opened {
        Ok(Ok(session)) => Ok(session),
        Ok(Err(error)) if error.code() == ort::ErrorCode::ExecutionProviderFailure => {
            Err(no_device(place, &error))
        }
        Ok(Err(error)) => Err(broken(file, &error)),
        Err(_) => Err(broken(file, &"it takes or gives values of a type that cannot be served")),
    }
}

/// Options that hold on every device. Memory patterns are kept for each shape that was ever seen, so a model that is
/// asked for many would grow.
fn builder(environment: &Environment, n_threads: Threads) -> Result<SessionBuilder, ort::Error> {
    Ok(Session::builder(environment)?
        .with_intra_threads(n_threads.max(1))?
        .with_intra_op_spinning(n_threads > 1)?
        .with_memory_pattern(false)?)
}

fn on_cuda(builder: SessionBuilder, number: u32) -> Result<SessionBuilder, LoadError> {
    let place = Place::Cuda(number);
    let id = i32::try_from(number).map_err(|_| no_device(place, &"there are not so many"))?;
    let provider = ep::CUDA::default().with_device_id(id).build().error_on_failure();
    builder.with_execution_providers([provider]).map_err(|error| no_device(place, &error))
}

fn no_device(place: Place, reason: &dyn fmt::Display) -> LoadError {
    LoadError::Device { device: place.to_string(), reason: one_line(reason) }
}

fn broken(file: &Path, reason: &dyn fmt::Display) -> LoadError {
    let file = file.file_name().unwrap_or_default().to_string_lossy();
    LoadError::Model(format!("{file} cannot be loaded: {}", one_line(reason)))
}

/// What ONNX Runtime says, without line ends and the full stop.
pub(super) fn one_line(reason: &dyn fmt::Display) -> String {
    let words: Vec<String> = reason.to_string().split_whitespace().map(str::to_owned).collect();
    words.join(" ").trim_end_matches('.').to_owned()
}
