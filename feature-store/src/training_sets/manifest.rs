//! What a training set was made from and what came out, so that it can be made again, or be known not to be the same any more.

use forebay_core::hexadecimal::hexadecimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::error::Error;

/// The format of manifests.
const FORMAT: u32 = 1;

/// The version of what joins.
pub(crate) const ENGINE: &str = env!("CARGO_PKG_VERSION");

/// All that a training set depends on. It is JSON; hashes are SHA-256 in hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Of this format.
    pub format_version: u32,
    /// Of Forebay. Hashes of rows are comparable where it is the same.
    pub engine_version: String,
    /// When the build was begun, in milliseconds since the epoch.
    pub created_ms: i64,
    /// The feature service.
    pub service: ServicePin,
    /// The definitions as they were given.
    pub definitions: Value,
    /// Of the definitions.
    pub definitions_hash: String,
    /// Delta tables were opened as they were at this time, in microseconds since the epoch.
    pub as_of_us: Option<i64>,
    /// The column of the spine with the time of each row.
    pub event_time: String,
    /// The table of the spine; none for rows that were sent, which their hash alone tells from others.
    pub spine: Option<TablePin>,
    /// Of the rows of the spine, in their order.
    pub spine_rows_hash: String,
    /// The tables of features, in the order in which the service needs them.
    pub views: Vec<ViewPin>,
    /// Rows of the spine, and of the training set.
    pub n_rows: u64,
    /// Of the rows of the training set, in their order.
    pub rows_hash: String,
}

/// A version of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServicePin {
    /// Its name.
    pub name: String,
    /// The number of the version.
    pub version: i64,
}

/// The table of a view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewPin {
    /// The name of the view.
    pub view: String,
    /// What was read.
    pub table: TablePin,
}

/// What a table was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TablePin {
    /// Its address.
    pub uri: String,
    /// Of a Delta table.
    pub delta_version: Option<u64>,
    /// How many files it had.
    pub n_files: usize,
    /// Of their names, sizes, and etags or times of change.
    pub files_hash: String,
}

impl TablePin {
    /// Whether a table is what is pinned.
    pub(crate) fn check(&self, found: &TablePin) -> Result<(), Error> {
        let uri = &found.uri;
        if self.uri != *uri {
            return Err(Error::Changed(format!("it has the table {}, and now there is {uri}", self.uri)));
        }
        if self.delta_version != found.delta_version {
            let version = |version: Option<u64>| {
                version.map_or_else(|| "no Delta table".to_owned(), |number| format!("version {number}"))
            };
            let (then, now) = (version(self.delta_version), version(found.delta_version));
            return Err(Error::Changed(format!("{uri} was {then}, and is {now}")));
        }
        if (self.n_files, &self.files_hash) == (found.n_files, &found.files_hash) {
            return Ok(());
        }
        let (then, now) = (self.n_files, found.n_files);
        Err(Error::Changed(format!(
            "{uri} has other files ({then} then, {now} now), or others of the same names"
        )))
    }
}

impl Manifest {
    /// Whether a build may begin that should give the same.
    pub(crate) fn check_start(&self, begun: &Beginning<'_>) -> Result<(), Error> {
        let other = |what: &str, then: &str, now: &str| {
            Error::Changed(format!("its {what} is '{then}', and now it is '{now}'"))
        };
        if self.format_version != FORMAT {
            return Err(other("format", &self.format_version.to_string(), &FORMAT.to_string()));
        }
        if self.service != begun.service {
            let name = |service: &ServicePin| format!("{}, version {}", service.name, service.version);
            return Err(other("service", &name(&self.service), &name(&begun.service)));
        }
        if self.definitions_hash != hash(begun.definitions) {
            return Err(Error::Changed("its definitions are others".to_owned()));
        }
        if self.event_time != begun.event_time {
            return Err(other("event time", &self.event_time, begun.event_time));
        }
        Ok(())
    }

    /// What a view was made from.
    pub(crate) fn table(&self, view: &str) -> Result<&TablePin, Error> {
        let found = self.views.iter().find(|pin| pin.view == view);
        found.map(|pin| &pin.table).ok_or_else(|| Error::Changed(format!("it has no view '{view}'")))
    }

    /// Whether the same came out; a hint where that cannot be told.
    pub(crate) fn check_end(&self, found: &Manifest) -> Result<Option<String>, Error> {
        if self.spine_rows_hash == found.spine_rows_hash && self.rows_hash == found.rows_hash {
            return Ok(None);
        }
        if self.engine_version == found.engine_version {
            if self.spine.is_none() && self.spine_rows_hash != found.spine_rows_hash {
                let (then, now) = (&self.spine_rows_hash, &found.spine_rows_hash);
                return Err(Error::Changed(format!(
                    "the hash of the rows that were sent was {then}, and is {now}"
                )));
            }
            let (expected, found) = (self.rows_hash.clone(), found.rows_hash.clone());
            return Err(Error::OtherRows { expected, found });
        }
        let (then, now) = (&self.engine_version, &found.engine_version);
        Ok(Some(format!("version {then} of Forebay made other rows from the same tables than version {now}")))
    }
}

/// What a build is begun with.
pub(crate) struct Beginning<'a> {
    pub(crate) service: ServicePin,
    pub(crate) definitions: &'a Value,
    pub(crate) event_time: &'a str,
}

impl Beginning<'_> {
    /// The manifest of what is being made.
    pub(crate) fn manifest(
        self,
        now_ms: i64,
        as_of_us: Option<i64>,
        spine: Option<TablePin>,
        views: Vec<ViewPin>,
    ) -> Manifest {
        Manifest {
            format_version: FORMAT,
            engine_version: ENGINE.to_owned(),
            created_ms: now_ms,
            service: self.service,
            definitions: self.definitions.clone(),
            definitions_hash: hash(self.definitions),
            as_of_us,
            event_time: self.event_time.to_owned(),
            spine,
            spine_rows_hash: String::new(),
            views,
            n_rows: 0,
            rows_hash: String::new(),
        }
    }
}

/// SHA-256 of JSON, whose objects have their keys in order.
fn hash(definitions: &Value) -> String {
    hexadecimal(&Sha256::digest(definitions.to_string()))
}
