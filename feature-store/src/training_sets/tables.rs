//! The tables that a training set is made from, opened before the first row is read: each with its place in a manifest, or as a
//! manifest pins it.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use forebay_core::hexadecimal::hexadecimal;
use forebay_lake::{
    self as lake, AsOf, Format, InputFile, Lake, Table, TableOptions, TextTypes, is_delta, overlaps,
};
use sha2::{Digest as _, Sha256};

use super::error::Error;
use super::manifest::TablePin;
use super::plan::{Plan, ViewPlan};
use super::request::Spine;
use crate::join::error::JoinError;
use crate::join::times;
use crate::locations::Locations;
use crate::model::entity::Key;
use crate::model::value_type::ValueType;

/// A table and what tells its content from another one.
pub(crate) struct Source {
    /// What it is called where something is told of it.
    pub(crate) uri: String,
    /// Where it is.
    address: String,
    pub(crate) table: Arc<Table>,
    /// None for rows that were sent.
    pub(crate) pin: Option<TablePin>,
}

/// Where tables are, and which of them may be read.
#[derive(Clone, Copy)]
pub(crate) struct Reach<'a> {
    pub(crate) lake: &'a Lake,
    pub(crate) locations: &'a Locations,
}

impl Reach<'_> {
    /// Opens a table that may be read, and whose files may be.
    fn open(self, uri: &str, options: &TableOptions) -> Result<Table, Error> {
        self.locations.check(uri).map_err(Error::Refused)?;
        let table = Table::open(self.lake, uri, options)?;
        let files = table.files().iter().map(|file| file.uri.as_str());
        self.locations.check_files(files).map_err(Error::Refused)?;
        Ok(table)
    }
}

/// As which version tables are opened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment<'a> {
    /// What a manifest pins.
    pub(crate) pin: Option<&'a TablePin>,
    /// Of Delta tables, where nothing is pinned.
    pub(crate) as_of_us: Option<i64>,
}

impl Source {
    /// Opens the spine. Columns of texts are read as what they are needed for.
    pub(crate) fn spine(
        reach: Reach<'_>,
        spine: &Spine,
        event_time: &str,
        plan: &Plan,
        moment: Moment<'_>,
    ) -> Result<Self, Error> {
        let mut wanted = HashMap::from([(event_time.to_owned(), ValueType::Timestamp.arrow())]);
        let keys = plan.keys.iter().flatten().map(|key| (&key.name, &key.kind));
        let request =
            plan.computed.iter().flat_map(|plan| &plan.view.request).map(|(name, kind)| (name, kind));
        for (name, kind) in keys.chain(request) {
            wanted.entry(name.as_str().to_owned()).or_insert_with(|| kind.arrow());
        }
        let source = match spine {
            Spine::Sent(path) => {
                Source::sent(reach.lake, spine, &path.display().to_string(), wanted, moment)?
            }
            Spine::Table(uri) => {
                reach.locations.check(uri).map_err(Error::Refused)?;
                // A spine in plain files is what it is at any time.
                let is_versioned = moment.as_of_us.is_some() && is_delta(reach.lake, uri)?;
                let as_of_us = moment.as_of_us.filter(|_| is_versioned);
                Source::open(reach, uri, wanted, Moment { as_of_us, ..moment })?
            }
        };
        source.has_time(event_time)?;
        Ok(source)
    }

    /// Opens the table of a view.
    pub(crate) fn view(
        reach: Reach<'_>,
        plan: &ViewPlan,
        keys: &[Key],
        moment: Moment<'_>,
    ) -> Result<Self, Error> {
        let source = Source::open(reach, &plan.view.source, plan.view.column_types(keys), moment)?;
        plan.view.times().try_for_each(|(_, column)| source.has_time(column))?;
        for feature in &plan.features {
            let found = source.column(&feature.column)?;
            if !feature.kind.takes(&found) {
                let reason = format!("it is {found}, and the feature '{}' is {}", feature.name, feature.kind);
                return Err(Error::of(&source.uri)(JoinError::column(&feature.column, reason)));
            }
        }
        Ok(source)
    }

    /// Opens the file of rows that were sent, which only hashes of its rows tell from another one.
    fn sent(
        lake: &Lake,
        spine: &Spine,
        path: &str,
        wanted: HashMap<String, DataType>,
        moment: Moment<'_>,
    ) -> Result<Self, Error> {
        if let Some(pin) = moment.pin {
            return Err(Error::Changed(format!("it has the table {}, and now there are {spine}", pin.uri)));
        }
        let text = TextTypes { wanted, ..TextTypes::default() };
        let uri = spine.to_string();
        let table = Table::open(lake, path, &TableOptions { text, ..TableOptions::default() });
        let (table, address) = (table.map_err(|error| error.about(&uri))?, path.to_owned());
        Ok(Source { uri, address, table: Arc::new(table), pin: None })
    }

    fn open(
        reach: Reach<'_>,
        uri: &str,
        wanted: HashMap<String, DataType>,
        moment: Moment<'_>,
    ) -> Result<Self, Error> {
        if uri == "-" {
            let reason = "what comes through a pipe cannot be read twice".to_owned();
            return Err(Error::Place { uri: uri.to_owned(), reason });
        }
        let as_of = match (moment.pin, moment.as_of_us) {
            (Some(pin), _) => pin.delta_version.map(AsOf::Version),
            (None, Some(as_of_us)) => Some(AsOf::TimeMs(as_of_us.div_euclid(1_000))),
            (None, None) => None,
        };
        let text = TextTypes { wanted, ..TextTypes::default() };
        let table = reach.open(uri, &TableOptions { text, as_of, ..TableOptions::default() })?;
        let pin = TablePin {
            uri: uri.to_owned(),
            delta_version: table.version(),
            n_files: table.files().len(),
            files_hash: hash(table.files()),
        };
        if let Some(expected) = moment.pin {
            expected.check(&pin)?;
        }
        let (uri, address) = (uri.to_owned(), uri.to_owned());
        Ok(Source { uri, address, table: Arc::new(table), pin: Some(pin) })
    }

    /// An error of its files, which does not tell where rows are kept that were sent.
    pub(crate) fn told(&self, error: lake::Error) -> Error {
        let is_sent = self.address != self.uri;
        Error::Lake(if is_sent { error.about(&self.uri) } else { error })
    }

    /// A row of one of its files, as it may be named.
    pub(crate) fn file<'a>(&'a self, file: &'a str) -> &'a str {
        if self.address == self.uri { file } else { &self.uri }
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        self.table.schema()
    }

    /// The type of a column.
    pub(crate) fn column(&self, name: &str) -> Result<DataType, Error> {
        let missing = |_| Error::of(&self.uri)(JoinError::column(name, "there is none of that name"));
        let found = self.schema().field_with_name(name).map_err(missing)?;
        Ok(found.data_type().clone())
    }

    fn has_time(&self, column: &str) -> Result<(), Error> {
        times::check(column, &self.column(column)?).map_err(Error::of(&self.uri))
    }

    /// Whether files are as they were when it was opened: what is read twice must be the same both times. Others may have come.
    pub(crate) fn check_unchanged(&self, lake: &Lake) -> Result<(), Error> {
        // A version of a Delta table is what it is.
        if self.table.version().is_some() {
            return Ok(());
        }
        let options = TableOptions { format: Some(self.table.format()), ..TableOptions::default() };
        let now = Table::open(lake, &self.address, &options).map_err(|error| self.told(error))?;
        let found: HashMap<&str, &InputFile> =
            now.files().iter().map(|file| (file.uri.as_str(), file)).collect();
        let is_same = |file: &InputFile| {
            let found = found.get(file.uri.as_str());
            found.is_some_and(|now| (now.size_bytes, &now.version) == (file.size_bytes, &file.version))
        };
        let changed = self.table.files().iter().find(|file| !is_same(file));
        changed.map_or(Ok(()), |file| Err(Error::ChangedMeanwhile(self.file(&file.uri).to_owned())))
    }

    /// Refuses to write what is read.
    pub(crate) fn check_apart(&self, lake: &Lake, output: &str) -> Result<(), Error> {
        if overlaps(lake, &self.table, &self.address, output)? {
            let reason = format!("it is part of {}, which is read", self.uri);
            return Err(Error::Place { uri: output.to_owned(), reason });
        }
        Ok(())
    }

    /// Whether statistics of its files may spare rows.
    pub(crate) fn has_statistics(&self) -> bool {
        self.table.format() == Format::Parquet
    }
}

/// SHA-256 of the names, sizes and versions of files.
fn hash(files: &[InputFile]) -> String {
    let mut hash = Sha256::new();
    for file in files {
        for part in [file.uri.as_str(), &file.size_bytes.to_string(), &file.version] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    hexadecimal(&hash.finalize())
}
