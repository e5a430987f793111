//! A version of a Delta table: its columns, and its files with what the log knows of them.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use delta_kernel::engine::arrow_conversion::TryIntoArrow as _;
use delta_kernel::scan::state::ScanFile;
use delta_kernel::schema::StructField;
use delta_kernel::table_features::ColumnMappingMode;
use delta_kernel::{Snapshot, SnapshotRef};

use super::AsOf;
use super::log::{self, snapshot};
use super::plain;
use super::site::Site;
use crate::predicate::{Comparison, Operator, Predicate};
use crate::storage::files::InputFile;
use crate::storage::place::Place;
use crate::{Error, Lake};

/// Whether there is a Delta table at a path or an address.
pub fn is_delta(lake: &Lake, uri: &str) -> Result<bool, Error> {
    Site::at(lake, &Place::parse(lake, uri)?)?.has_log()
}

/// A version of a table.
pub(crate) struct Version {
    pub(super) site: Site,
    pub(super) snapshot: SnapshotRef,
    /// Paths as the log has them, in their order.
    pub(super) paths: Vec<String>,
}

/// What the log says of a file.
pub(crate) struct LoggedFile {
    pub(crate) file: InputFile,
    /// Without those that are deleted; none where the log does not tell.
    pub(crate) n_rows: Option<u64>,
}

impl Version {
    /// Opens the table in a folder, with its files; none where there is no table.
    pub(crate) fn open(
        lake: &Lake,
        place: &Place,
        as_of: Option<AsOf>,
    ) -> Result<Option<(Self, Vec<LoggedFile>)>, Error> {
        if matches!(place, Place::Pipe) {
            return Ok(None);
        }
        let site = Site::at(lake, place)?;
        if !site.has_log()? {
            return Ok(None);
        }
        let snapshot = snapshot(&site, as_of)?;
        let mut version = Version { site, snapshot, paths: Vec::new() };
        let found = version.scan_files();
        let mut found =
            found.map_err(|error| log::torn(&version.site, Some(version.number())).unwrap_or(error))?;
        version.check_sum(&found)?;
        found.sort_by(|one, other| one.path.cmp(&other.path));
        let files = found.iter().map(|file| version.logged(file)).collect::<Result<Vec<_>, _>>()?;
        version.paths = found.into_iter().map(|file| file.path).collect();
        Ok(Some((version, files)))
    }

    /// The path or address of the table.
    pub(crate) fn uri(&self) -> String {
        self.site.uri()
    }

    /// Its number.
    pub(crate) fn number(&self) -> u64 {
        self.snapshot.version()
    }

    /// Its columns, in their order.
    pub(crate) fn schema(&self) -> Result<SchemaRef, Error> {
        columns(&self.snapshot).map_err(|error| self.defect(error.to_string()))
    }

    /// Whether a column's values are in the log, and not in files.
    pub(super) fn is_partition(&self, column: &str) -> bool {
        let partitions = self.snapshot.table_configuration().logical_partition_columns();
        partitions.iter().any(|name| name == column)
    }

    /// The columns whose values are in the log.
    pub(crate) fn partitions(&self) -> Vec<String> {
        self.snapshot.table_configuration().logical_partition_columns().to_vec()
    }

    /// Whether the log leaves out only files that have no such row: the kernel takes an empty value of a partition for a
    /// text, which is null.
    pub(super) fn is_told_by_log(&self, comparison: &Comparison) -> bool {
        comparison.operator != Operator::Null || !self.is_partition(&comparison.column)
    }

    /// Whether a file may have rows of interest for what [`Version::is_told_by_log`] does not take.
    pub(super) fn may_hold(&self, file: &ScanFile, predicate: &Predicate) -> bool {
        let configuration = self.snapshot.table_configuration();
        if configuration.column_mapping_mode() != ColumnMappingMode::None {
            return true;
        }
        let mut not_told =
            predicate.comparisons().iter().filter(|comparison| !self.is_told_by_log(comparison));
        not_told.all(|comparison| file.partition_values.get(&comparison.column).is_none_or(String::is_empty))
    }

    /// Some column that is in files.
    pub(super) fn column_in_files(&self) -> Option<String> {
        let schema = self.snapshot.schema();
        let mut names = schema.fields().map(StructField::name);
        names.find(|name| !self.is_partition(name)).cloned()
    }

    /// Whether files have a column under a name that is known: a table may tell columns by numbers alone.
    pub(super) fn is_named_in_files(&self, column: &str) -> bool {
        let has_names = self.snapshot.table_configuration().column_mapping_mode() != ColumnMappingMode::Id;
        has_names && !self.is_partition(column)
    }

    /// An error about this version.
    pub(super) fn defect(&self, reason: String) -> Error {
        Error::Delta { uri: self.site.uri(), version: Some(self.number()), reason }
    }

    /// Every file that has rows of this version.
    fn scan_files(&self) -> Result<Vec<ScanFile>, Error> {
        let error = self.site.error(Some(self.number()));
        let engine = self.site.engine();
        let scan = Arc::clone(&self.snapshot).scan_builder().build().map_err(&error)?;
        collect(&scan, &engine).map_err(error)
    }

    /// Compares the files with the checksum of this version, if there is one: a checkpoint may have lost some.
    fn check_sum(&self, found: &[ScanFile]) -> Result<(), Error> {
        let Some(promised) = self.snapshot.get_file_stats_if_present() else { return Ok(()) };
        let size_bytes: i64 = found.iter().map(|file| file.size).sum();
        let n_files = i64::try_from(found.len()).unwrap_or(i64::MAX);
        if (n_files, size_bytes) == (promised.num_files(), promised.table_size_bytes()) {
            return Ok(());
        }
        Err(self.defect(format!(
            "its checksum says {} files of {} bytes, and its log {n_files} of {size_bytes}",
            promised.num_files(),
            promised.table_size_bytes()
        )))
    }

    fn logged(&self, file: &ScanFile) -> Result<LoggedFile, Error> {
        let url = self.site.file(&file.path).map_err(|reason| self.defect(reason))?;
        let size_bytes = u64::try_from(file.size)
            .map_err(|_| self.defect(format!("the file '{}' has a size below zero", file.path)))?;
        let n_deleted =
            file.dv_info.cardinality().map_err(self.site.error(Some(self.number())))?.unwrap_or_default();
        let n_rows = file.stats.as_ref().map(|stats| stats.num_records.saturating_sub(n_deleted));
        let place = match &self.site.place {
            Place::Object(object) => {
                let key = object_store::path::Path::from_url_path(url.path())
                    .map_err(|error| self.defect(error.to_string()))?;
                Place::Object(object.at(key.to_string()))
            }
            Place::Local(_) | Place::Pipe => {
                let path = url.to_file_path();
                Place::Local(path.map_err(|()| self.defect(format!("'{url}' is no path of this machine")))?)
            }
        };
        // A file never changes, but what is deleted of it does.
        let version = format!("{}-{}", self.number(), file.modification_time);
        let file = InputFile { uri: place.uri(), size_bytes, version, place, spooled: None };
        Ok(LoggedFile { file, n_rows })
    }
}

/// The columns of a version.
pub(super) fn columns(snapshot: &Snapshot) -> Result<SchemaRef, ArrowError> {
    let schema: Schema = snapshot.schema().as_ref().try_into_arrow()?;
    Ok(plain::schema(&schema))
}

/// The files of a scan.
pub(super) fn collect(
    scan: &delta_kernel::scan::Scan,
    engine: &dyn delta_kernel::Engine,
) -> delta_kernel::KernelResult<Vec<ScanFile>> {
    let mut files = Vec::new();
    for metadata in scan.scan_metadata(engine)? {
        files = metadata?.visit_scan_files(files, |files: &mut Vec<ScanFile>, file| files.push(file))?;
    }
    Ok(files)
}
