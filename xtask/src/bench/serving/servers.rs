//! The servers of one model: which there are, how each is started, and which bodies it is sent.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use serde_json::json;

use super::answers::Kind;
use super::callers::answers_right;
use super::manifest::{Body, Model};
use crate::bench::peers::{Programs, Running};
use crate::bench::under_test::onnxruntime_library;
use crate::machine::ports;
use crate::machine::python::Python;

/// The columns of the table.
pub(super) const COLUMNS: [&str; 5] =
    ["raw onnxruntime", "MLflow, ONNX", "MLflow, scikit-learn", "MLServer, ONNX", "Forebay"];
pub(super) const RAW: usize = 0;
pub(super) const MLFLOW: usize = 1;
pub(super) const SKLEARN: usize = 2;
pub(super) const MLSERVER: usize = 3;
pub(super) const FOREBAY: usize = 4;

/// What starts them.
pub(super) struct Launcher {
    pub(super) programs: Programs,
    /// Its environment has `MLServer`, and is not the one of the client tests.
    pub(super) mlserver: Option<Python>,
    pub(super) n_workers: u32,
    pub(super) which: Which,
    /// Given to Forebay, which would otherwise ask Python where it is.
    library: String,
}

/// Which servers to measure.
#[derive(Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Which {
    #[default]
    All,
    Forebay,
}

/// A server of one model.
pub(super) struct Server<'a> {
    pub(super) column: usize,
    name: &'a str,
    path: &'a Path,
    kinds: &'static [Kind],
    /// Its start and its memory are reported.
    pub(super) is_main: bool,
}

impl Launcher {
    pub(super) fn new(
        programs: Programs,
        mlserver: Option<&Path>,
        n_workers: u32,
        which: Which,
    ) -> Result<Self> {
        let library = onnxruntime_library(&programs.python)?;
        let mlserver = mlserver.map(Python::given).transpose()?;
        Ok(Self { programs, mlserver, n_workers, which, library })
    }

    /// The servers of `model`, those that nothing can be said about left out.
    pub(super) fn servers<'a>(&self, model: &'a Model) -> Vec<Server<'a>> {
        let server = |column, path: &'a PathBuf, kinds, is_main| Server {
            column,
            name: &model.name,
            path: path.as_path(),
            kinds,
            is_main,
        };
        let mut servers = vec![server(MLFLOW, &model.onnx, &[Kind::Json], true)];
        servers.extend(model.sklearn.as_ref().map(|path| server(SKLEARN, path, &[Kind::Json], true)));
        servers.extend(self.mlserver.as_ref().map(|_| server(MLSERVER, &model.onnx, &[Kind::Json], true)));
        servers.push(server(FOREBAY, &model.onnx, &[Kind::Json, Kind::Arrow], true));
        servers.push(server(FOREBAY, &model.matrix, &[Kind::Oip], false));
        servers.retain(|server| self.which == Which::All || server.column == FOREBAY);
        servers
    }

    /// Starts `server`; it is ready when it answers `body` rightly.
    pub(super) fn start(&self, server: &Server<'_>, body: &Body, folder: &Path) -> Result<Running> {
        let port = ports::any_free()?;
        let mut command = match server.column {
            FOREBAY => self.forebay(server, port),
            MLSERVER => self.mlserver(server, port, folder)?,
            _ => self.mlflow(server, port),
        };
        let log = folder.join(format!("{}-{}.log", server.name, server.column));
        Running::spawn(&mut command, port, &log, || answers_right(port, body))
    }

    fn forebay(&self, server: &Server<'_>, port: u16) -> Command {
        let mut command = Command::new(&self.programs.forebay);
        command
            .args(["serve", "--port", &port.to_string(), "--onnxruntime", &self.library, "--model-uri"])
            .arg(format!("{}={}", server.name, server.path.display()));
        command
    }

    fn mlflow(&self, server: &Server<'_>, port: u16) -> Command {
        let mut command = self.programs.python.command();
        command
            // It starts its web server by name.
            .env("PATH", search_path(&self.programs.python))
            .args(["-m", "mlflow", "models", "serve", "--env-manager", "local", "--host", "127.0.0.1"])
            .args(["--port", &port.to_string(), "--workers", &self.n_workers.to_string(), "--model-uri"])
            .arg(server.path);
        command
    }

    fn mlserver(&self, server: &Server<'_>, port: u16, folder: &Path) -> Result<Command> {
        let python = self.mlserver.as_ref().unwrap_or(&self.programs.python);
        let settings = folder.join(format!("mlserver-{}", server.name));
        fs::create_dir_all(&settings)?;
        let (http, grpc, metrics) = (port, ports::any_free()?, ports::any_free()?);
        // Its pool of processes would make each request travel twice; with one model it is of no use.
        let of_server = json!({
            "host": "127.0.0.1", "http_port": http, "grpc_port": grpc, "metrics_port": metrics,
            "parallel_workers": 0, "debug": false,
        });
        let of_model = json!({
            "name": server.name, "implementation": "mlserver_mlflow.MLflowRuntime",
            "parameters": { "uri": server.path },
        });
        fs::write(settings.join("settings.json"), of_server.to_string())?;
        fs::write(settings.join("model-settings.json"), of_model.to_string())?;
        let mut command = python.command();
        command
            .env("PATH", search_path(python))
            .arg(python.folder().join("bin/mlserver"))
            .arg("start")
            .arg(settings);
        Ok(command)
    }
}

impl Server<'_> {
    /// Whether it understands `body`.
    pub(super) fn takes(&self, body: &Body) -> bool {
        self.kinds.contains(&body.kind)
    }
}

/// This process's, behind the programs of `python`'s environment.
fn search_path(python: &Python) -> OsString {
    #[expect(clippy::disallowed_methods, reason = "what a server starts is found as it would be by hand")]
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let mut path = python.folder().join("bin").into_os_string();
    path.push(":");
    path.push(inherited);
    path
}
