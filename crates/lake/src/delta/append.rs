//! Appending to a Delta table, or making one: files that are written already become part of it in one commit.
//!
//! The kernel calls what it writes by unstable; nothing else in this crate uses that.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
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

use super::kernel::Engine;
use super::log::snapshot;
use super::site::Site;
use super::{fit, split, stats, types};
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
    schema: SchemaRef,
    once: Option<Once>,
}

/// How a commit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// The version that has the rows.
    pub version: u64,
    /// Whether it was this commit that added them; otherwise an earlier one of the same [`Once`] had.
    pub is_new: bool,
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
    /// Of the columns that the table is divided by.
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
        let append = Append { lake: lake.clone(), site, folder, schema: types::stored(schema), once };
        match append.latest()? {
            Some(snapshot) => append.check(&snapshot)?,
            None => drop(append.new_schema()?),
        }
        Ok(append)
    }

    /// The folder of the table. Files in it are no part of it before they are committed.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The columns that files have to have.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Rows with the types of those columns.
    pub fn convert(&self, batch: &RecordBatch) -> Result<RecordBatch, Error> {
        types::convert(batch, &self.schema).map_err(|error| Error::content(&self.site.uri(), &error))
    }

    /// The version by which the rows are there already, as far as [`Once`] tells.
    pub fn committed(&self) -> Result<Option<Committed>, Error> {
        let Some(snapshot) = self.latest()? else { return Ok(None) };
        self.earlier(&snapshot, &self.site.engine())
    }

    /// Makes Parquet files of the folder a part of the table, all at once. Whoever commits at the same time comes before or
    /// after it. For a table with partitions, the rows are written once more, a file for each partition of each file.
    pub fn commit(&self, names: &[String]) -> Result<Committed, Error> {
        let engine = self.site.engine();
        let before = self.latest()?;
        let mut divided_by = Vec::new();
        if let Some(snapshot) = &before {
            if let Some(earlier) = self.earlier(snapshot, &engine)? {
                return Ok(earlier);
            }
            self.check(snapshot)?;
            divided_by = partitions(snapshot);
        }
        let parts = match before.filter(|_| !divided_by.is_empty()) {
            Some(snapshot) => self.divided(names, &divided_by, snapshot, &engine)?,
            None => names.iter().map(|name| self.part(name, HashMap::new())).collect::<Result<_, _>>()?,
        };
        for _ in 0..MAX_TRIES {
            let latest = self.latest()?;
            let version = latest.as_ref().map(|snapshot| snapshot.version());
            let tried = match latest {
                None => match self.create(&parts, &engine) {
                    // Another made it between our looking and our making it.
                    Err(_) if self.site.has_commit()? => continue,
                    tried => tried,
                },
                Some(snapshot) => {
                    if let Some(earlier) = self.earlier(&snapshot, &engine)? {
                        return Ok(earlier);
                    }
                    self.check(&snapshot)?;
                    if partitions(&snapshot) != divided_by {
                        let reason = "what it is divided by has just changed".to_owned();
                        return Err(Error::Delta { uri: self.site.uri(), version, reason });
                    }
                    self.append(snapshot, &parts, &engine)
                }
            };
            match tried.map_err(self.site.error(version))? {
                Attempt::Done(version) => return Ok(Committed { version, is_new: true }),
                Attempt::Lost => {}
                Attempt::Unknown(error) => {
                    return self.committed()?.ok_or_else(|| self.site.error(version)(error));
                }
            }
        }
        Err(Error::Busy(self.site.uri()))
    }

    fn latest(&self) -> Result<Option<SnapshotRef>, Error> {
        if self.site.has_commit()? { snapshot(&self.site, None).map(Some) } else { Ok(None) }
    }

    fn earlier(&self, snapshot: &SnapshotRef, engine: &Engine) -> Result<Option<Committed>, Error> {
        let Some(once) = &self.once else { return Ok(None) };
        let version = snapshot.version();
        let last = snapshot.get_app_id_version(&once.application, engine);
        let last = last.map_err(self.site.error(Some(version)))?;
        let is_there = last.is_some_and(|last| last >= once.number);
        Ok(is_there.then_some(Committed { version, is_new: false }))
    }

    /// Whether a table takes the rows.
    fn check(&self, snapshot: &SnapshotRef) -> Result<(), Error> {
        let version = Some(snapshot.version());
        fit::check(snapshot, &self.schema).map_err(|reason| Error::Delta {
            uri: self.site.uri(),
            version,
            reason,
        })
    }

    /// The columns of a new table. They take nulls, so that later rows may have some.
    fn new_schema(&self) -> Result<StructType, Error> {
        let fields = self.schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
        let schema = Schema::new(fields.collect::<Vec<_>>());
        StructType::try_from_arrow(&schema)
            .map_err(|error| Error::schema(&self.site.uri(), error.to_string()))
    }

    /// Files divided by partitions.
    fn divided(
        &self,
        names: &[String],
        by: &[String],
        snapshot: SnapshotRef,
        engine: &Engine,
    ) -> Result<Vec<NewPart>, Error> {
        let version = Some(snapshot.version());
        let begun = self.begin(snapshot, engine).and_then(|transaction| transaction.write_state());
        let writing = begun.map_err(self.site.error(version))?;
        let mut parts = Vec::new();
        for name in names {
            for divided in split::divide(&self.lake, &self.folder, name, by, &writing)? {
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
        let meta = self.site.meta(location)?;
        Ok(NewPart { meta, footer: read_parquet::metadata(file)?, partition })
    }

    fn create(&self, parts: &[NewPart], engine: &Engine) -> KernelResult<Attempt> {
        let schema = self.new_schema().map_err(KernelError::generic_err)?;
        let mut builder = create_table(self.site.root.as_str(), Arc::new(schema), ENGINE, true);
        if let Some(once) = &self.once {
            builder = builder.with_transaction_id(&once.application, once.number);
        }
        let transaction = builder.build(engine, Box::new(FileSystemCommitter::new()))?;
        perform(transaction, parts, engine)
    }

    fn append(&self, latest: SnapshotRef, parts: &[NewPart], engine: &Engine) -> KernelResult<Attempt> {
        perform(self.begin(latest, engine)?, parts, engine)
    }

    fn begin(&self, latest: SnapshotRef, engine: &Engine) -> KernelResult<Transaction> {
        let mut builder = latest.update_table(UpdateTableOperation::Write, ENGINE, true);
        if let Some(once) = &self.once {
            builder = builder.with_transaction_id(&once.application, once.number);
        }
        builder.build(engine, Box::new(FileSystemCommitter::new()))
    }
}

/// What a table is divided by.
fn partitions(snapshot: &SnapshotRef) -> Vec<String> {
    snapshot.table_configuration().logical_partition_columns().to_vec()
}

/// Commits.
fn perform<STATE>(
    mut transaction: Transaction<STATE>,
    parts: &[NewPart],
    engine: &Engine,
) -> KernelResult<Attempt> {
    let writing = transaction.write_state()?;
    for part in parts {
        let builder = writing.write_context_builder();
        let context = if part.partition.is_empty() {
            builder.build()?
        } else {
            builder.with_partition_values(part.partition.clone()).build()?
        };
        let stats = stats::of(&part.footer, context.stats_columns(), context.physical_data_schema())?;
        let file = DataFileMetadata::new(part.meta.clone(), stats);
        transaction.add_files(build_add_file_metadata(file, &context)?);
    }
    Ok(match transaction.commit(engine)? {
        CommitResult::Committed(committed) => Attempt::Done(committed.commit_version()),
        CommitResult::Conflicted(_) => Attempt::Lost,
        CommitResult::Retryable(tried) => Attempt::Unknown(tried.error),
    })
}
