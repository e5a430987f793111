//! `forebay serve`: the raw flags and variables; those of `mlflow models serve` where it has them.

use std::path::PathBuf;

use clap::{ArgAction, Args};
use forebay_serving::{Device, EngineOptions};

use super::{OriginArgs, SecurityArgs};

/// What to serve, where, and how much at a time.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// A model to serve, as in `models:/churn@champion`, `models:/churn/3`, `models:/m-0f3a…`, `runs:/RUN/model`, a folder or
    /// an address in an object store. `NAME=URI` serves it under a name of its own. May be repeated.
    #[arg(short, long = "model-uri", visible_alias = "model", value_name = "[NAME=]URI", required = true)]
    pub(crate) models: Vec<String>,
    #[command(flatten)]
    pub(crate) origin: OriginArgs,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    #[command(flatten)]
    pub(crate) workers: WorkerArgs,
    #[command(flatten)]
    pub(crate) address: AddressArgs,
    #[command(flatten)]
    pub(crate) queue: QueueArgs,
    #[command(flatten)]
    pub(crate) security: SecurityArgs,
    /// Print help.
    // MLflow's -h is --host.
    #[arg(long, action = ArgAction::HelpShort, help_heading = None)]
    help: Option<bool>,
}

/// How models are run.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Engines")]
pub(crate) struct EngineArgs {
    /// Where models run: auto (a GPU if there is one that the engine can use), cpu, or cuda:N, which is an error where there
    /// is none.
    #[arg(long, env = "FOREBAY_DEVICE", value_name = "DEVICE", default_value = "auto")]
    pub(crate) device: Device,
    /// The Python that runs models which no engine of ours does; its environment has to have their packages.
    #[arg(long, env = "FOREBAY_PYTHON", value_name = "FILE", default_value = "python3")]
    pub(crate) python: PathBuf,
    /// ONNX Runtime's library. Left out, it is looked for beside this program and in the `onnxruntime` package of Python.
    #[arg(long, env = "ORT_DYLIB_PATH", value_name = "FILE")]
    pub(crate) onnxruntime: Option<PathBuf>,
    /// Where models are kept that come from elsewhere. Default: `forebay/models` in the user's folder of caches.
    #[arg(long, env = "FOREBAY_CACHE", value_name = "FOLDER")]
    pub(crate) cache: Option<PathBuf>,
}

impl EngineArgs {
    /// What engines are told.
    pub(crate) fn options(&self) -> EngineOptions {
        EngineOptions {
            device: self.device,
            python: self.python.clone(),
            workers: None,
            onnxruntime: self.onnxruntime.clone(),
        }
    }
}

/// How many processes models have that run in Python.
#[derive(Debug, Args)]
#[command(next_help_heading = "Engines")]
pub(crate) struct WorkerArgs {
    /// Python processes for each model that runs in Python; each has the model in memory and scores one batch at a time.
    /// Left out, those of scikit-learn and boosted trees have up to 2, and all others 1: a model that waits for others
    /// (a database, a service) wants as many as requests wait at once.
    #[arg(
        short,
        long,
        env = "MLFLOW_MODELS_WORKERS",
        value_name = "N",
        value_parser = clap::value_parser!(u16).range(1..=1_024)
    )]
    pub(crate) workers: Option<u16>,
}

/// Where the server listens.
#[derive(Debug, Args)]
#[command(next_help_heading = "Network")]
pub(crate) struct AddressArgs {
    /// Address to listen on; 0.0.0.0 for all networks (then mind --allowed-hosts).
    #[arg(short = 'h', long, env = "MLFLOW_HOST", default_value = "127.0.0.1")]
    pub(crate) host: String,
    /// Port to listen on; 0 picks a free one.
    #[arg(short, long, env = "MLFLOW_PORT", default_value_t = 5000)]
    pub(crate) port: u16,
    /// Port of the Open Inference Protocol over gRPC; 0 picks a free one. Left out, there is none.
    #[arg(long, env = "FOREBAY_GRPC_PORT", value_name = "PORT")]
    pub(crate) grpc_port: Option<u16>,
}

/// How much waits, and how long.
#[derive(Debug, Args)]
#[command(next_help_heading = "Queue")]
pub(crate) struct QueueArgs {
    /// Seconds that a request may take; its header `X-Timeout-Ms` may ask for less.
    #[arg(
        short,
        long,
        env = "MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = 60,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pub(crate) timeout: u64,
    /// Rows of several requests that a model scores together at most.
    #[arg(long, env = "FOREBAY_BATCH_ROWS", value_name = "N", default_value_t = 1_024, value_parser = above_zero)]
    pub(crate) batch_rows: usize,
    /// Rows that may wait for a model; whoever comes then is told to try again later.
    #[arg(long, env = "FOREBAY_QUEUE_ROWS", value_name = "N", default_value_t = 200_000, value_parser = above_zero)]
    pub(crate) queue_rows: usize,
    /// Mebibytes of rows that may wait for a model.
    #[arg(long, env = "FOREBAY_QUEUE_MIB", value_name = "N", default_value_t = 256, value_parser = above_zero)]
    pub(crate) queue_mib: usize,
    /// Longest body of a request, in mebibytes.
    #[arg(long, env = "FOREBAY_BODY_MIB", value_name = "N", default_value_t = 64, value_parser = above_zero)]
    pub(crate) body_mib: usize,
    /// Seconds between two looks at whether an alias or a stage stands for another version, which is then served; 0 for
    /// never.
    #[arg(long, env = "FOREBAY_WATCH_SECONDS", value_name = "SECONDS", default_value_t = 10)]
    pub(crate) watch_seconds: u64,
}

fn above_zero(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..) => Ok(number),
        _ => Err("it is no number above 0".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    #[command(disable_help_flag = true)]
    struct Line {
        #[command(flatten)]
        serve: ServeArgs,
    }

    fn read(flags: &[&str]) -> Result<ServeArgs, clap::Error> {
        let line = ["serve", "-m", "model"].iter().chain(flags);
        Ok(Line::try_parse_from(line)?.serve)
    }

    #[test]
    fn a_bound_of_nothing_is_refused_where_nothing_could_be_served() {
        let flags = [
            "--queue-mib",
            "--queue-rows",
            "--batch-rows",
            "--body-mib",
            "--timeout",
            "-t",
            "--workers",
            "-w",
        ];
        for flag in flags {
            let error = read(&[flag, "0"]).unwrap_err().to_string();
            assert!(error.contains("invalid value '0'"), "{error}");
            assert!(read(&[flag, "1"]).is_ok(), "{flag}");
        }
        assert_eq!(read(&["--watch-seconds", "0"]).unwrap().queue.watch_seconds, 0);
    }
}
