//! Log lines on standard error; `RUST_LOG` chooses what is shown.

use std::backtrace::Backtrace;
use std::io::IsTerminal as _;
use std::panic;

use forebay_serving::panics_are_callers_fault;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::cli::{Command, LogFormat};

/// Starts logging for the whole process. What answers on standard output says nothing beside it unless something is
/// wrong.
pub(crate) fn start(format: LogFormat, command: &Command) {
    let level = match command {
        Command::Models(_) | Command::Features(_) | Command::Score(_) | Command::Table(_) => {
            LevelFilter::WARN
        }
        Command::Server(_) | Command::Serve(_) | Command::Gc(_) | Command::Db(_) => LevelFilter::INFO,
    };
    // ONNX Runtime tells at INFO what it does with each node of a model, and the kernel of Delta tells as an error what its
    // caller tells, too; `RUST_LOG` comes later, and wins.
    let told = EnvFilter::try_from_default_env().map_or_else(|_| String::new(), |filter| filter.to_string());
    let filter = EnvFilter::builder().parse_lossy(format!("{level},ort=warn,delta_kernel=off,{told}"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // It would say so on standard error, which is what failed, and panic when that fails too.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => lines.with_target(false).init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
    tell_panics(format);
}

/// Lets panics be told in the log: those that are answered as a caller's mistake where somebody looks for them, and all
/// others as errors, which are lines of JSON where all lines are.
fn tell_panics(format: LogFormat) {
    let tell = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let why = info.payload_as_str().unwrap_or("without a message");
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        if panics_are_callers_fault() {
            tracing::debug!(place, "a body cannot be read: {why}");
        } else if format == LogFormat::Json {
            tracing::error!(place, backtrace = %Backtrace::capture(), "panicked: {why}");
        } else {
            tell(info);
        }
    }));
}
