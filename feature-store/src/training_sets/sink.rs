//! Where the rows of a training set go: a file, a Delta table, or a stream of Arrow.

use std::io::Write;
use std::process;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use forebay_core::job_id::JobId;
use forebay_lake::{Append, Format, Lake, NewFile, Once, TableWriter, is_delta, unknown_ending};

use super::error::Error;

/// Where a training set is written.
pub enum Output {
    /// A table that others can read.
    Table {
        /// Its address.
        uri: String,
        /// What it becomes.
        format: OutputFormat,
        /// What becomes of a file that is there already.
        existing: Existing,
    },
    /// An Arrow stream. What was sent before an error cannot be taken back; then it has no end.
    Stream(Box<dyn Write + Send>),
}

/// What becomes of a file that is where the output goes. A Delta table gets more rows, whichever it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It is lost.
    Replace,
    /// It stays, and there is no output.
    Keep,
}

/// What kind of table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputFormat {
    /// One file, which appears whole or not at all.
    File(Format),
    /// A Delta table. Rows are added in one commit; the table is made if there is none.
    Delta,
}

impl OutputFormat {
    /// What an address becomes: its ending says so, and what has none of a file is a Delta table.
    pub fn of_path(uri: &str) -> Self {
        Format::of_path(uri).map_or(OutputFormat::Delta, OutputFormat::File)
    }
}

/// What sets an output apart from others.
pub(crate) struct Identity {
    /// Milliseconds since the epoch.
    pub(crate) now_ms: i64,
    /// Whose rows a Delta table gets once.
    pub(crate) job_id: Option<JobId>,
}

/// What became of an output.
#[derive(Default)]
pub(crate) struct Finished {
    /// The version of a Delta table that has the rows.
    pub(crate) version: Option<u64>,
    /// Whether it had them before.
    pub(crate) was_there: bool,
}

/// An output that is being written.
pub(crate) enum Sink {
    File { writer: TableWriter, kept: Option<Kept> },
    Delta { append: Box<Append>, writer: Option<TableWriter>, name: String },
    Stream(StreamWriter<Box<dyn Write + Send>>),
}

/// An address where no file may be replaced.
pub(crate) struct Kept {
    lake: Lake,
    uri: String,
}

impl Output {
    /// A table at an address, of the format that it says.
    pub fn table(uri: &str, existing: Existing) -> Self {
        Output::Table { uri: uri.to_owned(), format: OutputFormat::of_path(uri), existing }
    }

    /// Whether much is kept before it is written.
    pub(crate) fn has_row_groups(&self) -> bool {
        matches!(
            self,
            Output::Table { format: OutputFormat::File(Format::Parquet) | OutputFormat::Delta, .. }
        )
    }

    /// The address of a table.
    pub(crate) fn uri(&self) -> Option<&str> {
        match self {
            Output::Table { uri, .. } => Some(uri),
            Output::Stream(_) => None,
        }
    }
}

impl Sink {
    /// Begins an output. The name of a new file of a Delta table comes from the time and the process.
    pub(crate) fn start(
        lake: &Lake,
        output: Output,
        schema: &SchemaRef,
        identity: &Identity,
    ) -> Result<Self, Error> {
        match output {
            Output::Stream(stream) => {
                Ok(Sink::Stream(StreamWriter::try_new(stream, schema).map_err(stream_error)?))
            }
            Output::Table { uri, format: OutputFormat::File(format), existing } => {
                if is_delta(lake, &uri)? {
                    let reason = "it is a Delta table, whose files are no business of others".to_owned();
                    return Err(Error::Place { uri, reason });
                }
                let kept = Kept::of(lake, &uri, existing)?;
                let file = NewFile::create(lake, &uri)?;
                Ok(Sink::File { writer: TableWriter::start(file, format, schema)?, kept })
            }
            Output::Table { uri, format: OutputFormat::Delta, existing: _ } => {
                if let Some(ending) = unknown_ending(&uri) {
                    let reason = format!(
                        "no format of tables ends in .{ending}; a Delta table is named with a slash: {uri}/"
                    );
                    return Err(Error::Place { uri, reason });
                }
                let application = |id: &JobId| format!("forebay/training-set/{id}");
                let once =
                    identity.job_id.as_ref().map(|id| Once { application: application(id), number: 0 });
                let append = Append::to(lake, &uri, schema, once)?;
                let name = format!("training-set-{}-{}.parquet", identity.now_ms, process::id());
                Ok(Sink::Delta { append: Box::new(append), writer: None, name })
            }
        }
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        match self {
            Sink::File { writer, .. } => Ok(writer.write(batch)?),
            Sink::Delta { append, writer, name } => {
                let rows = append.convert(batch)?;
                Ok(opened(writer, append, name)?.write(&rows)?)
            }
            Sink::Stream(writer) => writer.write(batch).map_err(stream_error),
        }
    }

    /// Completes it. A hash tells its rows from others.
    pub(crate) fn finish(self, rows_hash: &str) -> Result<Finished, Error> {
        match self {
            Sink::File { writer, kept } => {
                // Somebody may have put one there meanwhile.
                kept.map_or(Ok(()), |kept| kept.check())?;
                writer.finish()?;
                Ok(Finished::default())
            }
            Sink::Delta { append, mut writer, name } => {
                opened(&mut writer, &append, &name)?;
                writer.map_or(Ok(0), TableWriter::finish)?;
                commit(&append.with_content(rows_hash), &name)
            }
            Sink::Stream(mut writer) => {
                writer.finish().map_err(stream_error)?;
                writer.get_mut().flush().map_err(Error::Output)?;
                Ok(Finished::default())
            }
        }
    }
}

impl Kept {
    fn of(lake: &Lake, uri: &str, existing: Existing) -> Result<Option<Self>, Error> {
        if existing == Existing::Replace {
            return Ok(None);
        }
        let kept = Kept { lake: lake.clone(), uri: uri.to_owned() };
        kept.check()?;
        Ok(Some(kept))
    }

    fn check(&self) -> Result<(), Error> {
        if NewFile::replaces(&self.lake, &self.uri)? { Err(Error::Taken(self.uri.clone())) } else { Ok(()) }
    }
}

/// Makes a file a part of the table, unless the table has the rows of the job.
fn commit(append: &Append, name: &str) -> Result<Finished, Error> {
    let committed = append.commit(&[name.to_owned()])?;
    for name in &committed.unneeded {
        // What cannot be removed is found by whoever cleans the table.
        let _ = append.folder().remove(name);
    }
    Ok(Finished { version: Some(committed.version), was_there: !committed.is_new })
}

/// The file of a Delta table, begun with its first rows: where there are none to write, because what was expected of a view
/// does not hold, nothing is left behind.
fn opened<'a>(
    writer: &'a mut Option<TableWriter>,
    append: &Append,
    name: &str,
) -> Result<&'a mut TableWriter, Error> {
    let begun = if let Some(begun) = writer.take() {
        begun
    } else {
        let file = append.folder().create(name)?;
        TableWriter::start(file, Format::Parquet, append.schema())?
    };
    Ok(writer.insert(begun))
}

fn stream_error(error: ArrowError) -> Error {
    match error {
        ArrowError::IoError(_, source) => Error::Output(source),
        error => Error::Arrow(error),
    }
}
