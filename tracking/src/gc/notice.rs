//! What the operator hears: of each owner what became of it, and how many there were of each kind.

use std::fmt;

use crate::model::experiment::ExperimentId;
use crate::model::logged_model::LoggedModelId;
use crate::model::run::RunId;

/// Who owns rows and artifacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A run.
    Run(RunId),
    /// A logged model.
    Model(LoggedModelId),
    /// A trace, which goes with its experiment.
    Trace(String),
    /// An experiment.
    Experiment(ExperimentId),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Run(id) => write!(f, "Run with ID {id}"),
            Subject::Model(id) => write!(f, "Logged model with ID {id}"),
            Subject::Trace(id) => write!(f, "Trace with ID {id}"),
            Subject::Experiment(id) => write!(f, "Experiment with ID {id}"),
        }
    }
}

impl Subject {
    /// The id alone.
    pub(super) fn id(&self) -> String {
        match self {
            Subject::Run(id) => id.to_string(),
            Subject::Model(id) => id.to_string(),
            Subject::Trace(id) => id.clone(),
            Subject::Experiment(id) => id.to_string(),
        }
    }
}

/// What becomes of an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It would be deleted, with so many files of so many bytes, if this were no dry run.
    Listed {
        /// Files, or objects of a bucket.
        n_files: u64,
        /// Their sizes, added.
        size_bytes: u64,
    },
    /// It is deleted, with its artifacts.
    Deleted,
    /// Its rows are deleted (or would be), its artifacts stay in use for the reason that is given.
    ArtifactsStay(String),
    /// It stays, and that is no failure, for the reason that is given.
    Kept(String),
    /// It could not be deleted; the next run tries again.
    Failed(String),
}

/// One owner and what becomes of it.
#[derive(Debug)]
pub struct Notice<'a> {
    /// Who it is.
    pub subject: &'a Subject,
    /// Where its artifacts are, if anywhere.
    pub location: Option<&'a str>,
    /// What becomes of it.
    pub fate: Fate,
}

/// How many were deleted, or would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Runs.
    pub runs: u64,
    /// Logged models.
    pub models: u64,
    /// Traces.
    pub traces: u64,
    /// Experiments.
    pub experiments: u64,
    /// Artifact locations.
    pub locations: u64,
    /// Files in them; counted by a dry run alone.
    pub n_files: u64,
    /// The files' sizes, added; counted by a dry run alone.
    pub size_bytes: u64,
    /// Owners that could not be deleted.
    pub failed: u64,
}

impl Summary {
    pub(super) fn count(&mut self, notice: &Notice) {
        match &notice.fate {
            Fate::Kept(_) => return,
            Fate::Failed(_) => {
                self.failed += 1;
                return;
            }
            Fate::Listed { n_files, size_bytes } => {
                self.locations += u64::from(notice.location.is_some());
                self.n_files += n_files;
                self.size_bytes += size_bytes;
            }
            Fate::Deleted => self.locations += u64::from(notice.location.is_some()),
            Fate::ArtifactsStay(_) => {}
        }
        match notice.subject {
            Subject::Run(_) => self.runs += 1,
            Subject::Model(_) => self.models += 1,
            Subject::Trace(_) => self.traces += 1,
            Subject::Experiment(_) => self.experiments += 1,
        }
    }
}
