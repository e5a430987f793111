//! From what is asked to what is built. All that may be refused is refused before the first row is read.

use std::sync::Arc;

use forebay_core::invalid::Invalid;
use forebay_lake::{AsOf, Format, Lake, Table, TableOptions};
use forebay_wire::features::ServiceDefinitions;
use tempfile::{TempDir, TempPath};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;

use super::asked::{Asked, From};
use super::watch::Watch;
use crate::locations::Locations;
use crate::model::definition::message;
use crate::training_sets::{
    Blueprint, Built, Error as BuildError, Manifest, Output, OutputFormat, Request, build,
};
use crate::{Error, Features, Result};

/// Whoever has this may have a training set made.
pub(crate) struct Turn(
    #[expect(dead_code, reason = "it is given back when it is dropped")] OwnedSemaphorePermit,
);

/// A training set that may be built.
pub(crate) struct Job {
    lake: Lake,
    blueprint: Blueprint,
    asked: Asked,
    spine: String,
    memory_bytes: u64,
    now_ms: i64,
    spilled: TempDir,
    spooled: Option<TempPath>,
    #[expect(dead_code, reason = "it is given back when all is done")]
    turn: Turn,
}

impl Features {
    /// The turn of a caller.
    ///
    /// # Errors
    /// [`Error::Busy`] while another one has it.
    pub(crate) fn turn(&self) -> Result<Turn> {
        Arc::clone(&self.building).try_acquire_owned().map(Turn).map_err(|_| Error::Busy)
    }

    /// Finds definitions, and looks whether the caller may have these tables read and written. `spooled` has the rows that
    /// came with the request.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::PlaceRefused`], and [`Error::Invalid`] for a table that cannot be opened.
    pub(crate) async fn prepare(&self, asked: Asked, spooled: Option<TempPath>, turn: Turn) -> Result<Job> {
        let blueprint = match &asked.from {
            From::Manifest(manifest) => Blueprint::of_manifest(manifest)?,
            From::Service(which) => {
                let found = self.service(which).await?;
                Blueprint::read(ServiceDefinitions {
                    name: Some(which.name.to_string()),
                    version: Some(found.version.into()),
                    definitions: Some(message(&found.definitions)),
                })?
            }
        };
        let own = spooled.as_ref().map(|path| path.display().to_string());
        let spine = own.or_else(|| asked.spine.clone()).ok_or_else(|| Invalid::missing("spine"))?;
        let job = Job {
            lake: self.lake.clone(),
            memory_bytes: self.config.memory_bytes.min(asked.memory_bytes.unwrap_or(u64::MAX)),
            now_ms: self.now_ms(),
            spilled: tempfile::Builder::new().prefix("forebay-").tempdir().map_err(Error::Spool)?,
            blueprint,
            asked,
            spine,
            spooled,
            turn,
        };
        let config = Arc::clone(&self.config);
        self.opening.run(move || job.check(&config.locations).map(|()| job)).await?
    }
}

impl Job {
    /// Where the table goes; none where the answer is the training set.
    pub(crate) fn output(&self) -> Option<&str> {
        self.asked.output.as_deref()
    }

    /// Looks at all places before anything is read there, and at the files of tables.
    fn check(&self, locations: &Locations) -> Result<()> {
        let refused = |reason: String| Error::PlaceRefused(format!("The training set is refused: {reason}"));
        let pin = self.asked.pin();
        for source in self.blueprint.sources() {
            let pinned = pin.and_then(|pin| pin.version_of(source));
            check_table(&self.lake, locations, source, self.asked.as_of(pinned)).map_err(refused)?;
        }
        if self.spooled.is_none() {
            let pinned = pin.and_then(|pin| pin.spine.delta_version);
            check_table(&self.lake, locations, &self.spine, self.asked.as_of(pinned)).map_err(refused)?;
        }
        let mut output = self.asked.output.iter();
        output.try_for_each(|output| locations.check(output).map_err(refused))
    }

    /// Builds it on a thread of its own. `stream` takes the rows where no table does.
    pub(crate) fn start(
        self,
        watch: Watch,
        stream: Box<dyn std::io::Write + Send>,
    ) -> JoinHandle<Result<Built, BuildError>> {
        // A method takes all of the job along, also what is only given back at its end.
        tokio::task::spawn_blocking(move || self.build(&watch, stream))
    }

    fn build(self, watch: &Watch, stream: Box<dyn std::io::Write + Send>) -> Result<Built, BuildError> {
        let output = match self.asked.output.clone() {
            Some(uri) => {
                let format = Format::of_path(&uri).map_or(OutputFormat::Delta, OutputFormat::File);
                Output::Table { uri, format }
            }
            None => Output::Stream(stream),
        };
        let request = Request {
            spine: self.spine.clone(),
            event_time: self.asked.event_time.clone(),
            output,
            as_of_us: self.asked.as_of_ms.map(|time_ms| time_ms.saturating_mul(1_000)),
            memory_bytes: self.memory_bytes,
            spill_folder: self.spilled.path().to_owned(),
            pin: self.asked.pin().cloned(),
            now_ms: self.now_ms,
        };
        build(&self.lake, &self.blueprint, request, watch)
    }
}

/// Why a table may not be read, if it may not. One that cannot be opened is told by whoever reads it.
fn check_table(lake: &Lake, locations: &Locations, uri: &str, as_of: Option<AsOf>) -> Result<(), String> {
    locations.check(uri)?;
    let options = TableOptions { as_of, ..TableOptions::default() };
    let Ok(table) = Table::open(lake, uri, &options) else { return Ok(()) };
    locations.check_files(table.files().iter().map(|file| file.uri.as_str()))
}

impl Manifest {
    /// The version that a Delta table of features had.
    fn version_of(&self, uri: &str) -> Option<u64> {
        self.views.iter().find(|pin| pin.table.uri == uri)?.table.delta_version
    }
}
