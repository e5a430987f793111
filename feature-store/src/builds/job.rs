//! From what is asked to what is built. All that may be refused is refused before the first row is read.

use std::io::{self, Write};
use std::sync::Arc;

use forebay_core::invalid::Invalid;
use forebay_lake::Lake;
use tempfile::{TempDir, TempPath};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;

use super::asked::{Asked, From};
use super::watch::Watch;
use crate::training_sets::{Blueprint, Built, Error as BuildError, Output, Request, Room, Spine, build};
use crate::{Error, Features, Result};

/// Whoever has this may have a training set made.
pub(crate) struct Turn(
    #[expect(dead_code, reason = "it is given back when it is dropped")] OwnedSemaphorePermit,
);

/// A training set that may be built.
pub(crate) struct Job {
    lake: Lake,
    blueprint: Blueprint,
    request: Request,
    /// None where the answer is the training set.
    output: Option<String>,
    spilled: TempDir,
    spooled: Option<TempPath>,
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

    /// Whether somebody has the turn. Whoever comes then need not send its rows.
    pub(crate) fn is_building(&self) -> bool {
        self.building.available_permits() == 0
    }

    /// The room for rows that a caller sends.
    ///
    /// # Errors
    /// [`Error::Busy`] while others have all of it.
    pub(crate) fn room(&self) -> Result<OwnedSemaphorePermit> {
        Arc::clone(&self.spooling).try_acquire_owned().map_err(|_| Error::Busy)
    }

    /// Finds definitions, and looks whether the caller may name these places. `spooled` has the rows that came with the
    /// request.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`], and [`BuildError::Refused`].
    pub(crate) async fn prepare(&self, asked: Asked, spooled: Option<TempPath>, turn: Turn) -> Result<Job> {
        let Asked { from, mut wanted, output, existing, memory_bytes } = asked;
        let blueprint = match from {
            From::Manifest(blueprint) => *blueprint,
            From::Service(which) => {
                let found = self.service(&which).await?;
                Blueprint::of(found.version, found.definitions)?
            }
        };
        if let Some(path) = &spooled {
            wanted.spine = Some(Spine::Sent(path.to_path_buf()));
        }
        let spilled = tempfile::Builder::new().prefix("forebay-").tempdir().map_err(Error::Spool)?;
        let room = Room {
            locations: self.config.locations.clone(),
            memory_bytes: self.config.memory_bytes.min(memory_bytes.unwrap_or(u64::MAX)),
            spill_folder: spilled.path().to_owned(),
            now_ms: self.now_ms(),
        };
        // A stream has its end when it is begun.
        let target = match &output {
            Some(uri) => Output::table(uri, existing),
            None => Output::Stream(Box::new(io::sink())),
        };
        let request = Request::of(wanted, target, room).ok_or_else(|| Invalid::missing("spine"))?;
        let job = Job { lake: self.lake.clone(), blueprint, request, output, spilled, spooled, turn };
        self.opening.run(move || job.check().map(|()| job)).await?
    }
}

impl Job {
    /// Where the table goes; none where the answer is the training set.
    pub(crate) fn output(&self) -> Option<&str> {
        self.output.as_deref()
    }

    /// Looks at all places before anything is read there. Files are looked at when their table is opened.
    fn check(&self) -> Result<()> {
        let spine = match &self.request.spine {
            Spine::Table(uri) => Some(uri.as_str()),
            Spine::Sent(_) => None,
        };
        let refused = |reason: String| Error::from(BuildError::Refused(reason));
        let mut places = self.blueprint.sources().chain(spine).chain(self.output());
        places.try_for_each(|place| self.request.locations.check(place).map_err(refused))
    }

    /// Builds it on a thread of its own. `stream` takes the rows where no table does.
    pub(crate) fn start(
        mut self,
        watch: Watch,
        stream: Box<dyn Write + Send>,
    ) -> JoinHandle<Result<Built, BuildError>> {
        if self.output.is_none() {
            self.request.output = Output::Stream(stream);
        }
        tokio::task::spawn_blocking(move || {
            let Job { lake, blueprint, request, output: _, spilled, spooled, turn } = self;
            let built = build(&lake, &blueprint, request, &watch);
            drop((spilled, spooled, turn));
            built
        })
    }
}
