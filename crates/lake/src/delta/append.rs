//! Appending to a Delta table, or making one: files that are written already become part of it in one commit.
//!
//! The kernel calls what it writes by unstable; nothing else in this crate uses that.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array as _, RecordBatch};
use arrow::datatypes::{Schema, SchemaRef};
use delta_kernel::committer::FileSystemCommitter;
use delta_kernel::engine::arrow_conversion::TryFromArrow as _;
use delta_kernel::expressions::Scalar;
use delta_kernel::schema::StructType;
use delta_kernel::transaction::create_table::create_table;
use delta_kernel::transaction::{CommitResult, Transaction, UpdateTableOperation};
use delta_kernel::{FileMeta, KernelError, KernelResult, SnapshotRef};
use delta_kernel_default_engine::build_add_file_metadata;
use delta_kernel_default_engine::parquet::DataFileMetadata;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;

use super::in_files::InFiles;
use super::kernel::Engine;
use super::log::snapshot;
use super::site::Site;
use super::{fit, older, split, stats, types};
use crate::read::parquet as read_parquet;
use crate::storage::files;
use crate::storage::place::Place;
use crate::{Error, Folder, Lake};

/// Who writes, as the history of the table has it.
const ENGINE: &str = concat!("forebay/", env!("CARGO_PKG_VERSION"));

/// How often others may commit between our looking at the table and our own commit.
const MAX_TRIES: u32 = 32;

/// What is committed once, however often it is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// The writer, such as a job.
    pub application: String,
    /// Which of its commits; those of a later number come later.
    pub number: i64,
}

/// Rows to be added to a table.
#[derive(Clone)]
pub struct Append {
    lake: Lake,
    site: Site,
    folder: Folder,
    /// The columns as the table knows them, and as files do.
    schema: SchemaRef,
    in_files: InFiles,
    once: Option<Once>,
    /// What tells the rows from others.
    content: Option<String>,
}

/// How a commit ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The version that has the rows.
    pub version: u64,
    /// Whether it was this commit that added them; otherwise an earlier one of the same [`Once`] had.
    pub is_new: bool,
    /// Files that are no part of the table, for it has their rows in others.
    pub unneeded: Vec<String>,
}

/// Why nothing was committed.
enum Failure {
    /// No version has the rows.
    Certain(Error),
    /// One may have them.
    Unknown(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Certain(error)
    }
}

impl Committed {
    fn new(version: u64, is_new: bool) -> Self {
        Committed { version, is_new, unneeded: Vec::new() }
    }
}

/// How a try ended.
enum Attempt {
    /// The rows are in this version.
    Done(u64),
    /// Another was faster.
    Lost,
    /// The store did not say whether it was done.
    Unknown(KernelError),
}

/// A file that becomes part of the table.
struct NewPart {
    meta: FileMeta,
    footer: ArrowReaderMetadata,
    /// Of the columns that the table is divided by, as files know them.
    partition: HashMap<String, Scalar>,
}

impl Append {
    /// Prepares rows of these columns for the table at `uri`, which need not be there.
    ///
    /// # Errors
    /// The table there does not take them, or no table can be made of them.
    pub fn to(lake: &Lake, uri: &str, schema: &SchemaRef, once: Option<Once>) -> Result<Self, Error> {
        let folder = Folder::at(lake, uri)?;
        let site = Site::at(lake, &Place::parse(lake, uri)?)?;
        let schema = types::stored(schema);
        let in_files = InFiles::of_new(&schema);
        let mut append = Append { lake: lake.clone(), site, folder, schema, in_files, once, content: None };
        match append.latest()? {
            Some(snapshot) => {
                append.schema = fit::without_nulls(&snapshot, &append.schema);
                append.fits(&snapshot)?;
                append.in_files = append.in_files_of(&snapshot)?;
            }
            None => drop(append.new_schema()?),
        }
        Ok(append)
    }

    /// The folder of the table. Files in it are no part of it before they are committed.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The columns that files have to have, by the names that files have for them.
    pub fn schema(&self) -> &SchemaRef {
        &self.in_files.schema
    }

    /// Rows of the table as rows of files: with the names and the types of those columns.
    ///
    /// # Errors
    /// A value is none of its new type, or a null is where the table takes none.
    pub fn convert(&self, batch: &RecordBatch) -> Result<RecordBatch, Error> {
        let strict =
            self.schema.fields().iter().zip(batch.columns()).filter(|(field, _)| !field.is_nullable());
        if let Some((field, _)) = strict.into_iter().find(|(_, column)| column.logical_null_count() > 0) {
            let reason = format!("its column '{}' takes no nulls, and a row has one", field.name());
            return Err(Error::content(&self.site.uri(), &reason));
        }
        let rows = types::convert(batch, &self.schema).and_then(|rows| self.in_files.rename(&rows));
        rows.map_err(|error| Error::content(&self.site.uri(), &error))
    }

    /// The same for rows that this tells from others, such as their hash: where an earlier commit of the same [`Once`] had
    /// other rows, it is an error.
    #[must_use]
    pub fn with_content(self, content: &str) -> Self {
        Append { content: Some(content.to_owned()), ..self }
    }

    /// The version by which the rows are there already, as far as [`Once`] tells.
    pub fn committed(&self) -> Result<Option<Committed>, Error> {
        let Some(snapshot) = self.latest()? else { return Ok(None) };
        self.earlier(&snapshot, &self.site.engine())
    }

    /// Makes Parquet files of the folder a part of the table, all at once. Whoever commits at the same time comes before or
    /// after it. For a table with partitions, the rows are written once more, a file for each partition of each file.
    ///
    /// # Errors
    /// The files are removed then, unless the store did not say whether it was done. With [`Once`] they stay, too: another
    /// try, or another process, may be at them; but not with [`Append::with_content`], where every try has files of its own.
    pub fn commit(&self, names: &[String]) -> Result<Committed, Error> {
        let mut divided = Vec::new();
        let are_own = self.once.is_none() || self.content.is_some();
        match self.try_to_commit(names, &mut divided) {
            Ok(committed) if committed.is_new && !divided.is_empty() => {
                Ok(Committed { unneeded: names.to_vec(), ..committed })
            }
            Ok(committed) if !committed.is_new && are_own => {
                Ok(Committed { unneeded: [names, &divided].concat(), ..committed })
            }
            Ok(committed) => Ok(committed),
            Err(Failure::Certain(error)) if are_own => {
                for name in names.iter().chain(&divided) {
                    // What cannot be removed is found by whoever cleans the table.
                    let _ = self.folder.remove(name);
                }
                Err(error)
            }
            Err(Failure::Certain(error) | Failure::Unknown(error)) => Err(error),
        }
    }

    /// Commits files, those of `names` or the ones into which they are divided, which are told.
    fn try_to_commit(&self, names: &[String], divided: &mut Vec<String>) -> Result<Committed, Failure> {
        let engine = self.site.engine();
        let mut latest = self.latest()?;
        let mut is_divided = false;
        if let Some(snapshot) = &latest {
            if let Some(earlier) = self.earlier(snapshot, &engine)? {
                return Ok(earlier);
            }
            self.check(snapshot)?;
            is_divided = !self.in_files.partitions.is_empty();
        }
        let parts = match latest.clone().filter(|_| is_divided) {
            Some(snapshot) => self.divided(names, (snapshot, &engine), divided)?,
            None => names.iter().map(|name| self.part(name, HashMap::new())).collect::<Result<_, _>>()?,
        };
        for _ in 0..MAX_TRIES {
            let version = latest.as_ref().map(|snapshot| snapshot.version());
            let tried = match latest {
                None => match self.create(&parts, &engine) {
                    // Another made it between our looking and our making it.
                    Err(_) if self.site.has_commit().map_err(Failure::Unknown)? => Ok(Attempt::Lost),
                    tried => tried,
                },
                Some(snapshot) => {
                    if let Some(earlier) = self.earlier(&snapshot, &engine)? {
                        return Ok(earlier);
                    }
                    self.check(&snapshot)?;
                    self.append(snapshot, &parts, &engine)
                }
            };
            match tried.map_err(self.site.error(version))? {
                Attempt::Done(version) => return Ok(Committed::new(version, true)),
                Attempt::Lost => latest = self.latest()?,
                Attempt::Unknown(error) => {
                    let found = self.committed().map_err(Failure::Unknown)?;
                    return found.ok_or_else(|| Failure::Unknown(self.site.error(version)(error)));
                }
            }
        }
        Err(Error::Busy(self.site.uri()).into())
    }

    fn latest(&self) -> Result<Option<SnapshotRef>, Error> {
        if !self.site.has_commit()? {
            return Ok(None);
        }
        let snapshot = snapshot(&self.site, None)?;
        let version = Some(snapshot.version());
        older::with_features_listed(snapshot).map(Some).map_err(self.site.error(version))
    }

    fn earlier(&self, snapshot: &SnapshotRef, engine: &Engine) -> Result<Option<Committed>, Error> {
        let Some(once) = &self.once else { return Ok(None) };
        let version = snapshot.version();
        let is_there = |application: &str| {
            let last = snapshot.get_app_id_version(application, engine);
            let last = last.map_err(self.site.error(Some(version)))?;
            Ok::<_, Error>(last.is_some_and(|last| last >= once.number))
        };
        if !is_there(&once.application)? {
            return Ok(None);
        }
        match self.content_of(once) {
            Some(content) if !is_there(&content)? => {
                let reason = format!("it has other rows of {} already", once.application);
                Err(Error::Delta { uri: self.site.uri(), version: Some(version), reason })
            }
            _ => Ok(Some(Committed::new(version, false))),
        }
    }

    /// By what the log says which rows were committed.
    fn content_of(&self, once: &Once) -> Option<String> {
        self.content.as_ref().map(|content| format!("{}/{content}", once.application))
    }

    /// What the log says of the commit, so that there is no second one.
    fn transactions(&self) -> impl Iterator<Item = (String, i64)> {
        let of = |once: &Once| {
            [Some(once.application.clone()), self.content_of(once)].map(|name| (name, once.number))
        };
        let all = self.once.as_ref().map(of).into_iter().flatten();
        all.filter_map(|(name, number)| Some((name?, number)))
    }

    /// Whether a table takes the rows as they are written.
    fn check(&self, snapshot: &SnapshotRef) -> Result<(), Error> {
        self.fits(snapshot)?;
        if self.in_files_of(snapshot)? == self.in_files {
            return Ok(());
        }
        let reason = "what it is divided by, or what files call its columns, has just changed".to_owned();
        Err(Error::Delta { uri: self.site.uri(), version: Some(snapshot.version()), reason })
    }

    /// Whether a table takes the rows.
    fn fits(&self, snapshot: &SnapshotRef) -> Result<(), Error> {
        let version = Some(snapshot.version());
        fit::check(snapshot, &self.schema).map_err(|reason| Error::Delta {
            uri: self.site.uri(),
            version,
            reason,
        })
    }

    fn in_files_of(&self, snapshot: &SnapshotRef) -> Result<InFiles, Error> {
        let found = InFiles::of(snapshot, &self.schema);
        found.map_err(|error| Error::content(&self.site.uri(), &error))
    }

    /// The columns of a new table. They take nulls, so that later rows may have some.
    fn new_schema(&self) -> Result<StructType, Error> {
        let fields = self.schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
        let schema = Schema::new(fields.collect::<Vec<_>>());
        StructType::try_from_arrow(&schema)
            .map_err(|error| Error::schema(&self.site.uri(), error.to_string()))
    }

    /// Files divided by partitions. Their names are told before they are written.
    fn divided(
        &self,
        names: &[String],
        (snapshot, engine): (SnapshotRef, &Engine),
        told: &mut Vec<String>,
    ) -> Result<Vec<NewPart>, Error> {
        let version = Some(snapshot.version());
        let begun = self.begin(snapshot, engine).and_then(|transaction| transaction.write_state());
        let writing = begun.map_err(self.site.error(version))?;
        let into = split::Into { lake: &self.lake, folder: &self.folder, files: &self.in_files, writing };
        let mut parts = Vec::new();
        for name in names {
            let division = split::Division::plan(&into, name)?;
            told.extend(division.names().iter().cloned());
            for divided in division.perform(&into)? {
                parts.push(self.part(&divided.name, divided.values)?);
            }
        }
        Ok(parts)
    }

    fn part(&self, name: &str, partition: HashMap<String, Scalar>) -> Result<NewPart, Error> {
        let place = self.site.place.join(name);
        let found = files::files(&place)?;
        let [file] = found.as_slice() else { return Err(Error::Nothing(place.uri())) };
        let location = self.site.location(name)?;
        let (meta, footer) = (self.site.meta(location)?, read_parquet::metadata(file)?);
        self.in_files.check(footer.schema()).map_err(|reason| Error::content(&place.uri(), &reason))?;
        Ok(NewPart { meta, footer, partition })
    }

    fn create(&self, parts: &[NewPart], engine: &Engine) -> KernelResult<Attempt> {
        let schema = self.new_schema().map_err(KernelError::generic_err)?;
        let mut builder = create_table(self.site.root.as_str(), Arc::new(schema), ENGINE, true);
        for (application, number) in self.transactions() {
            builder = builder.with_transaction_id(application, number);
        }
        let transaction = builder.build(engine, Box::new(FileSystemCommitter::new()))?;
        commit(with_files(transaction, parts)?, engine)
    }

    fn append(&self, latest: SnapshotRef, parts: &[NewPart], engine: &Engine) -> KernelResult<Attempt> {
        let transaction = with_files(self.begin(latest, engine)?, parts)?;
        // An answer that did not come does not say that nothing was done.
        Ok(commit(transaction, engine).unwrap_or_else(Attempt::Unknown))
    }

    fn begin(&self, latest: SnapshotRef, engine: &Engine) -> KernelResult<Transaction> {
        let mut builder = latest.update_table(UpdateTableOperation::Write, ENGINE, true);
        for (application, number) in self.transactions() {
            builder = builder.with_transaction_id(application, number);
        }
        builder.build(engine, Box::new(FileSystemCommitter::new()))
    }
}

/// Adds files to what is to be committed.
fn with_files<STATE>(
    mut transaction: Transaction<STATE>,
    parts: &[NewPart],
) -> KernelResult<Transaction<STATE>> {
    let writing = transaction.write_state()?;
    for part in parts {
        let builder = writing.write_context_builder();
        let context = if part.partition.is_empty() {
            builder.build()?
        } else {
            builder.with_physical_partition_values(part.partition.clone()).build()?
        };
        let stats = stats::of(&part.footer, context.stats_columns(), context.physical_data_schema())?;
        let file = DataFileMetadata::new(part.meta.clone(), stats);
        transaction.add_files(build_add_file_metadata(file, &context)?);
    }
    Ok(transaction)
}

fn commit<STATE>(transaction: Transaction<STATE>, engine: &Engine) -> KernelResult<Attempt> {
    Ok(match transaction.commit(engine)? {
        CommitResult::Committed(committed) => Attempt::Done(committed.commit_version()),
        CommitResult::Conflicted(_) => Attempt::Lost,
        CommitResult::Retryable(tried) => Attempt::Unknown(tried.error),
    })
}
